"""Sanity of the sound: clicks, DC, clipping, noise and loudness of each frame, against the most that clean frames have.

    peak       largest size of a code                  step      largest difference of two neighbours
    dc         size of the sum of codes                crossings pairs of neighbours of which one is negative
    loudness   sum of the sizes of codes               clipped   codes whose size is the largest that there is

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

from workbench.integer.program import Program
from workbench.memory.places import Places
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.behaviour import Behaviour, BehaviourKind, bit_lengths, stored
from workbench.memory.watches.behaviour_area import BehaviourArea
from workbench.memory.watches.frame_features import FEATURES, features_of, one_signal

MOST_SHIFT = 15
_SHOWN_BITS = 8  # of a feature's size that an excess is counted in


class SanityWatch(Behaviour):
    """The most of each feature."""

    def baselines(self) -> Mapping[str, tuple[int, np.ndarray]]:
        """`high` and `shift`."""
        values = self._learned.baseline
        return {
            "high": (32, stored(values[: len(FEATURES)], 32)),
            "shift": (8, stored(values[len(FEATURES) :], 8)),
        }

    def measures(self, data: np.ndarray, signals: Mapping[str, np.ndarray]) -> np.ndarray:
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
        signal = one_signal(self.name, signals, program)
        seen = (features_of(codes[signal.name], signal).max(axis=0) for codes in utterances)
        most = np.max(list(seen), axis=0).tolist()
        return (*most, *(max(int(each).bit_length() - _SHOWN_BITS, 0) for each in most))

    def learned_length(self, area: BehaviourArea, layout: Places) -> int:
        """A number and a shift a feature."""
        one_signal(self.name, area.signals, layout.program)
        return 2 * len(FEATURES)
