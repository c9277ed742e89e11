"""Triple copies, in C."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from workbench.firmware.guards.in_c import Guarded, InC
from workbench.firmware.operators import constant
from workbench.healing.log import Remedy
from workbench.memory.watches.triple import TripleWatch


class TripleInC(InC):
    """Functions of `runtime/wb_triple.h`."""

    headers: ClassVar[tuple[str, ...]] = ("wb_triple.h",)
    remedies: ClassVar[Mapping[Remedy, str]] = {Remedy.CORRECT: "wb_triple_correct"}

    def fields(self, guarded: Guarded) -> dict[str, object]:
        """The majority decides."""
        fields: dict[str, object] = {
            "wrong": "wb_triple_wrong",
            "witnesses": "wb_triple_says",
            "boot": "wb_triple_boot",
            "ram_check": f"{guarded.ram_offset('copies')}u",
            "parts": f"&{guarded.prefix}_parts_{guarded.number}",
        }
        return fields | ({"mend_check": "wb_triple_mend"} if guarded.guard.ladder else {})

    def parts(self, guarded: Guarded) -> str:
        """Where the addresses lie."""
        watch = guarded.watch
        assert isinstance(watch, TripleWatch)
        return constant(
            "wb_triple",
            f"{guarded.prefix}_parts_{guarded.number}",
            {
                "where": f"(const volatile uint32_t *){guarded.in_flash('where')}",
                "sums": f"(const volatile uint32_t *){guarded.in_flash('sums')}",
                "count": f"{len(watch.chosen)}u",
            },
        )
