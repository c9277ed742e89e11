"""How loud a sound comes in beside what was learned, and a gain that a device corrects it by.

The gain lies in RAM, within limits, and nothing else is changed; an alarm lets it follow an estimate for a while, and where
the loudness is again what it was, it becomes 1. What a frame without a voice has says nothing of loudness:

    x       = 8 * (logarithm of the sum of |codes| - usual)                    256 for twice as loud
    offset  = clamp(offset + (3 where x > offset, else -1), -32768, 32767)     where x > offset - 1024
    error   = offset + 128 * gain                                              gain in half bits, clamped to -8..8
    target  = 0 where |offset| <= spread, else clamp((64 - offset) >> 7, -8, 8)
    score   = min(max(|error| - spread, 0) >> 3, 1023), 0 while it follows
    codes   = clamp((codes * factor[gain] + 64) >> 7)                          before the next frame is computed

`offset` is a running upper quartile, three steps up and one down. While it follows, the gain becomes the target where
|offset| <= 64 or |error| > 96, so that it does not go to and fro. The frame is measured as it comes in, so that
the estimate does not depend on the gain.
Layout: `held` int16 [3], offset, gain, and frames for which the gain follows; `usual` int16 [2], the logarithm and the
spread; `log2` int8 [32].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.program import Program
from workbench.integer.signals import code_range
from workbench.memory.places import Places
from workbench.memory.tensors import read_tensor, write_tensor
from workbench.memory.watches.behaviour import Behaviour, BehaviourKind, Memory, stored
from workbench.memory.watches.behaviour_area import MOST_SCORE, BehaviourArea
from workbench.memory.watches.input_codes import MOST_CODES, rows_of
from workbench.memory.watches.logarithms import LOG2, PER_BIT, logarithms
from workbench.memory.watches.monitor import Frame

MOST_GAIN = 8  # half bits: 24 dB
FACTORS = np.round(128 * 2 ** (np.arange(-MOST_GAIN, MOST_GAIN + 1) / 2)).astype(np.int64)
_FACTOR_BITS = 7
_STEP, _NEAR, _FAR = 128, 64, 96  # half a bit; an offset that is none; an error that is one
_UP, _DOWN, _GATE = 3, 1, 1024
_PER_LOG = 256 // PER_BIT
_SCORE_BITS = 3
_QUANTILE = 0.999  # of the offsets of clean frames, within which nothing is corrected


class GainWatch(Behaviour):
    """The estimate, and the gain."""

    def baselines(self) -> Mapping[str, tuple[int, np.ndarray]]:
        """`usual` and `log2`."""
        return {"usual": (16, stored(self._learned.baseline, 16)), "log2": (8, stored(LOG2, 8))}

    def memories(self) -> Mapping[str, tuple[int, tuple[int, ...]]]:
        """`held`."""
        return {"held": (16, (3,))}

    def measures(self, data: np.ndarray, signals: Mapping[str, np.ndarray]) -> np.ndarray:
        """Logarithms of the loudness of frames as they came in, int64 [frames]."""
        table = read_tensor(data, self.place("log2")).astype(np.int64)
        return _loudness(self.layout.program, self.signals[0], signals, table)

    def scores(self, data: np.ndarray, memory: Memory, measures: np.ndarray) -> np.ndarray:
        """See the module."""
        usual, spread = read_tensor(data, self.place("usual")).tolist()
        offset, gain, follows = memory["held"].tolist()
        found = []
        for loudness in measures.tolist():
            offset = _moved(offset, _PER_LOG * (loudness - usual))
            gain = min(max(gain, -MOST_GAIN), MOST_GAIN)
            error = abs(offset + _STEP * gain)
            if follows > 0:
                follows -= 1
                if abs(offset) <= _NEAR or error > _FAR:
                    gain = _target(offset, spread)
                found.append(0)
            else:
                follows = 0
                found.append(min(max(error - spread, 0) >> _SCORE_BITS, MOST_SCORE))
        memory["held"] = np.array([offset, gain, follows], np.int64)
        return np.array(found, np.int64)

    def after_frame(self, data: np.ndarray, frame: Frame) -> list[int]:
        """Of the inputs as they came in."""
        return [0] if self.advance(data, self.measures(data, frame.given)) else []

    def gain(self, data: np.ndarray) -> int:
        """Half bits by which inputs are louder for the next frame, -8 to 8."""
        return min(max(int(self._held(data)[1]), -MOST_GAIN), MOST_GAIN)

    def follows(self, data: np.ndarray) -> bool:
        """Whether the gain may change after the next frame."""
        return int(self._held(data)[2]) > 0

    def recalibrate(self, data: np.ndarray) -> bool:
        """Let the gain follow the estimate for a while; whether that is within its limits."""
        offset, gain, _ = self._held(data).tolist()
        spread = int(read_tensor(data, self.place("usual"))[1])
        if abs(offset) > _STEP * MOST_GAIN + spread:
            return False
        held = np.array([offset, gain, max(0, self._limits(data)[2])])
        write_tensor(data, self.place("held"), held)
        return True

    def corrected(
        self, data: np.ndarray, inputs: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """What the network is given in place of `inputs`, [1, frames * rate, channels] by name."""
        (name,), factor = self.signals, FACTORS[self.gain(data) + MOST_GAIN]
        low, high = code_range(self.layout.program.signal(name).bits)
        codes = inputs[name]
        made = codes.astype(np.int64) * factor + (1 << _FACTOR_BITS - 1) >> _FACTOR_BITS
        return {**inputs, name: np.clip(made, low, high).astype(codes.dtype)}

    def _held(self, data: np.ndarray) -> np.ndarray:
        return read_tensor(data, self.place("held"))


def _loudness(
    program: Program, name: str, signals: Mapping[str, np.ndarray], table: np.ndarray
) -> np.ndarray:
    signal = program.signal(name)
    x = np.abs(signals[name].astype(np.int64)).reshape(-1, signal.rate * signal.channels)
    return logarithms(x.sum(axis=1), table)


def _moved(offset: int, x: int) -> int:
    """The estimate after a frame."""
    if x > offset - _GATE:
        offset += _UP if x > offset else -_DOWN
    return min(max(offset, -(2**15)), 2**15 - 1)


def _target(offset: int, spread: int) -> int:
    """The gain that makes up for an offset."""
    if abs(offset) <= spread:
        return 0
    return min(max((_NEAR - offset) >> 7, -MOST_GAIN), MOST_GAIN)


@dataclass(frozen=True)
class InputGain(BehaviourKind):
    """Recalibration of the loudness of an input."""

    watch: ClassVar = GainWatch
    sees: ClassVar[str] = "how loud its input is beside what it has learned from"
    judges_inputs: ClassVar[bool] = True
    corrects_inputs: ClassVar[bool] = True
    remedies: ClassVar[tuple[str, ...] | None] = ("RECALIBRATE",)
    ladder_rule: ClassVar[str] = "a gain of the input can RECALIBRATE, nothing else"

    def watchable(self, program: Program) -> tuple[str, ...]:
        """Inputs that choose no rows."""
        return tuple(name for name in program.inputs if not rows_of(program, name))

    def usual_signals(self, program: Program) -> tuple[str, ...]:
        """The first of them."""
        sounds = self.watchable(program)
        if not sounds:
            raise WorkbenchError(
                f"{self.name} corrects the loudness of a sound and {program.name} is given rows of tables; "
                "leave it out, or choose a network that hears, as viseme"
            )
        return sounds[:1]

    def learn(
        self,
        program: Program,
        signals: Sequence[str],
        utterances: Iterable[Mapping[str, np.ndarray]],
    ) -> tuple[int, ...]:
        """The upper quartile of frames with a voice, and how far clean frames move the estimate of it."""
        self._refuse(program, signals)
        seen = np.concatenate([_loudness(program, signals[0], each, LOG2) for each in utterances])
        usual, before = int(seen.max()), -1
        while usual != before:
            gated = seen[seen > usual - _GATE // _PER_LOG]
            before, usual = usual, int(np.quantile(gated, _UP / (_UP + _DOWN)))
        offset, offsets = 0, []
        for loudness in seen.tolist():
            offset = _moved(offset, _PER_LOG * (loudness - usual))
            offsets.append(abs(offset))
        return usual, max(_NEAR, int(np.quantile(offsets, _QUANTILE)))

    def learned_length(self, area: BehaviourArea, layout: Places) -> int:
        """Two."""
        self._refuse(layout.program, area.signals)
        return 2

    def _refuse(self, program: Program, signals: Sequence[str]) -> None:
        if len(signals) != 1:
            raise WorkbenchError(
                f"{self.name} corrects one input and {len(signals)} are named; leave out all but one"
            )
        signal = program.signal(signals[0])
        if signal.rate * signal.channels > MOST_CODES:
            raise WorkbenchError(
                f"{self.name} adds up at most {MOST_CODES:,} codes a frame and {signal.name} has "
                f"{signal.rate * signal.channels:,}; leave it out"
            )
