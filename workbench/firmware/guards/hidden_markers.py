"""Markers of hidden activations, in C: each watched signal is compared with its ranges once it is computed."""

from __future__ import annotations

from typing import ClassVar

from workbench.firmware.guards.behaviour import BehaviourInC, behaviour_of
from workbench.firmware.guards.in_c import Guarded
from workbench.firmware.operators import Call


class MarkersInC(BehaviourInC):
    """Functions of `runtime/wb_markers.h`."""

    headers: ClassVar[tuple[str, ...]] = ("wb_behaviour.h", "wb_packed.h", "wb_markers.h")

    def score(self, guarded: Guarded) -> str:
        """Bits of the largest excess."""
        return f"wb_bit_length(excess_{guarded.number})"

    def locals(self, guarded: Guarded) -> list[str]:
        """The largest excess so far."""
        return [f"uint32_t excess_{guarded.number} = 0;"]

    def after_operator(self, guarded: Guarded, call: Call) -> list[str]:
        """Of a watched signal."""
        signals = behaviour_of(guarded).signals
        if call.target.name not in signals:
            return []
        number, target = signals.index(call.target.name), call.target
        low, high, shift = (
            guarded.in_flash(tensor) for tensor in (f"low_{number}", f"high_{number}", "shift")
        )
        excess = f"excess_{guarded.number}"
        return [
            f"{excess} = wb_excess{target.bits}({call.y}, {target.rate}u, {target.channels}u,",
            f"    {low}, {high},",
            f"    ((const volatile int8_t *){shift})[{number}], {excess});",
        ]
