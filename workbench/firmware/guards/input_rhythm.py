"""Rhythm of the inputs in C: the rows that a frame asks for, and the score of the runs that they end."""

from __future__ import annotations

from typing import ClassVar

from workbench.firmware.guards.behaviour import BehaviourInC, behaviour_of
from workbench.firmware.guards.in_c import Guarded
from workbench.firmware.operators import address
from workbench.memory.watches.input_codes import rows_of


class RhythmInC(BehaviourInC):
    """Functions of `runtime/wb_rhythm.h`."""

    headers: ClassVar[tuple[str, ...]] = ("wb_behaviour.h", "wb_log2.h", "wb_rhythm.h")

    def parts(self, guarded: Guarded) -> str:
        """With what was learned."""
        rows, name = _rows(guarded), _part(guarded)
        tensors = "\n".join(
            f"    {guarded.in_flash(tensor)}," for tensor in ("usual", "range", "log2")
        )
        return (
            f"{super().parts(guarded)}"
            f"static const uint16_t {name}_rows[] = {{{', '.join(map(str, rows))}}};\n"
            f"static const wb_rhythm {name} = {{\n{tensors}\n    {name}_rows, {len(rows)}u,\n}};\n"
        )

    def locals(self, guarded: Guarded) -> list[str]:
        """The rows of the frame."""
        return [f"int32_t asked_{guarded.number}[{len(_rows(guarded))}];"]

    def before_frame(self, guarded: Guarded) -> list[str]:
        """The rows."""
        program = guarded.firmware.program
        names = behaviour_of(guarded).signals
        return [
            f"asked_{guarded.number}[{at}] = "
            f"wb_clamp(*({address(guarded.firmware, program.signal(name))}), -1, {rows});"
            for at, (name, rows) in enumerate(zip(names, _rows(guarded), strict=True))
        ]

    def score(self, guarded: Guarded) -> str:
        """Of the runs that have ended."""
        held = f"memory.ram_checks + {guarded.ram_offset('held')}u"
        return f"wb_rhythm_score(&{_part(guarded)}, asked_{guarded.number},\n    {held})"


def _rows(guarded: Guarded) -> list[int]:
    return [rows_of(guarded.firmware.program, name) for name in behaviour_of(guarded).signals]


def _part(guarded: Guarded) -> str:
    return f"{guarded.prefix}_rhythm_{guarded.number}"
