"""Pages of flash, in C."""

from __future__ import annotations

from typing import ClassVar

from workbench.firmware.guards.in_c import Guarded, InC
from workbench.firmware.operators import constant
from workbench.memory.places import CHECK, RESERVE
from workbench.memory.watches.flash import FlashWatch


class FlashInC(InC):
    """Functions of `runtime/wb_flash.h`."""

    headers: ClassVar[tuple[str, ...]] = ("wb_flash.h",)

    def fields(self, guarded: Guarded) -> dict[str, object]:
        """It reports, and is asked after no alarm."""
        return {
            "wrong": "wb_flash_wrong",
            "witnesses": "wb_flash_says",
            "flash": "1u",
            "parts": f"&{guarded.prefix}_parts_{guarded.number}",
        }

    def parts(self, guarded: Guarded) -> str:
        """Where flash lies."""
        watch, name, layout = guarded.watch, guarded.prefix, guarded.firmware.layout
        assert isinstance(watch, FlashWatch)
        stored = layout.place(watch.label, "sum").start - layout.sections[CHECK].start
        return constant(
            "wb_flash_parts",
            f"{name}_parts_{guarded.number}",
            {
                "golden": f"(const wb_byte *)&{name}_golden",
                "golden_bytes": f"{layout.working_bytes}u",
                "golden_units": f"{watch.golden_units}u",
                "checks": f"(const wb_byte *)&{name}_check",
                "checks_bytes": f"{stored}u",
                "reserve_unit": f"{watch.reserve_unit}u",
                **_reserve(guarded),
                "sums": f"(const wb_byte *){guarded.in_flash('sum')}",
            },
        )


def _reserve(guarded: Guarded) -> dict[str, object]:
    """Where weights of un-pruned layers lie; nothing without any."""
    if not guarded.firmware.reserves():
        return {}
    size = guarded.firmware.layout.sections[RESERVE].size_bytes
    return {"reserve": f"(const wb_byte *)&{guarded.prefix}_reserve", "reserve_bytes": f"{size}u"}
