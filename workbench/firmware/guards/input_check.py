"""The check of inputs in C: the inputs of a frame become numbers before it is computed, and are scored after it."""

from __future__ import annotations

from typing import ClassVar

from workbench.firmware.guards.behaviour import BehaviourInC, behaviour_of, judge_part, row_asked
from workbench.firmware.guards.in_c import Guarded
from workbench.firmware.operators import address
from workbench.memory.watches.input_check import InputWatch
from workbench.memory.watches.input_codes import SOUND_LEVELS, rows_of


class InputsInC(BehaviourInC):
    """Functions of `runtime/wb_inputs.h`."""

    headers: ClassVar[tuple[str, ...]] = ("wb_behaviour.h", "wb_inputs.h")

    def parts(self, guarded: Guarded) -> str:
        """With what was seen."""
        watch = behaviour_of(guarded)
        assert isinstance(watch, InputWatch)
        own = judge_part(guarded, "inputs", ("pairs", "steps", "longest"), "levels", watch.levels)
        return super().parts(guarded) + own

    def locals(self, guarded: Guarded) -> list[str]:
        """The numbers of the frame."""
        watch = behaviour_of(guarded)
        assert isinstance(watch, InputWatch)
        return [f"int32_t given_{guarded.number}[{len(watch.levels)}];"]

    def score(self, guarded: Guarded) -> str:
        """By what was seen."""
        past, same = (guarded.ram_offset(name) for name in ("past", "same"))
        return (
            f"wb_inputs_score(&{guarded.prefix}_inputs_{guarded.number}, given_{guarded.number},\n"
            f"    memory.ram_checks + {past}u, memory.ram_checks + {same}u)"
        )

    def before_frame(self, guarded: Guarded) -> list[str]:
        """The numbers."""
        program, at, lines = guarded.firmware.program, 0, []
        for name in behaviour_of(guarded).signals:
            signal = program.signal(name)
            given = f"given_{guarded.number}"
            if rows_of(program, name):
                lines.append(f"{given}[{at}] = {row_asked(guarded, name)};")
                at += 1
            else:
                codes = address(guarded.firmware, signal)
                count = signal.rate * signal.channels
                lines.append(
                    f"wb_sound_numbers({codes}, {signal.bits}u, {count}u, &{given}[{at}]);"
                )
                at += len(SOUND_LEVELS)
        return lines
