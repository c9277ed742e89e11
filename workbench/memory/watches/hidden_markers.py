"""Markers of hidden activations: how far the codes of watched signals leave the range that clean frames have.

Reference: Geissler et al. 2023, https://arxiv.org/abs/2310.20349, whose markers are quantiles in two layers; here the range
of each channel at all convolutions, and a cumulative sum, which spares the thresholds of one.

    excess(frame) = max over signals of min(max over codes of (lowest - code, code - highest, 0), most) >> shift[signal]
    score(frame)  = bits that the excess has; most: the largest code of the signal, 127 or 32767

Layout: `low_n` and `high_n` of signal n, as wide as its codes [channels]; `shift` int8 [signals], clamped to 0..15.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.integer.operators import Conv
from workbench.integer.program import Program
from workbench.integer.signals import code_range
from workbench.memory.places import Places
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.areas import Area
from workbench.memory.watches.behaviour import Behaviour, BehaviourKind, bit_lengths, stored
from workbench.memory.watches.behaviour_area import BehaviourArea

MOST_SHIFT = 15
_SHOWN_BITS = 8  # of a signal's range that an excess is counted in


class MarkersWatch(Behaviour):
    """A range for each channel of each watched signal."""

    def baselines(self) -> Mapping[str, tuple[int, np.ndarray]]:
        """`low_n`, `high_n` and `shift`."""
        return ranges_in(self.layout.program, self.signals, self._learned.baseline)

    def measures(self, data: np.ndarray, signals: Mapping[str, np.ndarray]) -> np.ndarray:
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
            excess = np.clip(beyond.max(axis=1), 0, code_range(signal.bits)[1])
            largest = np.maximum(largest, excess >> shift[number])
        return bit_lengths(np.asarray(largest, np.int64))


def ranges_in(
    program: Program, signals: Sequence[str], baseline: Sequence[int]
) -> dict[str, tuple[int, np.ndarray]]:
    """Tensors of the ranges that `HiddenMarkers.learn` gave: (bits of an element, values) by name."""
    found, at = {}, 0
    for number, name in enumerate(signals):
        signal = program.signal(name)
        for which in ("low", "high"):
            values = baseline[at : at + signal.channels]
            found[f"{which}_{number}"] = signal.bits, stored(values, signal.bits)
            at += signal.channels
    found["shift"] = 8, stored(baseline[at:], 8)
    return found


@dataclass(frozen=True)
class HiddenMarkers(BehaviourKind):
    """Codes outside of the range that clean frames have."""

    watch: ClassVar = MarkersWatch
    sees: ClassVar[str] = "how far hidden codes leave their range"

    usual_drift: ClassVar[int] = 2

    def usual_signals(self, program: Program) -> tuple[str, ...]:
        """All outputs of convolutions."""
        return tuple(each.target for each in program.operators if isinstance(each, Conv))

    def learn(
        self,
        program: Program,
        signals: Sequence[str],
        utterances: Iterable[Mapping[str, np.ndarray]],
    ) -> tuple[int, ...]:
        """Lowest and highest codes of each channel; shifts that make signals of any width alike."""
        ranges: dict[str, np.ndarray] = {}  # int64 [2, channels] by name: lowest, highest
        for codes in utterances:
            for name in signals:
                seen = np.stack([codes[name].min(axis=0), codes[name].max(axis=0)]).astype(np.int64)
                low, high = ranges.get(name, seen)
                ranges[name] = np.stack([np.minimum(low, seen[0]), np.maximum(high, seen[1])])
        width = {name: int((ranges[name][1] - ranges[name][0]).max()) for name in signals}
        shift = [
            min(max(width[name].bit_length() - _SHOWN_BITS, 0), MOST_SHIFT) for name in signals
        ]
        return (*(int(code) for name in signals for code in ranges[name].reshape(-1)), *shift)

    def learned_length(self, area: BehaviourArea, layout: Places) -> int:
        """Two numbers a channel and one a signal."""
        channels = (layout.program.signal(name).channels for name in area.signals)
        return sum(2 * each + 1 for each in channels)

    def text(self, area: Area) -> str:
        """With how many signals it watches."""
        assert isinstance(area, BehaviourArea)
        return f"{self.name} of {len(area.signals)} signals"
