"""QT-EWMA: frames fall into bins of equal probability, and moving averages tell where they fall too often or too seldom.

Reference: Frittoli, Carrera and Boracchi 2022, https://arxiv.org/abs/2208.14801; the bins are those of a QuantTree,
Boracchi et al. 2018, https://proceedings.mlr.press/v80/boracchi18a.html: one half-space after the other is cut off by one
feature, each with an equal share of the clean frames, as far as these can be told apart, and what is left is the last bin.
Each class has bins of its own, of which frames of all classes have about the same shares, so that one average a bin is
enough:

    average = average - (average >> fade) + (2^14 >> fade where the frame is in the bin) - (share[class] >> fade)
    score   = min((sum over bins of (average^2 >> 11)) >> 8, 1023)

An average is 2^14 times the difference of the share of late frames from what it is of clean ones. A frame is in the first
bin whose test it passes: lg(feature + 1) at most `edge`, or more than that where `feature` is negative, and then the
feature is -1 - feature.
Layout: `average` int16 [16]; `of_row`, see `conditioned`; `feature` int8 [classes, 15], its number taken modulo 6;
`edge` int16 [classes, 15]; `share` int16 [classes, 16], 2^14 times that of clean frames; `fade` int8 [1], clamped to 0..8;
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
from workbench.memory.watches.conditioned import MOST_FADE, Conditioned, ConditionedArea, FadingKind
from workbench.memory.watches.feature_classes import learned_features
from workbench.memory.watches.feature_drift import logged
from workbench.memory.watches.frame_features import FEATURES, one_signal
from workbench.memory.watches.logarithms import LOG2

BINS = 16
UNIT = 2**14  # a share of all frames
_SQUARE_BITS, _SUM_BITS = 11, 8  # that a square and their sum lose
_SEED = 15  # of features and sides that are cut


class QuantWatch(Conditioned):
    """An average a bin."""

    def baselines(self) -> Mapping[str, tuple[int, np.ndarray]]:
        """See the module."""
        size = self.classes * (BINS - 1)
        sizes = (size, size, self.classes * BINS)
        feature, edge, share, fade = np.split(np.array(self.learned), np.cumsum(sizes))
        return {
            **super().baselines(),
            "feature": (8, stored(feature.reshape(self.classes, -1), 8)),
            "edge": (16, stored(edge.reshape(self.classes, -1), 16)),
            "share": (16, stored(share.reshape(self.classes, -1), 16)),
            "fade": (8, stored(fade, 8)),
            "log2": (8, stored(LOG2, 8)),
        }

    def memories(self) -> Mapping[str, tuple[int, tuple[int, ...]]]:
        """`average`."""
        return {"average": (16, (BINS,))}

    def measures(self, data: np.ndarray, signals: Mapping[str, np.ndarray]) -> np.ndarray:
        """Class and bin of each frame, int64 [frames, 2]."""
        group, found = np.split(logged(data, self, signals), [1], axis=1)
        feature, edge = (  # [frames, bins - 1]
            read_tensor(data, self.place(name)).astype(np.int64)[group[:, 0]]
            for name in ("feature", "edge")
        )
        return np.stack([group[:, 0], bins_of(found, feature, edge)], axis=1)

    def scores(self, data: np.ndarray, memory: Memory, measures: np.ndarray) -> np.ndarray:
        """How far averages are from what they should be, after each frame."""
        fade = min(max(int(read_tensor(data, self.place("fade"))[0]), 0), MOST_FADE)
        average = memory["average"]
        less = read_tensor(data, self.place("share")).astype(np.int64) >> fade  # [classes, bins]
        after = np.zeros((len(measures), BINS), np.int64)
        for number, (group, place) in enumerate(measures.tolist()):
            average -= (average >> fade) + less[group]
            average[place] += UNIT >> fade
            np.clip(average, -MOST_LEVEL - 1, MOST_LEVEL, out=average)
            after[number] = average
        found = (after * after >> _SQUARE_BITS).sum(axis=1) >> _SUM_BITS
        return np.minimum(found, MOST_SCORE)


def bins_of(found: np.ndarray, feature: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """The first test that each frame passes, BINS - 1 where it passes none, int64 [frames].

    Args:
        found: Logarithms of features, [frames, features].
        feature: Of each test, negative for the upper side, [frames, BINS - 1].
        edge: Likewise.
    """
    upper = feature < 0
    number = np.where(upper, -1 - feature, feature) % len(FEATURES)
    value = np.take_along_axis(found, number, axis=1)
    passed = np.where(upper, value > edge, value <= edge)
    return np.where(passed.any(axis=1), passed.argmax(axis=1), BINS - 1)


def quant_tree(logged: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Tests that cut frames [frames, features] into BINS bins of about as many frames; (feature, edge), [BINS - 1] each."""
    left, feature, edge = logged, [], []
    for remaining in range(BINS, 1, -1):
        number, upper = int(rng.integers(len(FEATURES))), bool(rng.integers(2))
        wanted = len(left) / remaining
        cuts = []
        # One whose values are spread out enough to be cut there.
        for offset in range(len(FEATURES)):
            which = (number + offset) % len(FEATURES)
            values = left[:, which]
            at = np.quantile(
                values, 1 - 1 / remaining if upper else 1 / remaining, method="nearest"
            )
            for near in (at - 1, at):
                inside = int((values > near).sum() if upper else (values <= near).sum())
                cuts.append(
                    (abs(inside - wanted) > wanted / 4, offset, abs(inside - wanted), which, near)
                )
        _, _, _, which, near = min(cuts)
        keep = left[:, which] <= near if upper else left[:, which] > near
        left = left[keep]
        feature.append(-1 - which if upper else which)
        edge.append(int(near))
        if not len(left):
            left = logged
    return np.array(feature), np.array(edge)


@dataclass(frozen=True)
class QtEwma(FadingKind):
    """Frames that fall into bins of features too often or too seldom."""

    watch: ClassVar = QuantWatch
    sees: ClassVar[str] = (
        "how evenly frames fall into quantile bins of peak, DC, loudness, steps, crossings and clipping"
    )
    fade: int = 5

    def learned(
        self,
        program: Program,
        signals: Sequence[str],
        utterances: Iterable[Mapping[str, np.ndarray]],
    ) -> BehaviourArea:
        """A tree for each class."""
        signal = one_signal(self.name, signals, program)
        made = learned_features(program, signal, utterances, classes=self.most_classes)
        rng = np.random.default_rng(_SEED)
        trees = [quant_tree(made.logged[made.group == k], rng) for k in range(made.classes)]
        features, edges = (np.stack([tree[which] for tree in trees]) for which in (0, 1))
        places = np.zeros(len(made.group), np.int64)
        for k in range(made.classes):
            of_class = made.group == k
            shape = (int(of_class.sum()), BINS - 1)
            tests = (np.broadcast_to(each[k], shape) for each in (features, edges))
            places[of_class] = bins_of(made.logged[of_class], *tests)
        counts = np.bincount(made.group * BINS + places, minlength=made.classes * BINS)
        counts = counts.reshape(made.classes, BINS)
        share = np.round(UNIT * counts / counts.sum(axis=1, keepdims=True))
        numbers = (made.of_row, features, edges, share, [self.fade])
        return ConditionedArea(
            self.name,
            signals=(signal.name,),
            baseline=tuple(int(n) for each in numbers for n in np.reshape(each, -1)),
            condition=made.condition,
            classes=made.classes,
        )

    def length_of(self, area: ConditionedArea, layout: Places) -> int:
        """Two numbers a class and test, one a class and bin, and how fast averages fade."""
        one_signal(self.name, area.signals, layout.program)
        return area.classes * (3 * BINS - 2) + 1
