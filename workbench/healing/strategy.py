"""Healing strategies as data: what is watched, what is done about damage, and how eagerly.

A strategy is the same for the simulation and for the firmware; what it stores is part of the memory
image that it makes, and is hit by faults like all the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

from workbench.errors import WorkbenchError, expect
from workbench.healing.conflicts import refuse_conflicts
from workbench.healing.log import Remedy
from workbench.healing.policy import MOST_FRAMES, Policy
from workbench.healing.suitable import refuse_unsuitable
from workbench.integer.program import Program
from workbench.memory.codes.ecc import InPlace
from workbench.memory.codes.in_place import in_place_program
from workbench.memory.image import Image
from workbench.memory.layout import Layout
from workbench.memory.watches.areas import (
    ABFT,
    CODES,
    GOLDEN,
    RADAR,
    RAM,
    SELF_TEST,
    TRIPLE,
    Area,
    whole,
)

RESIGNING = (Remedy.ZERO, Remedy.INTERPOLATE, Remedy.CLIP)
# What may stand on a ladder.
RUNGS = (
    Remedy.CORRECT,
    Remedy.RESTORE,
    *RESIGNING,
    Remedy.RELOCATE,
    Remedy.REBOOT,
    Remedy.REPEAT,
)
_MOST_UNITS = 4096  # looked at in one frame; a slip of the finger would run for ever
_MOST_PERIOD = 2**31 - 1
_MOST_SPARES = 16
_MOST_GUARDS = 255  # the log has a byte for it


@dataclass(frozen=True)
class Guard:
    """One area, looked after.

    area: what is watched. per_frame: units looked at at a time, 1 to 4096; ABFT looks at all
    of its operators while they are computed. ladder: remedies in the order in which they are tried
    until one helps; none only observes. REBOOT
    takes all of the golden copy but units that their check refutes. every_frames: it looks after every so many frames. stride:
    the order, from unit n to unit n + stride; it has no factor in common with the number of units.
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
        name, area = self.area.code, self.area
        if not 1 <= self.per_frame <= _MOST_UNITS:
            raise WorkbenchError(
                f"{name} cannot look at {self.per_frame} units a frame; choose at least 1 and at "
                f"most {_MOST_UNITS}"
            )
        if not (1 <= self.every_frames <= MOST_FRAMES and 1 <= self.stride <= MOST_FRAMES):
            raise WorkbenchError(
                f"{name} cannot look after every {self.every_frames} frames or go on by "
                f"{self.stride} units; choose 1 to {MOST_FRAMES} of each"
            )
        if name == SELF_TEST and self.per_frame > area.moments:
            raise WorkbenchError(
                f"a self-test of {area.moments} moments cannot look at {self.per_frame} at a time; "
                "give the area more moments"
            )
        if name == ABFT and (self.every_frames > 1 or self.stride > 1):
            raise WorkbenchError("abft looks at all sums of all frames; leave out every_frames and stride")  # fmt: skip
        wrong = [rung for rung in self.ladder if rung not in RUNGS]
        if wrong or len(set(self.ladder)) < len(self.ladder):
            name_of = getattr(wrong[0], "name", repr(wrong[0])) if wrong else ""
            what = f"{name_of}, which is no rung" if wrong else "a rung twice"
            raise WorkbenchError(
                f"the ladder of {name} has {what}; choose from Remedy's "
                f"{', '.join(rung.name for rung in RUNGS)}"
            )
        signs_anew = [rung for rung in self.ladder if rung in RESIGNING]
        if signs_anew and (area.keep != RAM or name not in CODES or not _stores(name)):
            raise WorkbenchError(
                f"{name} cannot {signs_anew[0].name}: what it leaves has to be signed anew, so the "
                'checks must lie in RAM; write keep="ram" with a code that stores checks'
            )
        if name == RADAR and set(signs_anew) - {Remedy.ZERO}:
            raise WorkbenchError(
                "the groups of radar are interleaved and have no neighbours; choose ZERO or RESTORE"
            )
        if Remedy.CORRECT in self.ladder and not corrects(name):
            able = [each for each in (*CODES, TRIPLE) if corrects(each)]
            raise WorkbenchError(
                f"{name} cannot CORRECT anything; choose a code that does: {', '.join(able)}"
            )
        if name == ABFT and set(self.ladder) - {Remedy.RESTORE, Remedy.REPEAT}:
            raise WorkbenchError("abft can RESTORE its operator and REPEAT it, nothing else")
        if name != ABFT and Remedy.REPEAT in self.ladder:
            raise WorkbenchError(f"{name} looks at memory after a frame; only abft can REPEAT")
        if name == TRIPLE and self.ladder not in ((), (Remedy.CORRECT,)):
            raise WorkbenchError("triple copies can CORRECT, by majority, and nothing else")
        if name == SELF_TEST and set(self.ladder) - {Remedy.RESTORE, Remedy.REBOOT}:
            raise WorkbenchError("a self-test does not know where; it can RESTORE all, or REBOOT")
        if name == GOLDEN and set(self.ladder) - {Remedy.RESTORE, Remedy.RELOCATE, Remedy.REBOOT}:
            raise WorkbenchError(
                "a comparison with the golden copy can RESTORE, RELOCATE or REBOOT"
            )
        if Remedy.RELOCATE in self.ladder and (name == RADAR or name not in (*CODES, GOLDEN)):
            raise WorkbenchError(f"{name} does not watch pages, and only pages can RELOCATE")

    @property
    def reads_golden(self) -> bool:
        """Whether a remedy takes the golden copy for the truth; then it is evidence, too."""
        return bool({Remedy.RESTORE, Remedy.RELOCATE, Remedy.REBOOT} & set(self.ladder))


@dataclass(frozen=True)
class Strategy:
    """What a device does for its own memory.

    name: for tables. guards: in the order in which they work. policy: of all. source: where the
    idea was published, or "". spare_pages: of RAM, that RELOCATE uses up, 0 to 16.
    """

    name: str
    guards: tuple[Guard, ...] = ()
    policy: Policy = field(default_factory=Policy)
    source: str = ""
    spare_pages: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.guards, Guard):
            raise WorkbenchError("guards is a single guard; write a tuple, (Guard(...),)")
        self._check_types()
        object.__setattr__(self, "guards", tuple(self.guards))
        whole(self, "spare_pages")
        self._check_spares()
        if self._period > _MOST_PERIOD:
            raise WorkbenchError(
                f"every_frames and refill_frames have no common multiple up to {_MOST_PERIOD:,} frames, so "
                "that the schedule would break where the count of frames wraps; choose numbers with common "
                "factors"
            )
        codes = [guard.area.code for guard in self.guards]
        if codes.count(ABFT) > 1 or codes.count(SELF_TEST) > 1:
            raise WorkbenchError(
                "one guard of abft, or of self-test, sees it all; leave out the other"
            )
        if self.policy.validate and SELF_TEST not in codes:
            raise WorkbenchError(
                'a remedy is validated by golden inputs; add a guard of Area("self-test")'
            )
        if len(self.guards) > _MOST_GUARDS:
            raise WorkbenchError(
                f"{len(self.guards)} guards are more than a log can tell apart; use at most {_MOST_GUARDS}"
            )
        for writer in filter(_writes, self.guards):
            for other in self.guards:
                shared = set(writer.area.sections) & set(other.area.sections)
                if shared and other is not writer and not _bears(other, writer):
                    raise WorkbenchError(
                        f"{writer.area.code} would leave bytes in {' '.join(sorted(shared))} that "
                        f"{other.area.code} takes for damage, again and again; give each its own sections"
                    )
        if self.policy != Policy() and codes == [ABFT]:
            raise WorkbenchError(
                "checksum rows act within the frame and know no policy; leave it out, or add a guard that "
                "looks after the frames"
            )

    def _check_types(self) -> None:
        expect(self.guards, (tuple, list), "guards of a strategy", "a tuple of guards")
        for guard in self.guards:
            expect(
                guard, Guard, "one of the guards of a strategy", 'a Guard, as Guard(Area("crc32"))'
            )
        expect(self.policy, Policy, "the policy of a strategy", "a Policy, as Policy()")
        for what, text in (("name", self.name), ("source", self.source)):
            expect(text, str, f"the {what} of a strategy", "text")
            if not (text.isprintable() and (text.strip() or what == "source")):
                raise WorkbenchError(
                    f"the {what} of a strategy is {text!r:.60}; write a line of plain text"
                )

    def _check_spares(self) -> None:
        moves = any(Remedy.RELOCATE in guard.ladder for guard in self.guards)
        if not 0 <= self.spare_pages <= _MOST_SPARES or moves != (self.spare_pages > 0):
            raise WorkbenchError(
                f"{self.spare_pages} spare pages do not go with these ladders; RELOCATE needs 1 to "
                f"{_MOST_SPARES}, and nothing else needs any"
            )
        if not moves:
            return
        sizes = {guard.area.unit_bytes for guard in self.guards}
        sections = [section for guard in self.guards for section in guard.area.sections]
        pageless = (ABFT, TRIPLE, RADAR, SELF_TEST)
        odd = [g.area.code for g in self.guards if g.area.code in pageless]
        if len(sizes) > 1 or len(set(sections)) < len(sections) or odd:
            raise WorkbenchError(
                "where pages move, all guards need pages of one size and sections of their own"
                + (f"; {odd[0]} does not watch pages" if odd else "")
            )
        if any({Remedy.INTERPOLATE, Remedy.CLIP} & set(guard.ladder) for guard in self.guards):
            raise WorkbenchError(
                "where pages move, bytes have no neighbours to INTERPOLATE or CLIP with; choose ZERO"
            )

    @property
    def areas(self) -> tuple[Area, ...]:
        """What is watched."""
        return tuple(guard.area for guard in self.guards)

    @property
    def heals(self) -> bool:
        """Whether anything is watched at all."""
        return bool(self.guards)

    @cached_property
    def frame_modulus(self) -> int:
        """What frames are counted modulo: the largest multiple of all periods below 2^32.

        So that at the wrap, after more than a year, every period goes on as before.
        """
        period = self._period
        return (2**32 - 1) // period * period

    @property
    def _period(self) -> int:
        frames = [guard.every_frames for guard in self.guards]
        return math.lcm(*frames, self.policy.refill_frames if self.policy.heals else 1)

    def layout(self, program: Program) -> Layout:
        """Where everything lies in its image; takes no time, unlike some images.

        Raises WorkbenchError for units larger than what they divide, remedies that cannot work on this
        program's weights, and guards that undo each other's repairs.
        """
        cure = "a Program, as `program` of a voice or of lower(...)"
        expect(program, Program, "what a strategy is to protect", cure)
        layout = Layout(program, areas=self.areas, spare_pages=self.spare_pages)
        for guard, watch in zip(self.guards, layout.watches, strict=False):
            refuse_unsuitable(guard, watch)
        refuse_conflicts(self.guards, layout.watches)
        return layout

    def image(self, program: Program) -> Image:
        """The clean memory image of a device that runs `program` under this strategy.

        A code that lies in the weights themselves moves them to the nearest code words. Raises
        WorkbenchError as `layout`, and where no near weights are code words.
        """
        self.layout(program)
        for area in self.areas:
            if isinstance(CODES.get(area.code), InPlace):
                program = in_place_program(program, area.code)
        return Image.of(program, areas=self.areas, spare_pages=self.spare_pages)


def corrects(code: str) -> bool:
    """Whether a code can put damage right by itself."""
    return code == TRIPLE or (code in CODES and CODES[code].corrects)


def _stores(code: str) -> bool:
    return CODES[code].check_bytes(8) > 0


def _writes(guard: Guard) -> bool:
    """Whether it leaves bytes that were never trained, which another check would not know."""
    return bool(set(guard.ladder) & set(RESIGNING))


def _bears(guard: Guard, writer: Guard) -> bool:
    """Whether a guard puts up with such bytes: golden inputs that only tell, or restore as the last."""
    return guard.area.code == SELF_TEST and (not guard.ladder or writer.reads_golden)
