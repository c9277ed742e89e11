"""The gain of an input in C: codes are measured and corrected once they have come in, before all else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from workbench.firmware.guards.behaviour import BehaviourInC, behaviour_of
from workbench.firmware.guards.in_c import Guarded
from workbench.firmware.operators import address
from workbench.healing.log import Remedy


class GainInC(BehaviourInC):
    """Functions of `runtime/wb_gain.h`."""

    headers: ClassVar[tuple[str, ...]] = ("wb_behaviour.h", "wb_log2.h", "wb_gain.h")
    remedies: ClassVar[Mapping[Remedy, str]] = {Remedy.RECALIBRATE: "wb_recalibrate"}

    def own_part(self, guarded: Guarded) -> str:
        """What was learned, and the shape of the input."""
        return f"&{_part(guarded)}"

    def parts(self, guarded: Guarded) -> str:
        """With what was learned."""
        (name,) = behaviour_of(guarded).signals
        signal = guarded.firmware.program.signal(name)
        tensors = "\n".join(f"    {guarded.in_flash(tensor)}," for tensor in ("usual", "log2"))
        return (
            f"static const wb_gain {_part(guarded)} = {{\n{tensors}\n"
            f"    {signal.bits}u, {signal.rate * signal.channels}u,\n}};\n{super().parts(guarded)}"
        )

    def locals(self, guarded: Guarded) -> list[str]:
        """Its loudness."""
        return [f"uint32_t loudness_{guarded.number};"]

    def before_frame(self, guarded: Guarded) -> list[str]:
        """Measure it, then correct it."""
        firmware = guarded.firmware
        (name,) = behaviour_of(guarded).signals
        codes = address(firmware, firmware.program.signal(name))
        return [
            f"loudness_{guarded.number} = wb_gain_correct(&{_part(guarded)},\n"
            f"        memory.ram_checks + {guarded.ram_offset('held')}u, {codes});"
        ]

    def score(self, guarded: Guarded) -> str:
        """By the loudness."""
        return (
            f"wb_gain_score(&{_part(guarded)},\n    memory.ram_checks + {guarded.ram_offset('held')}u, "
            f"loudness_{guarded.number})"
        )


def _part(guarded: Guarded) -> str:
    return f"{guarded.prefix}_gain_{guarded.number}"
