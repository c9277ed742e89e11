"""Output drift in C: codes are counted once they are computed, and the divergence follows when the frame is final."""

from __future__ import annotations

from typing import ClassVar

from workbench.firmware.guards.behaviour import behaviour_of
from workbench.firmware.guards.conditioned import ConditionedInC
from workbench.firmware.guards.in_c import Guarded
from workbench.firmware.operators import Call


class KlInC(ConditionedInC):
    """Functions of `runtime/wb_kl.h`."""

    headers: ClassVar[tuple[str, ...]] = ("wb_behaviour.h", "wb_log2.h", "wb_kl.h")

    def parts(self, guarded: Guarded) -> str:
        """With what was learned, and the shape of the signal."""
        (name,) = behaviour_of(guarded).signals
        signal = guarded.firmware.program.signal(name)
        tensors = ("centre", "shift", "usual", "window", "log2")
        lines = [f"    {guarded.in_flash(tensor)}," for tensor in tensors]
        lines += [f"    {signal.rate}u,", f"    {signal.channels}u,"]
        body = "\n".join(lines)
        return super().parts(guarded) + f"static const wb_kl {_part(guarded)} = {{\n{body}\n}};\n"

    def locals(self, guarded: Guarded) -> list[str]:
        """Counts of the bins."""
        return [*super().locals(guarded), f"uint32_t counts_{guarded.number}[WB_KL_BINS] = {{0}};"]

    def after_operator(self, guarded: Guarded, call: Call) -> list[str]:
        """Of the watched signal."""
        if (call.target.name,) != behaviour_of(guarded).signals:
            return []
        n = guarded.number
        return [
            f"wb_kl_count{call.target.bits}(&{_part(guarded)}, {call.y}, class_{n}, counts_{n});"
        ]

    def score(self, guarded: Guarded) -> str:
        """The divergence."""
        n, histograms = guarded.number, guarded.ram_offset("histogram")
        return f"wb_kl_score(&{_part(guarded)}, memory.ram_checks + {histograms}u, class_{n}, counts_{n})"


def _part(guarded: Guarded) -> str:
    return f"{guarded.prefix}_kl_{guarded.number}"
