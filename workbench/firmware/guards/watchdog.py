"""A watchdog network in C: watched signals are looked through once they are computed, the network runs after the frame."""

from __future__ import annotations

from typing import ClassVar

from workbench.firmware.guards.behaviour import BehaviourInC, behaviour_of
from workbench.firmware.guards.in_c import Guarded
from workbench.firmware.operators import Call
from workbench.memory.watches.watchdog import WatchdogWatch


class WatchdogInC(BehaviourInC):
    """Functions of `runtime/wb_watchdog.h`."""

    headers: ClassVar[tuple[str, ...]] = ("wb_behaviour.h", "wb_watchdog.h")

    def score(self, guarded: Guarded) -> str:
        """What the network makes of the features."""
        watch = behaviour_of(guarded)
        assert isinstance(watch, WatchdogWatch)
        w1, b1, w2, b2, shifts = (
            guarded.in_flash(tensor) for tensor in ("w1", "b1", "w2", "b2", "shifts")
        )
        features = 2 * len(watch.signals)
        return (
            f"wb_watchdog(seen_{guarded.number}, {features}u, {watch.hidden_units}u,\n"
            f"    (const volatile int8_t *){w1}, {b1},\n"
            f"    {w2}, {b2}, {shifts})"
        )

    def locals(self, guarded: Guarded) -> list[str]:
        """The features, which all are written in every frame."""
        return [f"wb_byte seen_{guarded.number}[{2 * len(behaviour_of(guarded).signals)}];"]

    def after_operator(self, guarded: Guarded, call: Call) -> list[str]:
        """Of a watched signal."""
        signals = behaviour_of(guarded).signals
        if call.target.name not in signals:
            return []
        number, target = signals.index(call.target.name), call.target
        low, high, shift = (
            guarded.in_flash(tensor) for tensor in (f"low_{number}", f"high_{number}", "shift")
        )
        return [
            f"wb_beyond{target.bits}({call.y}, {target.rate}u, {target.channels}u, {low}, {high},",
            f"    ((const volatile int8_t *){shift})[{number}], &seen_{guarded.number}[{2 * number}]);",
        ]
