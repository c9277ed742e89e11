"""Golden inputs, in C: a recorded frame is computed again, with the working copy or the golden copy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from workbench.firmware.guards.in_c import Guarded, InC
from workbench.firmware.operators import address, calls, scratch_locals
from workbench.firmware.scratch import frame_bytes
from workbench.healing.log import Remedy


class SelfTestInC(InC):
    """A function of its own; it does not know where, so that all is restored."""

    headers: ClassVar[tuple[str, ...]] = ("wb_crc.h",)
    remedies: ClassVar[Mapping[Remedy, str]] = {Remedy.RESTORE: "wb_restore_all"}

    def fields(self, guarded: Guarded) -> dict[str, object]:
        """The golden copy is a witness where it is read, pages where they can be one."""
        fields: dict[str, object] = {
            "wrong": f"{guarded.prefix}_self_test",
            "same": "wb_all_same",
            "unit_bytes": f"{guarded.watch.stop}u",
        }
        if guarded.guard.golden_is_witness:
            fields["witnesses"] = "wb_all_say" if guarded.pages_prove else "wb_golden_says"
        return fields

    def functions(self, guarded: Guarded) -> str:
        """A golden moment, computed with the working copy or the golden copy."""
        firmware, watch = guarded.firmware, guarded.watch
        name, program = firmware.prefix, firmware.program
        label = firmware.operators.of(watch.label)
        output = program.signal(program.output)
        places = firmware.histories()
        lines = [
            f"{name}_instance *const model = memory->model;",
            "/* Volatile: a compiler must not compute with what it believes to lie in flash. */",
            f"const {name}_parameters *volatile const parameters_at =",
            f"    golden ? &{name}_golden : &{firmware.read_at};",
            f"const {name}_parameters *const parameters = parameters_at;",
            f"const {name}_checks *volatile const kept_at = &{name}_check;",
            f"const {name}_checks *const kept = kept_at;",
            *([f"{name}_state *const state = &model->self_test;"] if places else []),
            *scratch_locals(firmware),
            "uint32_t sum = 0;",
            "(void)area;",
        ]
        if any(guard.area.kind.switches for guard in firmware.strategy.guards):
            lines.append("if (!golden && wb_modes_unusual(memory)) {\n        return 0;\n    }")
        for number, place in enumerate(places):
            past = f"state->{firmware.member(place)}"
            lines.append(
                f"wb_copy({past}, (const char *)kept->history_{number}_{label} + unit * sizeof {past}, sizeof {past});"
            )
        for number, given in enumerate(program.inputs):
            signal = program.signal(given)
            lines.append(
                f"wb_copy({address(firmware, signal)}, (const char *)kept->input_{number}_{label} + "
                f"unit * {frame_bytes(signal)}u, {frame_bytes(signal)});"
            )
        for operator in program.operators:
            lines += calls(firmware, operator)
        outcome = [(address(firmware, output), str(frame_bytes(output)))]
        for place in places:
            past = f"state->{firmware.member(place)}"
            outcome.append((past, f"sizeof {past}"))
        lines += [
            f"sum = wb_crc32_on(sum, (const wb_byte *)({what}), {size}, 1);"
            for what, size in outcome
        ]
        lines.append(f"return sum != (uint32_t)kept->sum_{label}[unit];")
        body = "\n".join(f"    {line}" for line in lines)
        return (
            f"WB_COLD static int {name}_self_test(const wb_memory *memory, const wb_area *area, uint32_t unit,\n"
            f"                                    int golden)\n{{\n{body}\n}}\n"
        )
