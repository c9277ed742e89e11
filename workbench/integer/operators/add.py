"""Saturating addition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.integer.operators.operator import OnSums, Operator
from workbench.integer.signals import Signal


@dataclass(frozen=True, eq=False, repr=False)
class Add(Operator):
    """Saturating addition of two signals of equal exponent: clamp(a + b, low, high)."""

    low: int
    high: int

    SOURCES = 2

    def check(self, sources: tuple[Signal, ...], target: Signal) -> None:
        """All three have one scale and one shape."""
        self.need_codes(sources, target)
        self.need_one(sources, "exponent", "channels", "rate")
        self.need(sources[0].exponent == target.exponent, "keeps the exponent of its sources")
        self.need_same_shape(sources[0], target)
        self.need_clamp((self.low, self.high), target)

    def step(
        self, sources: Sequence[np.ndarray], state: dict[str, np.ndarray], on_sums: OnSums
    ) -> np.ndarray:
        """Add and clamp."""
        return np.clip(sources[0] + sources[1], self.low, self.high)
