"""Modes of pruned layers, in C."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from workbench.firmware.guards.in_c import Guarded, InC
from workbench.healing.log import Remedy
from workbench.memory.places import RESERVE
from workbench.memory.watches.modes import ModesWatch


class ModesInC(InC):
    """Functions of `runtime/wb_modes.h`."""

    headers: ClassVar[tuple[str, ...]] = ("wb_modes.h",)
    remedies: ClassVar[Mapping[Remedy, str]] = {Remedy.CORRECT: "wb_modes_correct"}

    def fields(self, guarded: Guarded) -> dict[str, object]:
        """Three copies of a count decide."""
        return {
            "wrong": "wb_modes_wrong",
            "witnesses": "wb_modes_say",
            "boot": "wb_modes_boot",
            "ram_check": f"{guarded.ram_offset('left')}u",
            "parts": f"&{guarded.prefix}_parts_{guarded.number}",
        }

    def parts(self, guarded: Guarded) -> str:
        """Where mode, weights and reserve of each layer lie."""
        watch, name = guarded.watch, f"{guarded.prefix}_parts_{guarded.number}"
        assert isinstance(watch, ModesWatch)
        first = guarded.firmware.layout.sections[RESERVE].start
        rows = []
        for unit, usual in enumerate(watch.usual.tolist()):
            mode, kept, mask, reserve = watch.places_of(unit, "mode", "kept", "mask", "reserve")
            numbers = (
                mode.start, usual, kept.start, kept.size_bytes, mask.start, mask.size_bytes,
                reserve.start - first, reserve.size_bytes,
            )  # fmt: skip
            rows.append(f"    {{{', '.join(f'{number}u' for number in numbers)}}},\n")
        return (
            f"static const wb_layer {name}_layers[{watch.units}] = {{\n{''.join(rows)}}};\n"
            f"static const wb_modes {name} = {{{name}_layers, {watch.hold}u}};\n"
        )

    def after_heal(self, guarded: Guarded) -> list[str]:
        """Once the healer is done, so that a layer stays un-pruned for the frames that were asked for."""
        return [f"wb_modes_end(&memory, {guarded.number}u);"]
