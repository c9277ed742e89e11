"""Sanity of the sound, in C: the watched signal is looked through once it is computed."""

from __future__ import annotations

from typing import ClassVar

from workbench.firmware.guards.behaviour import BehaviourInC
from workbench.firmware.guards.frame_features import features_of, room_for_features
from workbench.firmware.guards.in_c import Guarded
from workbench.firmware.operators import Call


class SanityInC(BehaviourInC):
    """The function of `runtime/wb_sanity.h`."""

    headers: ClassVar[tuple[str, ...]] = (
        "wb_behaviour.h", "wb_packed.h", "wb_features.h", "wb_sanity.h",
    )  # fmt: skip

    def score(self, guarded: Guarded) -> str:
        """Bits of the largest excess."""
        high, shift = (guarded.in_flash(tensor) for tensor in ("high", "shift"))
        return f"wb_bit_length(wb_insane(features_{guarded.number}, {high}, {shift}))"

    def locals(self, guarded: Guarded) -> list[str]:
        """The features."""
        return room_for_features(guarded)

    def after_operator(self, guarded: Guarded, call: Call) -> list[str]:
        """Of the watched signal."""
        return features_of(guarded, call)
