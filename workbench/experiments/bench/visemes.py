"""How well a face follows what is said, in the voice that the network learned and in others.

Two rulers: the alignment of a recording with its text, for held-out recordings, and a phone recogniser, which needs no
text and errs itself; how far the two agree says what can be expected of the second.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from workbench.audio.mouth_shapes import BLENDSHAPES, SHAPE_EXPONENT, VISEMES, shape_codes
from workbench.errors import WorkbenchError
from workbench.experiments.estimates.statistics import clustered
from workbench.experiments.voices.voice import Voice
from workbench.integer.ends import signal_in_front
from workbench.integer.frames import frames_of

_DRAWS = 2000  # of recordings, for intervals of correlations
_EDGES = (2.5, 97.5)


@dataclass(frozen=True, eq=False)
class Seen:
    """What is to be seen of one recording.

    Args:
        sound: int16 [frames * 160].
        visemes: int64 [frames], by a ruler.
    """

    sound: np.ndarray
    visemes: np.ndarray


@dataclass(frozen=True)
class Agreement:
    """Of a face with a ruler over some recordings; 95 % intervals over recordings.

    Args:
        recordings: How many.
        frames: Of all of them.
        accuracy: Share of the frames whose best viseme is the ruler's, 0 to 1.
        low, high: Its interval.
        majority: Share of the ruler's most frequent viseme.
        correlation: Of each blendshape with the ruler's, by name.
        correlation_low, correlation_high: Their intervals.
        error: Root mean square of the difference of a blendshape.
    """

    recordings: int
    frames: int
    accuracy: float
    low: float
    high: float
    majority: float
    correlation: dict[str, float]
    correlation_low: dict[str, float]
    correlation_high: dict[str, float]
    error: float


def agreement(voice: Voice, seen: Iterable[Seen]) -> Agreement:
    """Let the program of a voice follow recordings, each from silence.

    Raises:
        WorkbenchError: There is no recording.
    """
    frames = frames_of(voice.program)
    scores = signal_in_front(voice.program).name
    shapes = shape_codes() * 2.0**SHAPE_EXPONENT
    hits, lengths, moments, counts = [], [], [], np.zeros(len(VISEMES), np.int64)
    error = 0.0
    for each in seen:
        inputs = {voice.program.inputs[0]: each.sound[None, :, None]}
        made, _ = frames.step(
            inputs, frames.changed({}), frames.silence(), (scores, voice.program.output)
        )
        face = made[voice.program.output] * 2.0**SHAPE_EXPONENT  # [frames, shapes]
        wanted = shapes[each.visemes]
        hits.append(int((made[scores].argmax(axis=1) == each.visemes).sum()))
        lengths.append(len(face))
        moments.append(_moments(face, wanted))
        counts += np.bincount(each.visemes, minlength=len(VISEMES))
        error += float(((face - wanted) ** 2).sum())
    if not hits:
        raise WorkbenchError("there is no recording to follow; name others")
    low, high = map(float, clustered(np.array(hits), np.array(lengths)))
    drawn = np.random.default_rng(0).integers(0, len(hits), (_DRAWS, len(hits)))
    of_shapes = np.array(moments)  # [recordings, 6, shapes]
    between = np.nanpercentile(_correlation(of_shapes[drawn].sum(axis=1)), _EDGES, axis=0)
    total = sum(lengths)
    return Agreement(
        recordings=len(hits),
        frames=total,
        accuracy=sum(hits) / total,
        low=low,
        high=high,
        majority=float(counts.max() / total),
        correlation=_named(_correlation(of_shapes.sum(axis=0)[None])[0]),
        correlation_low=_named(between[0]),
        correlation_high=_named(between[1]),
        error=float(np.sqrt(error / (total * len(BLENDSHAPES)))),
    )


def _moments(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Count, sums, squares and products of columns, float64 [6, columns]."""
    ones = np.ones_like(x)
    return np.stack([each.sum(axis=0) for each in (ones, x, y, x * x, y * y, x * y)])


def _correlation(moments: np.ndarray) -> np.ndarray:
    """Of moments [n, 6, columns]; nan where nothing moves."""
    n, x, y, xx, yy, xy = moments.swapaxes(0, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        result: np.ndarray = (n * xy - x * y) / np.sqrt((n * xx - x * x) * (n * yy - y * y))
    return result


def _named(values: np.ndarray) -> dict[str, float]:
    return dict(zip(BLENDSHAPES, values.tolist(), strict=True))
