"""Monitors with conditions in C: the class of a frame, from the input that the step was given."""

from __future__ import annotations

from workbench.firmware.guards.behaviour import BehaviourInC, behaviour_of
from workbench.firmware.guards.in_c import Guarded
from workbench.memory.watches.conditioned import Conditioned


class ConditionedInC(BehaviourInC):
    """The function `wb_class` of `runtime/wb_behaviour.h`."""

    def locals(self, guarded: Guarded) -> list[str]:
        """The class of the frame."""
        return [f"const uint32_t class_{guarded.number} = {self._class_of(guarded)};"]

    def _class_of(self, guarded: Guarded) -> str:
        watch = behaviour_of(guarded)
        assert isinstance(watch, Conditioned)
        if not watch.condition:
            return "0u"
        given = f"in_{guarded.firmware.inputs.of(watch.condition)}[0]"
        return f"wb_class({guarded.in_flash('of_row')}, {watch.rows}u, {given}, {watch.classes}u)"
