"""Sequential tests of the features of frames: two-sided sums, after Page, around what frames of a class usually are.

Reference: CUSUM, Page 1954, https://doi.org/10.1093/biomet/41.1-2.100; the test of Page and Hinkley, Hinkley 1971,
https://doi.org/10.1093/biomet/58.3.509, whose sums are around a running mean, so that what changes for good is followed.

    z     = clamp(((lg(feature + 1) - usual[class]) * gain[class]) >> 5, -64, 63)        eighths of the usual spread
    mean  = clamp(mean + (((z << 8) - mean) >> rate), -32768, 32767)        where there is a rate
    above = clamp(above + z - (mean >> 8) - slack, 0, 32767)                without a rate, without the mean
    below = clamp(below - z + (mean >> 8) - slack, 0, 32767)
    score = largest of all sums, at most 1023

for each of the features of `frame_features`; lg is that of `logarithms`.
Layout: `sums` int16 [2, features], above and below; `mean` int16 [features]; `of_row`, see `conditioned`;
`usual` and `gain` int16 [classes, features]; `test` int8 [2], slack, clamped to 0..63, and rate, clamped to 0..8;
`log2` int8 [32].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.integer.program import Program
from workbench.memory.places import Places
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.behaviour import Memory, stored
from workbench.memory.watches.behaviour_area import MOST_LEVEL, MOST_SCORE, BehaviourArea
from workbench.memory.watches.conditioned import Conditioned, ConditionedArea, ConditionedKind
from workbench.memory.watches.feature_classes import FeatureFrames, learned_features
from workbench.memory.watches.frame_features import FEATURES, features_of, one_signal
from workbench.memory.watches.logarithms import LOG2, logarithms

PER_SPREAD = 8  # z of the usual spread
MOST_Z, MOST_SLACK, MOST_RATE = 63, 63, 8
_GAIN_BITS, _MEAN_BITS = 5, 8
_AT_ONCE = 4096  # frames
_MOST_GAIN = 2**10
_LEAST_SPREAD = 4.0  # of a logarithm, in 32nds: a feature that never changes has some


def logged(data: np.ndarray, watch: Conditioned, signals: Mapping[str, np.ndarray]) -> np.ndarray:
    """Class and logarithms of the features of each frame, int64 [frames, 1 + features]."""
    signal = watch.layout.program.signal(watch.signals[0])
    seen = features_of(signals[signal.name], signal)
    table = read_tensor(data, watch.place("log2")).astype(np.int64)
    group = watch.class_of(data, signals, len(seen))
    return np.concatenate([group[:, None], logarithms(seen + 1, table)], axis=1)


class DriftWatch(Conditioned):
    """Two sums a feature."""

    def baselines(self) -> Mapping[str, tuple[int, np.ndarray]]:
        """See the module."""
        size = self.classes * len(FEATURES)
        usual, gain, test = np.split(np.array(self.learned), [size, 2 * size])
        return {
            **super().baselines(),
            "usual": (16, stored(usual.reshape(self.classes, -1), 16)),
            "gain": (16, stored(gain.reshape(self.classes, -1), 16)),
            "test": (8, stored(test, 8)),
            "log2": (8, stored(LOG2, 8)),
        }

    def memories(self) -> Mapping[str, tuple[int, tuple[int, ...]]]:
        """`sums` and `mean`."""
        return {"sums": (16, (2, len(FEATURES))), "mean": (16, (len(FEATURES),))}

    def measures(self, data: np.ndarray, signals: Mapping[str, np.ndarray]) -> np.ndarray:
        """z of each feature, int64 [frames, features]."""
        group, found = np.split(logged(data, self, signals), [1], axis=1)
        usual, gain = (
            read_tensor(data, self.place(name)).astype(np.int64)[group[:, 0]]
            for name in ("usual", "gain")
        )
        return np.clip((found - usual) * gain >> _GAIN_BITS, -MOST_Z - 1, MOST_Z)

    def scores(self, data: np.ndarray, memory: Memory, measures: np.ndarray) -> np.ndarray:
        """The largest of the sums after each frame."""
        slack, rate = read_tensor(data, self.place("test")).astype(np.int64).tolist()
        slack, rate = min(max(slack, 0), MOST_SLACK), min(max(rate, 0), MOST_RATE)
        beyond = measures - self._means(memory["mean"], measures, rate) if rate else measures
        change = np.stack([beyond, -beyond], axis=1) - slack  # [frames, 2, features]
        found = np.zeros(len(measures), np.int64)
        for first in range(0, len(measures), _AT_ONCE):
            part = change[first : first + _AT_ONCE]
            level = _sums_after(memory["sums"], part)
            memory["sums"] = level[-1]
            found[first : first + _AT_ONCE] = level.max(axis=(1, 2))
        return np.minimum(found, MOST_SCORE)

    def _means(self, mean: np.ndarray, measures: np.ndarray, rate: int) -> np.ndarray:
        """The running mean, which is brought up to date, after each frame, int64 [frames, features]."""
        found = np.empty_like(measures)
        for number, z in enumerate(measures << _MEAN_BITS):
            mean += (z - mean) >> rate
            np.clip(mean, -MOST_LEVEL - 1, MOST_LEVEL, out=mean)
            found[number] = mean
        return found >> _MEAN_BITS


def _sums_after(sums: np.ndarray, change: np.ndarray) -> np.ndarray:
    """What sums [2, features] are after each of the changes [frames, 2, features], kept within 0 to MOST_LEVEL."""
    walk = sums + np.cumsum(change, axis=0)
    level = walk - np.minimum(np.minimum.accumulate(walk, axis=0), 0)
    if level.max() <= MOST_LEVEL:
        return level
    for number, each in enumerate(change):
        sums = np.clip(sums + each, 0, MOST_LEVEL)
        level[number] = sums
    return level


@dataclass(frozen=True)
class FeatureDrift(ConditionedKind):
    """Features of frames whose mean moves away from that of clean ones."""

    watch: ClassVar = DriftWatch
    sees: ClassVar[str] = "how far peak, DC, loudness, steps, crossings and clipping drift"
    slack: ClassVar[int] = 8
    rate: ClassVar[int] = 0

    def learned(
        self,
        program: Program,
        signals: Sequence[str],
        utterances: Iterable[Mapping[str, np.ndarray]],
    ) -> BehaviourArea:
        """Mean and spread of each feature in each class."""
        signal = one_signal(self.name, signals, program)
        made = learned_features(program, signal, utterances, classes=self.most_classes)
        centre, spread = self._usual(made)
        gain = np.round((PER_SPREAD << _GAIN_BITS) / np.maximum(spread, _LEAST_SPREAD))
        numbers = (made.of_row, centre, np.minimum(gain, _MOST_GAIN), [self.slack, self.rate])
        return ConditionedArea(
            self.name,
            signals=(signal.name,),
            baseline=tuple(int(n) for each in numbers for n in np.reshape(each, -1)),
            condition=made.condition,
            classes=made.classes,
        )

    def _usual(self, made: FeatureFrames) -> tuple[np.ndarray, np.ndarray]:
        """Rounded mean and the spread of each class and feature, [classes, features]."""
        groups = [made.logged[made.group == k] for k in range(made.classes)]
        centre = np.round([each.mean(axis=0) for each in groups])
        return centre, np.array([each.std(axis=0) for each in groups])

    def length_of(self, area: ConditionedArea, layout: Places) -> int:
        """Two numbers a class and feature, slack and rate."""
        one_signal(self.name, area.signals, layout.program)
        return 2 * area.classes * len(FEATURES) + 2


@dataclass(frozen=True)
class PageHinkley(FeatureDrift):
    """The same around a running mean."""

    rate: ClassVar[int] = 8
