"""Sanity of the sound, in C: the watched signal is looked through once it is computed."""

from __future__ import annotations

from typing import ClassVar

from workbench.firmware.guards.behaviour import BehaviourInC, behaviour_of
from workbench.firmware.guards.in_c import Guarded
from workbench.firmware.operators import Call


class SanityInC(BehaviourInC):
    """The function of `runtime/wb_sanity.h`."""

    headers: ClassVar[tuple[str, ...]] = ("wb_behaviour.h", "wb_sanity.h")

    def score(self, guarded: Guarded) -> str:
        """Bits of the largest excess."""
        return f"wb_bit_length(insane_{guarded.number})"

    def locals(self, guarded: Guarded) -> list[str]:
        """The largest excess."""
        return [f"uint32_t insane_{guarded.number} = 0;"]

    def after_operator(self, guarded: Guarded, call: Call) -> list[str]:
        """Of the watched signal."""
        if (call.target.name,) != behaviour_of(guarded).signals:
            return []
        high, shift = (guarded.in_flash(tensor) for tensor in ("high", "shift"))
        return [
            f"insane_{guarded.number} = wb_insane({call.y}, {call.target.bits}u, {call.count}u,",
            f"    {high}, {shift});",
        ]
