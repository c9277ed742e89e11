"""Features of frames in C, and the monitors that test them in turn."""

from __future__ import annotations

from typing import ClassVar

from workbench.firmware.guards.behaviour import behaviour_of
from workbench.firmware.guards.conditioned import ConditionedInC
from workbench.firmware.guards.in_c import Guarded
from workbench.firmware.operators import Call


def room_for_features(guarded: Guarded) -> list[str]:
    """Their declaration."""
    return [f"uint32_t features_{guarded.number}[WB_FEATURES] = {{0}};"]


def features_of(guarded: Guarded, call: Call) -> list[str]:
    """Lines that compute those of the watched signal; none for another."""
    if (call.target.name,) != behaviour_of(guarded).signals:
        return []
    function = f"wb_features{call.target.bits}"
    return [f"{function}({call.y}, {call.count}u, features_{guarded.number});"]


class FeaturesInC(ConditionedInC):
    """A monitor of features with conditions.

    Attributes:
        part: Name of the struct of what it learned, of `runtime/wb_PART.h`.
        tensors: Of flash, in the order of the struct.
        memories: Tensors in RAM, in the order of the arguments of `wb_PART_score`.
    """

    part: ClassVar[str]
    tensors: ClassVar[tuple[str, ...]]
    memories: ClassVar[tuple[str, ...]]

    def parts(self, guarded: Guarded) -> str:
        """With what was learned."""
        body = "\n".join(f"    {guarded.in_flash(tensor)}," for tensor in self.tensors)
        struct = f"static const wb_{self.part} {self._name(guarded)} = {{\n{body}\n}};\n"
        return super().parts(guarded) + struct

    def locals(self, guarded: Guarded) -> list[str]:
        """The features, too."""
        return [*super().locals(guarded), *room_for_features(guarded)]

    def after_operator(self, guarded: Guarded, call: Call) -> list[str]:
        """Of the watched signal."""
        return features_of(guarded, call)

    def score(self, guarded: Guarded) -> str:
        """By its function."""
        held = "".join(
            f"memory.ram_checks + {guarded.ram_offset(tensor)}u, " for tensor in self.memories
        )
        n = guarded.number
        return f"wb_{self.part}_score(&{self._name(guarded)}, {held}class_{n}, features_{n})"

    def _name(self, guarded: Guarded) -> str:
        return f"{guarded.prefix}_{self.part}_{guarded.number}"


class DriftInC(FeaturesInC):
    """The function of `runtime/wb_drift.h`."""

    headers: ClassVar[tuple[str, ...]] = (
        "wb_behaviour.h", "wb_packed.h", "wb_features.h", "wb_log2.h", "wb_drift.h",
    )  # fmt: skip
    part: ClassVar[str] = "drift"
    tensors: ClassVar[tuple[str, ...]] = ("usual", "gain", "test", "log2")
    memories: ClassVar[tuple[str, ...]] = ("sums", "mean")


class QuantInC(FeaturesInC):
    """The function of `runtime/wb_quant.h`."""

    headers: ClassVar[tuple[str, ...]] = (
        "wb_behaviour.h", "wb_packed.h", "wb_features.h", "wb_log2.h", "wb_quant.h",
    )  # fmt: skip
    part: ClassVar[str] = "quant"
    tensors: ClassVar[tuple[str, ...]] = ("feature", "edge", "share", "fade", "log2")
    memories: ClassVar[tuple[str, ...]] = ("average",)
