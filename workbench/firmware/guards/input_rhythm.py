"""Rhythm of the inputs in C: the rows that a frame asks for, and the score of the runs that they end."""

from __future__ import annotations

from typing import ClassVar

from workbench.firmware.guards.behaviour import BehaviourInC, behaviour_of, judge_part, row_asked
from workbench.firmware.guards.in_c import Guarded
from workbench.memory.watches.input_codes import rows_of


class RhythmInC(BehaviourInC):
    """Functions of `runtime/wb_rhythm.h`."""

    headers: ClassVar[tuple[str, ...]] = ("wb_behaviour.h", "wb_log2.h", "wb_rhythm.h")

    def parts(self, guarded: Guarded) -> str:
        """With what was learned."""
        own = judge_part(guarded, "rhythm", ("usual", "range", "log2"), "rows", _rows(guarded))
        return super().parts(guarded) + own

    def locals(self, guarded: Guarded) -> list[str]:
        """The rows of the frame."""
        return [f"int32_t asked_{guarded.number}[{len(_rows(guarded))}];"]

    def before_frame(self, guarded: Guarded) -> list[str]:
        """The rows."""
        return [
            f"asked_{guarded.number}[{at}] = {row_asked(guarded, name)};"
            for at, name in enumerate(behaviour_of(guarded).signals)
        ]

    def score(self, guarded: Guarded) -> str:
        """Of the runs that have ended."""
        held = f"memory.ram_checks + {guarded.ram_offset('held')}u"
        part = f"{guarded.prefix}_rhythm_{guarded.number}"
        return f"wb_rhythm_score(&{part}, asked_{guarded.number},\n    {held})"


def _rows(guarded: Guarded) -> list[int]:
    return [rows_of(guarded.firmware.program, name) for name in behaviour_of(guarded).signals]
