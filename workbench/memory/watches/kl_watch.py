"""Output drift: how far the histogram of the last codes is from that of clean frames, by Kullback-Leibler divergence.

Reference: Kullback and Leibler 1951, https://doi.org/10.1214/aoms/1177729694; fading histograms, Sebastiao, Gama and
Mendonca 2017, https://doi.org/10.1007/s41060-017-0043-4. For frames of each class a histogram of its own:

    bin(code)  = clamp(((code - centre[class, channel]) >> shift[channel]) + 8, 0, 15)
    h          = min(h - (h >> fade) + (count << up), 65535)         each bin of the frame's class
    divergence = sum over bins of h * (lg(h) - lg(sum of h) + usual[class, bin])
    score      = clamp(divergence >> max(bits of the sum - 4, 0), 0, 1023), about 1/256 bit each

and 0 while the sum of h is less than half of what it comes to. lg(n) is 32 times the binary logarithm, by the table
`log2` of its fraction; `usual` is -32 times the logarithm of how often clean codes fall into a bin.
Layout: `histogram` int16 [classes, 16], read as 0 .. 65535; `of_row`, see `conditioned`; `centre` int16 [classes, channels];
`shift` int8 [channels], clamped to 0..15; `usual` int16 [classes, 16], clamped to 0..1023; `window` int8 [2], fade clamped to
0..8 and up to 0..7; `log2` int8 [32].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.integer.program import Program
from workbench.integer.signals import Signal
from workbench.memory.places import Places
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.behaviour import Memory, bit_lengths, stored
from workbench.memory.watches.behaviour_area import MOST_SCORE, BehaviourArea
from workbench.memory.watches.conditioned import (
    MOST_FADE,
    Conditioned,
    ConditionedArea,
    FadingKind,
)
from workbench.memory.watches.frame_features import one_signal
from workbench.memory.watches.histograms import BINS, MOST_SHIFT, learned_histograms
from workbench.memory.watches.logarithms import LOG2, PER_BIT, logarithms

MOST_COUNT = 2**16 - 1
MOST_UP, MOST_USUAL = 7, 1023
_SCORED_BITS = 4


class KlWatch(Conditioned):
    """A histogram for each class."""

    def baselines(self) -> Mapping[str, tuple[int, np.ndarray]]:
        """See the module."""
        channels, classes = self._signal.channels, self.classes
        sizes = (classes * channels, channels, classes * BINS, 2)
        centre, shift, usual, window = np.split(np.array(self.learned), np.cumsum(sizes)[:-1])
        return {
            **super().baselines(),
            "centre": (16, stored(centre.reshape(classes, channels), 16)),
            "shift": (8, stored(shift, 8)),
            "usual": (16, stored(usual.reshape(classes, BINS), 16)),
            "window": (8, stored(window, 8)),
            "log2": (8, stored(LOG2, 8)),
        }

    def memories(self) -> Mapping[str, tuple[int, tuple[int, ...]]]:
        """`histogram`."""
        return {"histogram": (16, (self.classes, BINS))}

    @property
    def _signal(self) -> Signal:
        return self.layout.program.signal(self.signals[0])

    def measures(self, data: np.ndarray, signals: Mapping[str, np.ndarray]) -> np.ndarray:
        """Class, and how many codes fall into each bin, int64 [frames, 1 + BINS]."""
        signal = self._signal
        codes = signals[signal.name].astype(np.int64)
        codes = codes.reshape(-1, signal.rate, signal.channels)  # [frames, rows, channels]
        frames = len(codes)
        centre, shift = (self._read(data, name) for name in ("centre", "shift"))
        group = self.class_of(data, signals, frames)
        beyond = codes - centre[group][:, None] >> np.clip(shift, 0, MOST_SHIFT)
        bins = np.clip(beyond + BINS // 2, 0, BINS - 1).reshape(frames, -1)
        flat = (np.arange(frames)[:, None] * BINS + bins).reshape(-1)
        counts = np.bincount(flat, minlength=frames * BINS).reshape(frames, BINS)
        return np.concatenate([group[:, None], counts], axis=1)

    def scores(self, data: np.ndarray, memory: Memory, measures: np.ndarray) -> np.ndarray:
        """The divergence of each frame's class once the frame is counted."""
        window = self._read(data, "window")
        fade, up = int(np.clip(window[0], 0, MOST_FADE)), int(np.clip(window[1], 0, MOST_UP))
        held = memory["histogram"]
        held &= MOST_COUNT  # [classes, bins]
        group, counts = measures[:, 0], measures[:, 1:] << up
        now = np.empty_like(counts)
        for number, (k, more) in enumerate(zip(group.tolist(), counts, strict=True)):
            row = held[k]
            row += more - (row >> fade)
            np.minimum(row, MOST_COUNT, out=row)
            now[number] = row
        total = now.sum(axis=1)
        table = self._read(data, "log2")
        usual = np.clip(self._read(data, "usual"), 0, MOST_USUAL)[group]
        further = logarithms(now, table) - logarithms(total, table)[:, None] + usual
        divergence = np.maximum((now * further).sum(axis=1), 0)
        codes = self._signal.rate * self._signal.channels
        known = total >= codes << max(up + fade - 1, 0)
        places = np.maximum(bit_lengths(total) - _SCORED_BITS, 0)
        return np.where(known, np.minimum(divergence >> places, MOST_SCORE), 0)

    def shares(
        self, data: np.ndarray, memory: Memory, measures: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Of the frame's class."""
        group = int(measures[0])
        held = memory["histogram"][group].astype(np.float64)
        usual = 2.0 ** (-np.clip(self._read(data, "usual")[group], 0, MOST_USUAL) / PER_BIT)
        return held / max(held.sum(), 1), usual / usual.sum()

    def _read(self, data: np.ndarray, tensor: str) -> np.ndarray:
        return read_tensor(data, self.place(tensor)).astype(np.int64)


@dataclass(frozen=True)
class KlDivergence(FadingKind):
    """Histograms of codes that drift away from those of clean frames."""

    watch: ClassVar = KlWatch
    sees: ClassVar[str] = "how far histograms of output codes drift"

    def learned(
        self,
        program: Program,
        signals: Sequence[str],
        utterances: Iterable[Mapping[str, np.ndarray]],
    ) -> BehaviourArea:
        """Condition, classes, bins and how often clean codes fall into each."""
        signal = one_signal(self.name, signals, program)
        made = learned_histograms(program, signal, utterances, classes=self.most_classes)
        size = signal.rate * signal.channels
        room = (MOST_COUNT // size).bit_length() - 1 - self.fade
        up = min(max(room, 0), MOST_UP)
        share = (made.counts + 0.5) / (made.counts.sum(axis=1, keepdims=True) + BINS / 2)
        usual = np.minimum(np.round(-PER_BIT * np.log2(share)), MOST_USUAL // 2).astype(np.int64)
        numbers = (made.of_row, made.centre, made.shift, usual, [self.fade, up])
        return ConditionedArea(
            self.name,
            signals=tuple(signals),
            baseline=tuple(int(n) for each in numbers for n in np.reshape(each, -1)),
            condition=made.condition,
            classes=len(made.counts),
        )

    def length_of(self, area: ConditionedArea, layout: Places) -> int:
        """Centres, shifts, logarithms and the window."""
        channels = one_signal(self.name, area.signals, layout.program).channels
        return (area.classes + 1) * channels + area.classes * BINS + 2
