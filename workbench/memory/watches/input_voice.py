"""The voice of a sound: slow means of how the bands of a front end differ from their neighbours while somebody speaks.

Another speaker says nothing that was never heard, so that no frame by itself is a new one; but the harmonics of the voice, and the
resonances of the throat, lie in other bands for as long as it speaks. Loudness takes no part in a difference of logarithms.
In frames whose codes add up to more than `gate`, of `codes` of 8 bits (the upper 8 of 16):

    d[k]    = codes[k + 1] - codes[k] - usual[k]
    mean[k] = clamp(mean[k] + (((d[k] << 8) - mean[k]) >> 4), -32768, 32767)       about the last 16 such frames
    score   = min(sum over k of how far mean[k] is beyond what clean frames have >> 6, 1023)

and 0 in all others. Bands are computed with tables, which faults of memory change: unlike other judges of inputs it has memory
looked at before it calls the data other ones.
Layout: `mean` int16 [bands - 1] in RAM; `usual` int16 [bands - 1]; `range` int16 [bands - 1, 2], lowest and highest mean;
`gate` int16 [1].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.program import Program
from workbench.integer.sections import SHIFT, TABLE
from workbench.memory.places import Places
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.behaviour import Behaviour, BehaviourKind, Memory, stored
from workbench.memory.watches.behaviour_area import MOST_SCORE, BehaviourArea

MOST_BANDS = 64
_CODE_BITS, _MEAN_BITS, _RATE, _SCORE_BITS = 8, 8, 4, 6
_LEAST_MEAN, _MOST_MEAN = -(2**15), 2**15 - 1
_SILENT = 0.35  # of clean frames: those without a voice
_TAIL = 0.001  # of the means of clean frames, on either side ...
_MARGIN_BITS = 3  # ... and an eighth of the range more, for texts not heard
_DRIFT_QUANTILE = 0.999


class VoiceWatch(Behaviour):
    """A running mean of each difference."""

    def baselines(self) -> Mapping[str, tuple[int, np.ndarray]]:
        """See the module."""
        learned, count = self._learned.baseline, _bands(self.layout.program, self.signals) - 1
        return {
            "usual": (16, stored(learned[:count], 16)),
            "range": (16, stored(np.reshape(learned[count:-1], (-1, 2)), 16)),
            "gate": (16, stored(learned[-1:], 16)),
        }

    def memories(self) -> Mapping[str, tuple[int, tuple[int, ...]]]:
        """`mean`."""
        return {"mean": (16, (_bands(self.layout.program, self.signals) - 1,))}

    def measures(self, data: np.ndarray, signals: Mapping[str, np.ndarray]) -> np.ndarray:
        """Codes of 8 bits, int64 [frames, bands]."""
        return _codes(self.layout.program, self.signals, signals)

    def scores(self, data: np.ndarray, memory: Memory, measures: np.ndarray) -> np.ndarray:
        """See the module."""
        usual, ranges, gate = (
            read_tensor(data, self.place(name)).astype(np.int64)
            for name in ("usual", "range", "gate")
        )
        speaks = measures.sum(axis=1) > gate[0]
        means = _means(memory["mean"], np.diff(measures[speaks], axis=1) - usual)
        beyond = np.maximum(np.maximum(means - ranges[:, 1], ranges[:, 0] - means), 0)
        score = np.zeros(len(measures), np.int64)
        score[speaks] = np.minimum(beyond.sum(axis=1) >> _SCORE_BITS, MOST_SCORE)
        if len(means):
            memory["mean"] = means[-1]
        return score


def _means(mean: np.ndarray, differences: np.ndarray) -> np.ndarray:
    """The running means after each frame, int64 [frames, bands - 1]."""
    means = np.empty_like(differences)
    for number, d in enumerate(differences << _MEAN_BITS):
        mean = np.clip(mean + (d - mean >> _RATE), _LEAST_MEAN, _MOST_MEAN)
        means[number] = mean
    return means


def _bands(program: Program, names: Sequence[str]) -> int:
    """Codes of a frame."""
    signal = program.signal(names[0])
    return signal.rate * signal.channels


def _codes(program: Program, names: Sequence[str], signals: Mapping[str, np.ndarray]) -> np.ndarray:
    signal = program.signal(names[0])
    codes = signals[signal.name].astype(np.int64).reshape(-1, signal.rate * signal.channels)
    return codes >> signal.bits - _CODE_BITS


@dataclass(frozen=True)
class InputVoice(BehaviourKind):
    """Which bands a voice has."""

    watch: ClassVar = VoiceWatch
    sees: ClassVar[str] = "whether the voice that it hears has the bands that it has learned from"
    judges_inputs: ClassVar[bool] = True
    reads_memory: ClassVar[bool] = True

    def watchable(self, program: Program) -> tuple[str, ...]:
        """Signals of 2 to 64 codes a frame that come from sounds by tables and shifts alone, which nobody trained."""
        plain = {name for name in program.inputs if program.signal(name).exponent is not None}
        made: list[str] = []
        for operator in program.operators:
            trained = set(operator.PARAMETERS.values()) - {TABLE, SHIFT}
            if not trained and plain.issuperset(operator.sources):
                plain.add(operator.target)
                if 2 <= _bands(program, [operator.target]) <= MOST_BANDS:
                    made.append(operator.target)
        return tuple(made)

    def usual_signals(self, program: Program) -> tuple[str, ...]:
        """The first of them."""
        made = self.watchable(program)
        if not made:
            raise WorkbenchError(
                f"{self.name} listens to the bands of a front end and {program.name} has none; leave it out, or choose a "
                "network that hears, as viseme"
            )
        return made[:1]

    def learn(
        self,
        program: Program,
        signals: Sequence[str],
        utterances: Iterable[Mapping[str, np.ndarray]],
    ) -> tuple[int, ...]:
        """Mean differences while somebody speaks, the ranges of their running means, and the gate."""
        self._refuse_several(signals)
        codes = np.concatenate([_codes(program, signals, each) for each in utterances])
        sums = codes.sum(axis=1)
        gate = int(np.quantile(sums, _SILENT))
        differences = np.diff(codes[sums > gate], axis=1)
        if not len(differences):  # all frames are equally loud
            raise WorkbenchError(
                f"{self.name} has heard no voice in {len(codes):,} frames; calibrate with more of them"
            )
        usual = np.round(differences.mean(axis=0)).astype(np.int64)
        means = _means(np.zeros(len(usual), np.int64), differences - usual)
        low, high = np.quantile(means, [_TAIL, 1 - _TAIL], axis=0).astype(np.int64)
        margin = high - low >> _MARGIN_BITS
        ranges = np.clip(np.stack([low - margin, high + margin], axis=1), _LEAST_MEAN, _MOST_MEAN)
        return (*usual.tolist(), *ranges.reshape(-1).tolist(), gate)

    def drift_for(self, scores: np.ndarray) -> int:
        """What one clean frame in a thousand exceeds, at least 1."""
        return max(self.usual_drift, int(np.quantile(scores, _DRIFT_QUANTILE)))

    def learned_length(self, area: BehaviourArea, layout: Places) -> int:
        """Three numbers a difference, and the gate."""
        self._refuse_several(area.signals)
        return 3 * (_bands(layout.program, area.signals) - 1) + 1

    def _refuse_several(self, signals: Sequence[str]) -> None:
        if len(signals) != 1:
            raise WorkbenchError(
                f"{self.name} listens to one signal and {len(signals)} are named; leave out all but one"
            )
