"""The voice of an input in C: codes of the front end are kept as they are computed, and scored when the frame is final."""

from __future__ import annotations

from typing import ClassVar

from workbench.firmware.guards.behaviour import BehaviourInC, behaviour_of
from workbench.firmware.guards.in_c import Guarded
from workbench.firmware.operators import Call
from workbench.integer.signals import Signal


class VoiceInC(BehaviourInC):
    """Functions of `runtime/wb_speaker.h`."""

    headers: ClassVar[tuple[str, ...]] = ("wb_behaviour.h", "wb_speaker.h")

    def parts(self, guarded: Guarded) -> str:
        """With what was learned, and the shape of the signal."""
        signal = _signal(guarded)
        tensors = "\n".join(
            f"    {guarded.in_flash(tensor)}," for tensor in ("usual", "range", "gate")
        )
        return (
            f"{super().parts(guarded)}static const wb_speaker {_part(guarded)} = {{\n{tensors}\n"
            f"    {signal.bits}u, {signal.rate * signal.channels}u,\n}};\n"
        )

    def locals(self, guarded: Guarded) -> list[str]:
        """The codes."""
        signal = _signal(guarded)
        return [f"int8_t heard_{guarded.number}[{signal.rate * signal.channels}];"]

    def after_operator(self, guarded: Guarded, call: Call) -> list[str]:
        """Of the watched signal."""
        if call.target != _signal(guarded):
            return []
        return [f"wb_speaker_hear(&{_part(guarded)}, {call.y}, heard_{guarded.number});"]

    def score(self, guarded: Guarded) -> str:
        """By the codes."""
        mean = f"memory.ram_checks + {guarded.ram_offset('mean')}u"
        return f"wb_speaker_score(&{_part(guarded)}, heard_{guarded.number},\n    {mean})"


def _part(guarded: Guarded) -> str:
    return f"{guarded.prefix}_speaker_{guarded.number}"


def _signal(guarded: Guarded) -> Signal:
    (name,) = behaviour_of(guarded).signals
    return guarded.firmware.program.signal(name)
