"""Learns durations from alignments by ridge regression of logarithms, and measures them on other recordings."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from workbench.errors import WorkbenchError
from workbench.generators.speech.alignments import Row
from workbench.generators.speech.durations import OCTAVE, Durations, Place, effects_of, places_of
from workbench.generators.speech.phones import PAUSE

HELD_OUT = 10  # one recording in so many is not learnt from, and measures
_RIDGE = 1.0  # observations of no effect that each effect begins with
_LEAST_PAUSES = 5  # of a mark, to learn how long it lasts
_USUAL_PAUSE = 20  # frames, where there are fewer


@dataclass(frozen=True)
class Fit:
    """Durations, and how near they come to those of recordings that they were not learnt from.

    Args:
        durations: Learnt from the others.
        phones: How many were measured.
        error: Mean absolute error in frames of 10 ms.
        error_of_means: The same of a table of one mean for each phone.
        correlation: Of predicted and true frames.
    """

    durations: Durations
    phones: int
    error: float
    error_of_means: float
    correlation: float


def fit_durations(
    alignments: Mapping[str, Sequence[Row]], more: Sequence[Sequence[Row]] = ()
) -> Fit:
    """Learn from nine recordings in ten, measure on the tenth.

    Args:
        alignments: Label -> phones of a recording.
        more: Utterances from which phones are learnt, too, but no pauses.

    Raises:
        WorkbenchError: There are too few recordings for either.
    """
    held_out = {label for label in alignments if zlib.crc32(label.encode()) % HELD_OUT == 0}
    learnt = [rows for label, rows in alignments.items() if label not in held_out]
    places, frames = _observed([*learnt, *more])
    true_places, true_frames = _observed([alignments[label] for label in held_out])
    if not places or len(true_places) < 2:
        raise WorkbenchError(
            f"{len(alignments)} aligned recordings are too few to learn durations; fetch the whole voice"
        )
    durations = _learnt(places, frames, _pauses(learnt))
    means = _means(places, frames)
    said = np.array([durations.frames(place) for place in true_places])
    usual = np.array([means.get(place.symbol, frames.mean()) for place in true_places])
    return Fit(
        durations=durations,
        phones=len(true_places),
        error=float(np.abs(said - true_frames).mean()),
        error_of_means=float(np.abs(usual - true_frames).mean()),
        correlation=float(np.corrcoef(said, true_frames)[0, 1]),
    )


def _observed(utterances: Sequence[Sequence[Row]]) -> tuple[list[Place], np.ndarray]:
    """The phones of some utterances and their frames, float64 [phones]."""
    places: list[Place] = []
    frames: list[int] = []
    for rows in utterances:
        here = places_of([symbol for symbol, _, _ in rows])
        places += here
        frames += [length for symbol, _, length in rows if symbol not in (PAUSE, ",", ".")]
    return places, np.array(frames, np.float64)


def _learnt(places: Sequence[Place], frames: np.ndarray, pauses: Mapping[str, int]) -> Durations:
    effects = [effects_of(place) for place in places]
    columns = {effect: at for at, effect in enumerate(sorted({e for es in effects for e in es}))}
    design = np.zeros((len(places), len(columns)))  # [phones, effects], 1 where it has one
    for row, present in zip(design, effects, strict=True):
        row[[columns[effect] for effect in present]] = 1
    target = OCTAVE * np.log2(np.maximum(frames, 1))
    mean = round(float(target.mean()))
    normal = design.T @ design + _RIDGE * np.eye(len(columns))
    solved = np.linalg.solve(normal, design.T @ (target - mean))
    tables: dict[str, dict[str, int]] = {name: {} for name, _ in columns}
    for (name, key), at in columns.items():
        tables[name][key] = round(float(solved[at]))
    return Durations(mean=mean, pauses=pauses, **tables)


def _means(places: Sequence[Place], frames: np.ndarray) -> dict[str, float]:
    by_symbol: dict[str, list[float]] = {}
    for place, length in zip(places, frames, strict=True):
        by_symbol.setdefault(place.symbol, []).append(length)
    return {symbol: float(np.mean(lengths)) for symbol, lengths in by_symbol.items()}


def _pauses(utterances: Sequence[Sequence[Row]]) -> dict[str, int]:
    """Median frames of the silences within utterances, by their mark."""
    inside = [row for rows in utterances for row in rows[1:-1]]
    lengths = {
        m: [frames for symbol, _, frames in inside if symbol == m] for m in (",", ".", PAUSE)
    }
    return {
        mark: round(median(found)) if len(found) >= _LEAST_PAUSES else _USUAL_PAUSE
        for mark, found in lengths.items()
    }
