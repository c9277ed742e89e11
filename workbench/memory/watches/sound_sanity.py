"""Sanity of the sound: clicks, DC, clipping, noise and loudness of each frame, against the most that clean frames have.

    peak       largest size of a code                  step      largest difference of two neighbours
    dc         size of the sum of codes                crossings pairs of neighbours of which one is negative
    loudness   sum of the sizes of codes               clipped   codes at either end of their range

    score(frame) = bits that the largest excess has, over features of (feature - highest) >> shift

Neighbours are codes of one frame, channels of a row one after the other. The output alone is seen, so that a voice that
falls silent is no matter here: clean frames are silent, too.
Layout: `high` int32 [6], `shift` int8 [6], clamped to 0..15.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.program import Program
from workbench.integer.signals import Signal, code_range
from workbench.memory.places import Places
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.behaviour import (
    Behaviour,
    BehaviourArea,
    BehaviourKind,
    bit_lengths,
    stored,
)

FEATURES = ("peak", "dc", "loudness", "step", "crossings", "clipped")
MOST_SHIFT = 15
_SHOWN_BITS = 8  # of a feature's size that an excess is counted in
_MOST_CODES = 2**16 - 1  # of a frame, whose sum then has room in 31 bits


def features_of(codes: np.ndarray, signal: Signal) -> np.ndarray:
    """FEATURES of each frame, int64 [frames, 6]; codes: of a signal, [frames * rate, channels]."""
    x = codes.astype(np.int64).reshape(-1, signal.rate * signal.channels)  # [frames, codes]
    low, high = code_range(signal.bits)
    size, change, negative = np.abs(x), np.abs(np.diff(x, axis=1)), x < 0
    return np.stack(
        [
            size.max(axis=1),
            np.abs(x.sum(axis=1)),
            size.sum(axis=1),
            change.max(axis=1, initial=0),
            (negative[:, 1:] != negative[:, :-1]).sum(axis=1),
            ((x == low) | (x == high)).sum(axis=1),
        ],
        axis=1,
    )


class SanityWatch(Behaviour):
    """The most of each feature."""

    def baselines(self) -> Mapping[str, tuple[int, np.ndarray]]:
        """`high` and `shift`."""
        values = self._learned.baseline
        return {
            "high": (32, stored(values[: len(FEATURES)], 32)),
            "shift": (8, stored(values[len(FEATURES) :], 8)),
        }

    def scores(self, data: np.ndarray, signals: Mapping[str, np.ndarray]) -> np.ndarray:
        """Bits of the largest excess, 0 where no feature is beyond its most."""
        (name,) = self.signals
        seen = features_of(signals[name], self.layout.program.signal(name))
        high = read_tensor(data, self.place("high")).astype(np.int64)
        shift = np.clip(read_tensor(data, self.place("shift")).astype(np.int64), 0, MOST_SHIFT)
        return bit_lengths((np.maximum(seen - high, 0) >> shift).max(axis=1))


@dataclass(frozen=True)
class SoundSanity(BehaviourKind):
    """Clicks, DC, clipping, noise and loudness beyond what clean frames have."""

    watch: ClassVar = SanityWatch
    sees: ClassVar[str] = "clicks, DC, clipping, noise and loudness"
    usual_drift: ClassVar[int] = 2

    def usual_signals(self, program: Program) -> tuple[str, ...]:
        """The output."""
        return (program.output,)

    def learn(
        self,
        program: Program,
        signals: Sequence[str],
        utterances: Iterable[Mapping[str, np.ndarray]],
    ) -> tuple[int, ...]:
        """The most of each feature, and shifts that make all of them alike."""
        self._refuse_other(signals, program)
        (name,) = signals
        seen = (features_of(codes[name], program.signal(name)).max(axis=0) for codes in utterances)
        most = np.max(list(seen), axis=0).tolist()
        return (*most, *(max(int(each).bit_length() - _SHOWN_BITS, 0) for each in most))

    def learned_length(self, area: BehaviourArea, layout: Places) -> int:
        """A number and a shift a feature."""
        self._refuse_other(area.signals, layout.program)
        return 2 * len(FEATURES)

    def _refuse_other(self, signals: Sequence[str], program: Program) -> None:
        if len(signals) != 1:
            raise WorkbenchError(
                f"{self.name} watches one signal and {len(signals)} are named; leave out all but one"
            )
        signal = program.signal(signals[0])
        if signal.rate * signal.channels > _MOST_CODES:
            raise WorkbenchError(
                f"{self.name} adds up at most {_MOST_CODES:,} codes a frame and {signal.name} has "
                f"{signal.rate * signal.channels:,}; watch another signal"
            )
