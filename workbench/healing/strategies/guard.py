"""A guard as data: an area that is looked after, how often, and what is done about damage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.errors import WorkbenchError, expect
from workbench.healing.log import FIRST_OWN, Remedy, in_words, own_remedy
from workbench.healing.remedies import REMEDIES, Action
from workbench.healing.strategies.policy import MOST_FRAMES
from workbench.memory.watches.areas import Area, kinds_that, whole

_MOST_UNITS = 4096  # looked at in one frame; a slip of the finger would run for ever
_OWN = "own remedies"  # in the state of a pickled guard


@dataclass(frozen=True)
class Guard:
    """One area, looked after.

    Args:
        area: What is watched.
        per_frame: Units that are checked at a time, 1 to 4096, or 0 for only when a monitor of behaviour raises an alarm;
            monitors see all of their units in every frame.
        ladder: Remedies in the order in which they are tried until one helps; () only observes. REBOOT takes all of
            the golden copy but units that their check refutes.
        every_frames: It checks after every so many frames.
        stride: The order, from unit n to unit n + stride; it has no factor in common with the number of units.
    """

    area: Area
    per_frame: int = 1
    ladder: tuple[Remedy, ...] = (Remedy.RESTORE,)
    every_frames: int = 1
    stride: int = 1

    def __post_init__(self) -> None:
        if isinstance(self.ladder, Remedy):
            raise WorkbenchError(f"ladder is a single remedy; write (Remedy.{self.ladder.name},)")
        expect(self.area, Area, "the area of a guard", 'an Area, as Area("crc32")')
        cure = "a tuple of remedies, as (Remedy.RESTORE,)"
        expect(self.ladder, (tuple, list), "the ladder of a guard", cure)
        object.__setattr__(self, "ladder", tuple(self.ladder))
        whole(self, "per_frame", "every_frames", "stride")
        self._check_schedule()
        self._check_rungs()
        self._check_ladder()

    def __getstate__(self) -> dict[str, Any]:
        """With remedies of one's own, as `Area` takes its kinds along: workers know only those that ship."""
        own = [
            (rung.value, rung.name, in_words(rung), REMEDIES[rung])
            for rung in self.ladder
            if rung.value >= FIRST_OWN
        ]
        return {**self.__dict__, "ladder": [rung.value for rung in self.ladder], _OWN: own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for *remedy, action in state.pop(_OWN):
            REMEDIES[own_remedy(*remedy)] = action
        self.__dict__.update(state, ladder=tuple(map(Remedy, state["ladder"])))

    def _check_schedule(self) -> None:
        name = self.area.code
        if not (0 if not self.area.kind.stream else 1) <= self.per_frame <= _MOST_UNITS:
            raise WorkbenchError(
                f"{name} cannot check {self.per_frame} units a frame; choose at least 1 and at "
                f"most {_MOST_UNITS}"
            )
        if not (1 <= self.every_frames <= MOST_FRAMES and 1 <= self.stride <= MOST_FRAMES):
            raise WorkbenchError(
                f"{name} cannot check every {self.every_frames} frames or go on by "
                f"{self.stride} units; choose 1 to {MOST_FRAMES} of each"
            )
        self.area.kind.check_schedule(
            self.area,
            per_frame=self.per_frame,
            every_frames=self.every_frames,
            stride=self.stride,
        )

    def _check_rungs(self) -> None:
        wrong = [
            rung for rung in self.ladder if not isinstance(rung, Remedy) or rung not in REMEDIES
        ]
        if wrong or len(set(self.ladder)) < len(self.ladder):
            name_of = getattr(wrong[0], "name", repr(wrong[0])) if wrong else ""
            what = f"{name_of}, which is no rung" if wrong else "a rung twice"
            raise WorkbenchError(
                f"the ladder of {self.area.code} has {what}; choose from Remedy's "
                f"{', '.join(rung.name for rung in REMEDIES)}"
            )

    def _check_ladder(self) -> None:
        """By what is true of the kind and of each remedy."""
        name, kind, ladder = self.area.code, self.area.kind, self.ladder
        signs_anew = [rung for rung in ladder if REMEDIES[rung].rewrites]
        if signs_anew and not kind.stores(self.area):
            raise WorkbenchError(
                f"{name} cannot {signs_anew[0].name}: what it leaves has to be signed anew, so the "
                'checks must lie in RAM; write keep="ram" with a code that stores checks'
            )
        if kind.interleaved and any(action.neighbours for action in self.actions):
            raise WorkbenchError(
                f"the groups of {name} are interleaved and have no neighbours; choose ZERO or RESTORE"
            )
        if not kind.corrects and any(action.corrects for action in self.actions):
            able = ", ".join(kinds_that(lambda each: each.corrects))
            raise WorkbenchError(f"{name} cannot CORRECT anything; choose a code that does: {able}")
        if any(action.apply is None for action in self.actions) and not kind.repeats:
            able = ", ".join(kinds_that(lambda each: each.repeats))
            raise WorkbenchError(
                f"{name} checks memory after a frame; only {able} can REPEAT"
                if not kind.stream
                else f"{name} sees a frame when it is final; only {able} can REPEAT"
            )
        if any(action.recalibrates for action in self.actions) and not kind.corrects_inputs:
            able = ", ".join(kinds_that(lambda each: each.corrects_inputs))
            raise WorkbenchError(f"{name} corrects no inputs; only {able} can RECALIBRATE")
        if any(action.unprunes for action in self.actions) and not (kind.divided or kind.asks):
            raise WorkbenchError(
                f"{name} cannot UNPRUNE; only guards of pages or groups and monitors of behaviour can"
            )
        if kind.remedies is not None and {rung.name for rung in ladder} - set(kind.remedies):
            raise WorkbenchError(kind.ladder_rule)
        if not kind.movable and any(action.moves for action in self.actions):
            raise WorkbenchError(f"{name} does not watch pages, and only pages can RELOCATE")

    @property
    def actions(self) -> tuple[Action, ...]:
        """What is true of its rungs."""
        return tuple(REMEDIES[rung] for rung in self.ladder)

    @property
    def scans(self) -> bool:
        """Whether it looks at memory after frames, asked or not."""
        return self.per_frame > 0 and not self.area.kind.stream

    @property
    def reads_golden(self) -> bool:
        """Whether a remedy takes the golden copy for the truth; then it is evidence, too."""
        return any(action.reads_golden for action in self.actions)

    @property
    def rewrites(self) -> bool:
        """Whether it leaves bytes that were never trained, which another check would not know."""
        return any(action.rewrites for action in self.actions)

    @property
    def golden_is_witness(self) -> bool:
        """Whether the golden copy is evidence for it."""
        return self.area.kind.golden_is_witness(read=self.reads_golden)

    def tolerates_rewrites(self, writer: Guard) -> bool:
        """Whether it accepts bytes that a remedy of another guard has rewritten."""
        return self.area.kind.tolerates_rewrites(
            observes=not self.ladder, restorable=writer.reads_golden
        )
