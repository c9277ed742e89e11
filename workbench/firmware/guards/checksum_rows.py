"""Checksum rows, in C: the convolutions that they watch compare their sums as these arise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from workbench.firmware.guards.in_c import Guarded, InC
from workbench.firmware.operators import Call, shape_name
from workbench.healing.log import Remedy
from workbench.memory.watches.checksum_rows import ChecksumWatch


class SumsInC(InC):
    """Functions of `runtime/wb_abft.h`."""

    headers: ClassVar[tuple[str, ...]] = ("wb_abft.h",)
    remedies: ClassVar[Mapping[Remedy, str]] = {Remedy.RESTORE: "wb_abft_restore"}

    def fields(self, guarded: Guarded) -> dict[str, object]:
        """The golden copy is a witness always, pages where they can be one."""
        return {
            "wrong": "wb_abft_wrong",
            "same": "wb_abft_same",
            "witnesses": "wb_abft_says" if guarded.pages_prove else "wb_golden_says",
            "parts": f"{guarded.prefix}_parts_{guarded.number}" if guarded.watch.units else "NULL",
        }

    def parts(self, guarded: Guarded) -> str:
        """A convolution each."""
        firmware, watch = guarded.firmware, _watch(guarded)
        if not watch.units:
            return ""
        lines = []
        for unit, conv in enumerate(watch.operators):
            weight, bias = (firmware.layout.place(conv.name, t) for t in ("weight", "bias"))
            lines.append(
                f"    {{&{shape_name(firmware, conv.name)},\n"
                f"     {{{guarded.in_flash(f'rows_{unit}')},\n"
                f"      {guarded.in_flash(f'total_{unit}')}}},\n"
                f"     {weight.start}u, {weight.size_bytes}u, {bias.start}u}},"
            )
        return (
            f"static const wb_abft_part {guarded.prefix}_parts_{guarded.number}[{watch.units}] = {{\n"
            + "\n".join(lines)
            + "\n};\n"
        )

    def operator(self, guarded: Guarded, call: Call, arguments: str) -> list[str]:
        """Compute it once more where an alarm asks for that."""
        names = [conv.name for conv in _watch(guarded).operators]
        if call.operator.name not in names:
            return []
        number, unit = guarded.number, names.index(call.operator.name)
        check = f"&{guarded.prefix}_parts_{number}[{unit}].check"
        return [
            f"if (wb_conv_checked({arguments}, {check}) &&",
            f"    wb_alarm(&memory, {number}u, {unit}u)) {{",
            f"    wb_conv_again({arguments}, {check});",
            "}",
        ]


def _watch(guarded: Guarded) -> ChecksumWatch:
    assert isinstance(guarded.watch, ChecksumWatch)
    return guarded.watch
