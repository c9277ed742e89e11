"""Healing strategies as data: what is watched, what is done about damage, and how eagerly.

A strategy is the same for the simulation and for the firmware; what it stores is part of the memory
image that it makes, and is hit by faults like all the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from workbench.errors import WorkbenchError, expect
from workbench.healing.safety_voice import SafetyVoice
from workbench.healing.strategies.conflicts import refuse_conflicts
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.policy import Policy
from workbench.healing.strategies.suitable import refuse_unsuitable
from workbench.healing.strategies.versioned import refuse_count, refuse_unproved
from workbench.integer.program import Program
from workbench.memory.image import Image
from workbench.memory.layout import Layout
from workbench.memory.watches.areas import Area, whole

__all__ = ["Guard", "Policy", "Strategy"]

_MOST_PERIOD = 2**31 - 1
_MOST_SPARES = 16
_MOST_GUARDS = 255  # the log has a byte for it


@dataclass(frozen=True)
class Strategy:
    """What a device does for its own memory.

    Args:
        name: For tables.
        guards: In the order in which they work.
        policy: Of all.
        source: Where the idea was published, or "".
        spare_pages: Of RAM, that RELOCATE uses up, 0 to 16.
        versions: Of the parameters in flash, 1 to 3; those that wait are what FALL_BACK takes.
        safety: A second voice, which speaks where healing fails; None for none.
    """

    name: str
    guards: tuple[Guard, ...] = ()
    policy: Policy = field(default_factory=Policy)
    source: str = ""
    spare_pages: int = 0
    versions: int = 1
    safety: SafetyVoice | None = field(default=None, repr=False)  # no part of the image

    def __post_init__(self) -> None:
        if isinstance(self.guards, Guard):
            raise WorkbenchError("guards is a single guard; write a tuple, (Guard(...),)")
        self._check_types()
        object.__setattr__(self, "guards", tuple(self.guards))
        whole(self, "spare_pages", "versions")
        self._check_spares()
        refuse_count(self.versions, self.guards)
        if self._period > _MOST_PERIOD:
            raise WorkbenchError(
                f"every_frames and refill_frames have no common multiple up to {_MOST_PERIOD:,} frames, so "
                "that the schedule would break where the count of frames wraps; choose numbers with common "
                "factors"
            )
        codes = [guard.area.code for guard in self.guards if guard.area.kind.single]
        for code in codes:
            if codes.count(code) > 1:
                raise WorkbenchError(f"one guard of {code} sees it all; leave out the other")
        if self.policy.validate and self.validator is None:
            raise WorkbenchError(
                'a remedy is validated by golden inputs; add a guard of Area("self-test")'
            )
        if len(self.guards) > _MOST_GUARDS:
            raise WorkbenchError(
                f"{len(self.guards)} guards are more than a log can tell apart; use at most {_MOST_GUARDS}"
            )
        for writer in (guard for guard in self.guards if guard.rewrites):
            for other in self.guards:
                shared = set(writer.area.sections) & set(other.area.sections)
                if shared and other is not writer and not other.tolerates_rewrites(writer):
                    raise WorkbenchError(
                        f"{writer.area.code} would leave bytes in {' '.join(sorted(shared))} that "
                        f"{other.area.code} then reports as corrupted; give each its own sections"
                    )
        self._check_asked()
        self._check_modes()
        if self.policy != Policy() and self.guards and all(g.area.kind.stream for g in self.guards):
            raise WorkbenchError(
                "monitors act within the frame and know no policy; leave it out, or add a guard that "
                "checks memory after frames"
            )

    def _check_asked(self) -> None:
        asks = any(guard.area.kind.asks for guard in self.guards)
        for guard in self.guards:
            if guard.per_frame == 0 and not asks:
                raise WorkbenchError(
                    f"{guard.area.code} cannot check 0 units a frame where no monitor of behaviour asks for more; choose "
                    "at least 1, or add such a monitor"
                )

    def _check_modes(self) -> None:
        unprunes = any(action.unprunes for guard in self.guards for action in guard.actions)
        if unprunes != any(guard.area.kind.switches for guard in self.guards):
            raise WorkbenchError(
                'UNPRUNE and a guard of modes need each other; have both, as guard("pq", repair=["restore", "unprune"]) and '
                'guard("modes", repair="correct")'
            )

    def _check_types(self) -> None:
        expect(self.guards, (tuple, list), "guards of a strategy", "a tuple of guards")
        for guard in self.guards:
            expect(
                guard, Guard, "one of the guards of a strategy", 'a Guard, as Guard(Area("crc32"))'
            )
        expect(self.safety, (SafetyVoice, type(None)), "the safety voice", "a SafetyVoice, or None")
        expect(self.policy, Policy, "the policy of a strategy", "a Policy, as Policy()")
        for what, text in (("name", self.name), ("source", self.source)):
            expect(text, str, f"the {what} of a strategy", "text")
            if not (text.isprintable() and (text.strip() or what == "source")):
                raise WorkbenchError(
                    f"the {what} of a strategy is {text!r:.60}; write a line of plain text"
                )

    def _check_spares(self) -> None:
        actions = [action for guard in self.guards for action in guard.actions]
        moves = any(action.moves for action in actions)
        if not 0 <= self.spare_pages <= _MOST_SPARES or moves != (self.spare_pages > 0):
            raise WorkbenchError(
                f"{self.spare_pages} spare pages do not go with these ladders; RELOCATE needs 1 to "
                f"{_MOST_SPARES}, and nothing else needs any"
            )
        if not moves:
            return
        others = [g for g in self.guards if g.area.kind.flash or g.area.kind.switches]
        guards = [guard for guard in self.guards if guard not in others]
        sizes = {guard.area.unit_bytes for guard in guards}
        sections = [section for guard in guards for section in guard.area.sections]
        odd = [guard.area.code for guard in guards if not guard.area.kind.movable]
        if len(sizes) > 1 or len(set(sections)) < len(sections) or odd:
            raise WorkbenchError(
                "where pages move, all guards need pages of one size and sections of their own"
                + (f"; {odd[0]} does not watch pages" if odd else "")
            )
        if any(action.neighbours for action in actions):
            raise WorkbenchError(
                "where pages move, bytes have no neighbours to INTERPOLATE or CLIP with; choose ZERO"
            )

    @property
    def areas(self) -> tuple[Area, ...]:
        """What is watched."""
        return tuple(guard.area for guard in self.guards)

    @property
    def scans(self) -> bool:
        """Whether some guard looks after the frames; monitors act within them."""
        return any(guard.scans for guard in self.guards)

    @property
    def validator(self) -> int | None:
        """Number of the guard whose frames validate the remedies of others."""
        numbers = (n for n, guard in enumerate(self.guards) if guard.area.kind.validates)
        return next(numbers, None)

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
        """Where everything lies in the image of a device; takes no time, unlike some images.

        Args:
            program: Of the device.

        Raises:
            WorkbenchError: Units larger than what they divide, remedies that cannot work on this program's weights, or
                guards that undo each other's repairs.
        """
        cure = "a Program, as `program` of a voice or of lower(...)"
        expect(program, Program, "what a strategy is to protect", cure)
        layout = Layout(
            program, areas=self.areas, spare_pages=self.spare_pages, versions=self.versions
        )
        for guard, watch in zip(self.guards, layout.watches, strict=False):
            refuse_unsuitable(guard, watch)
        refuse_conflicts(self.guards, layout.watches)
        if self.versions > 1:
            refuse_unproved(self.guards, layout.watches)
        return layout

    def image(self, program: Program) -> Image:
        """The clean memory image of a device that runs a program under this strategy.

        A code that lies in the weights themselves moves them to the nearest code words.

        Args:
            program: Of the device.

        Raises:
            WorkbenchError: As of `layout`, and where no near weights are code words.
        """
        self.layout(program)
        if program.content_hash not in self._images:
            made = program
            for area in self.areas:
                made = area.kind.prepared(made)
            image = Image.of(
                made, areas=self.areas, spare_pages=self.spare_pages, versions=self.versions
            )
            self._images.clear()
            self._images[program.content_hash] = image
        return self._images[program.content_hash]

    @cached_property
    def _images(self) -> dict[str, Image]:
        """The last image by the hash of its program: code words take seconds to be found."""
        return {}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_images"}
