"""Prompts of another voice with the controls of one's own: each phone gets the mean and the deviation that it has there.

The idea is the joint mean and variance normalisation of statistical voice conversion: Stylianou et al. 1998,
https://doi.org/10.1109/89.661472, with phones in place of a mixture's components.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.audio.speech_analysis import FLOOR
from workbench.audio.speech_controls import ENVELOPE_BANDS
from workbench.generators.speech.phones import PAUSE
from workbench.generators.speech.prompts import Prompt

_PRIOR = 200  # frames of the shifted other voice that each phone of one's own begins with
_LEAST, _MOST = 0.6, 1.7  # factors on a deviation
_VOICED = 0.4  # of the lowest voicing band
_SMOOTH = np.array([1, 2, 3, 2, 1]) / 9  # frames over which a change of phones changes the map
_ENVELOPE, _PITCH = slice(0, ENVELOPE_BANDS), -1


@dataclass(frozen=True)
class Conversion:
    """An affine map of the envelope for each phone, and one of the pitch.

    Args:
        factors: float64 [38 controls] by symbol; those of voicing are 1.
        shifts: The same, what is added after multiplying; those of voicing are 0.
    """

    factors: dict[str, np.ndarray]
    shifts: dict[str, np.ndarray]

    def converted(self, prompt: Prompt) -> Prompt:
        """The prompt in the other voice, equally long."""
        symbols, lengths = prompt.timeline.symbols, prompt.timeline.durations
        factors, shifts = (
            np.repeat(np.stack([table[symbol] for symbol in symbols]), lengths, axis=0)
            for table in (self.factors, self.shifts)
        )  # [frames, 38]
        change = prompt.controls * (factors - 1) + shifts
        change[:, _ENVELOPE] = _smoothed(change[:, _ENVELOPE])
        controls = (prompt.controls + change).astype(np.float32)
        controls[:, _ENVELOPE] = np.maximum(controls[:, _ENVELOPE], FLOOR)
        return Prompt(prompt.timeline, controls)


def conversion(other: Sequence[Prompt], own: Sequence[Prompt]) -> Conversion:
    """From the other voice to one's own, learnt from frames of equal phones."""
    theirs, mine = _frames(other), _frames(own)
    shift = _speech(mine).mean(axis=0) - _speech(theirs).mean(axis=0)
    (their_pitch, their_range), (my_pitch, my_range) = _pitch(theirs), _pitch(mine)
    factors, shifts = {}, {}
    for symbol, frames in theirs.items():
        mean, deviation = frames.mean(axis=0), frames.std(axis=0) + 1e-3
        known = mine.get(symbol, frames[:0])
        trust = len(known) / (len(known) + _PRIOR)
        goal, wide = mean + shift, deviation
        if len(known):
            goal = trust * known.mean(axis=0) + (1 - trust) * goal
            wide = trust * known.std(axis=0) + (1 - trust) * wide
        factor = np.ones_like(mean)
        factor[_ENVELOPE] = np.clip(wide / deviation, _LEAST, _MOST)[_ENVELOPE]
        moved = np.zeros_like(mean)
        moved[_ENVELOPE] = (goal - factor * mean)[_ENVELOPE]
        factor[_PITCH] = my_range / their_range
        moved[_PITCH] = my_pitch - factor[_PITCH] * their_pitch
        factors[symbol], shifts[symbol] = factor, moved
    return Conversion(factors, shifts)


def _frames(prompts: Iterable[Prompt]) -> dict[str, np.ndarray]:
    """Symbol -> its frames in all prompts, float64 [frames, 38]."""
    frames: dict[str, list[np.ndarray]] = {}
    for prompt in prompts:
        ends = np.cumsum(prompt.timeline.durations)
        parts = np.split(prompt.controls.astype(np.float64), ends[:-1])
        for symbol, part in zip(prompt.timeline.symbols, parts, strict=True):
            frames.setdefault(symbol, []).append(part)
    return {symbol: np.concatenate(parts) for symbol, parts in frames.items()}


def _speech(frames: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([part for symbol, part in frames.items() if symbol != PAUSE])


def _pitch(frames: dict[str, np.ndarray]) -> tuple[float, float]:
    """Mean and deviation of log2 of the fundamental frequency, where there is a voice."""
    speech = _speech(frames)
    pitch = speech[speech[:, ENVELOPE_BANDS] > _VOICED, _PITCH]
    return float(pitch.mean()), float(pitch.std())


def _smoothed(change: np.ndarray) -> np.ndarray:
    half = len(_SMOOTH) // 2
    padded = np.pad(change, ((half, half), (0, 0)), mode="edge")
    mean: np.ndarray = sum(
        weight * padded[at : at + len(change)] for at, weight in enumerate(_SMOOTH)
    )
    return mean
