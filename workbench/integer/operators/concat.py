"""Concatenation of channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.integer.operators.operator import OnSums, Operator
from workbench.integer.signals import Signal


@dataclass(frozen=True, eq=False, repr=False)
class Concat(Operator):
    """Channels of all sources side by side; all have one exponent and one width."""

    SOURCES = None

    def check(self, sources: tuple[Signal, ...], target: Signal) -> None:
        """One scale and rate; the channels add up."""
        self.need_codes(sources, target)
        self.need_one(sources, "exponent", "bits", "rate")
        first = sources[0]
        self.need(
            first.bits == target.bits and first.exponent == target.exponent,
            "keeps width and exponent",
        )
        self.need(
            sum(source.channels for source in sources) == target.channels
            and first.rate == target.rate,
            "must write the sum of its sources' channels",
        )

    def step(
        self, sources: Sequence[np.ndarray], state: dict[str, np.ndarray], on_sums: OnSums
    ) -> np.ndarray:
        """Join."""
        return np.concatenate(sources, axis=2)
