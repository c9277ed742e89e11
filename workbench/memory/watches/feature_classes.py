"""Logarithms of the features of clean frames, and the classes that tell them apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from workbench.integer.program import Program
from workbench.integer.signals import Signal
from workbench.memory.watches.conditions import conditions_of, information, merged
from workbench.memory.watches.frame_features import features_of
from workbench.memory.watches.logarithms import LOG2, logarithms

_BINS = 16
_GAIN = 0.02  # bits a feature that a condition has to tell, to be worth its bytes


@dataclass(frozen=True)
class FeatureFrames:
    """Of clean frames.

    Args:
        condition: The input that tells most about their features, "" where none tells anything to speak of.
        of_row: Class of each of its rows, int64 [rows].
        group: Class of each frame, int64 [frames].
        logged: Logarithms of features + 1, int64 [frames, features].
        classes: How many; each has frames.
    """

    condition: str
    of_row: np.ndarray
    group: np.ndarray
    logged: np.ndarray
    classes: int


def learned_features(
    program: Program,
    signal: Signal,
    utterances: Iterable[Mapping[str, np.ndarray]],
    *,
    classes: int,
) -> FeatureFrames:
    """What clean utterances tell; see `FeatureFrames`.

    Args:
        program: That computed them.
        signal: Whose frames are looked at.
        utterances: Codes of the signal and of all conditions, [frames * rate, channels] by name; at least one.
        classes: At most so many.
    """
    known, features = conditions_of(program), []
    said: dict[str, list[np.ndarray]] = {name: [] for name in known}
    for codes in utterances:
        features.append(logarithms(features_of(codes[signal.name], signal) + 1, LOG2))
        for name, rows in known.items():
            said[name].append(np.clip(codes[name].reshape(-1).astype(np.int64), 0, rows - 1))
    logged = np.concatenate(features)
    best, chosen = _GAIN, ("", np.zeros(0, np.int64), np.zeros(len(logged), np.int64))
    for name, rows in known.items():
        row = np.concatenate(said[name])
        counts = _counted(logged, row, rows)
        seen = int(counts.any(axis=(1, 2)).sum())
        by_chance = (seen - 1) * (_BINS - 1) / (2 * np.log(2) * len(logged))
        told = information(counts) - by_chance
        if told > best:
            of_row = merged(counts, classes)
            best, chosen = told, (name, of_row, of_row[row])
    condition, of_row, group = chosen
    count = int(of_row.max(initial=0)) + 1
    if count == 1:
        condition, of_row = "", of_row[:0]
    return FeatureFrames(condition, of_row, group, logged, count)


def _counted(logged: np.ndarray, row: np.ndarray, rows: int) -> np.ndarray:
    """Frames of each row by feature, in bins of about as many frames each, int64 [rows, features, _BINS]."""
    made = []
    for values in logged.T:
        edges = np.quantile(values, np.arange(1, _BINS) / _BINS)
        where = np.searchsorted(edges, values)
        flat = np.bincount(row * _BINS + where, minlength=rows * _BINS)
        made.append(flat.reshape(rows, _BINS))
    return np.stack(made, axis=1)
