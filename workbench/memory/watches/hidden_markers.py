"""Markers of hidden activations: how far the codes of watched signals leave the range that clean frames have.

Reference: Geissler et al. 2023, https://arxiv.org/abs/2310.20349, whose markers are quantiles in two layers; here the range
of each channel at all convolutions, and a cumulative sum, which spares the thresholds of one.

    excess(frame) = max over signals of (max over codes of (lowest - code, code - highest, 0)) >> shift[signal]
    score(frame)  = bits that the excess has

Layout: `low_n` and `high_n` of signal n, as wide as its codes [channels]; `shift` int8 [signals], clamped to 0..15.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.memory.places import Places
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.areas import Area
from workbench.memory.watches.behaviour import (
    Behaviour,
    BehaviourArea,
    BehaviourKind,
    stored,
)

MOST_SHIFT = 15


class MarkersWatch(Behaviour):
    """A range for each channel of each watched signal."""

    def baselines(self) -> Mapping[str, tuple[int, np.ndarray]]:
        """`low_n`, `high_n` and `shift`."""
        found, at = {}, 0
        for number, name in enumerate(self.signals):
            signal = self.layout.program.signal(name)
            for which in ("low", "high"):
                values = self._learned.baseline[at : at + signal.channels]
                found[f"{which}_{number}"] = signal.bits, stored(values, signal.bits)
                at += signal.channels
        found["shift"] = 8, stored(self._learned.baseline[at:], 8)
        return found

    def scores(self, data: np.ndarray, signals: Mapping[str, np.ndarray]) -> np.ndarray:
        """Bits of the largest excess, 0 where no code leaves its range."""
        shift = np.clip(read_tensor(data, self.place("shift")), 0, MOST_SHIFT).tolist()
        largest: np.ndarray | int = 0
        for number, name in enumerate(self.signals):
            signal = self.layout.program.signal(name)
            codes = signals[name].reshape(
                -1, signal.rate, signal.channels
            )  # [frames, rows, channels]
            low, high = (
                read_tensor(data, self.place(f"{which}_{number}")).astype(np.int32)
                for which in ("low", "high")
            )
            beyond = np.maximum(low - codes.min(axis=1), codes.max(axis=1) - high)
            largest = np.maximum(largest, np.maximum(beyond.max(axis=1), 0) >> shift[number])
        return bit_lengths(np.asarray(largest, np.int64))


def bit_lengths(values: np.ndarray) -> np.ndarray:
    """Bits of numbers from 0 to 2^31 - 1, int64, as many; 0 has none."""
    return np.frexp(values.astype(np.float64))[1].astype(np.int64)


@dataclass(frozen=True)
class HiddenMarkers(BehaviourKind):
    """Codes outside of the range that clean frames have."""

    watch: ClassVar = MarkersWatch
    sees: ClassVar[str] = "how far hidden codes leave their range"

    def learned_length(self, area: BehaviourArea, layout: Places) -> int:
        """Two numbers a channel and one a signal."""
        channels = (layout.program.signal(name).channels for name in area.signals)
        return sum(2 * each + 1 for each in channels)

    def text(self, area: Area) -> str:
        """With how many signals it watches."""
        assert isinstance(area, BehaviourArea)
        return f"{self.name} of {len(area.signals)} signals"
