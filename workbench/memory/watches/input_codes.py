"""Small numbers that say what a frame's inputs are like: rows that it asks for, and features of a sound.

    rows of an embedding    the first code of the frame; -1 or the number of rows beyond them
    any other input         loudness = half_bits(sum of |x|), movement = half_bits(sum of |x[i] - x[i - 1]|),
                            crossings = 16 * pairs of neighbours of which one is negative / codes

Layout: of a frame in the order of the inputs; a number is known where it is below its number of levels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from workbench.integer.operators import Embed
from workbench.integer.program import Program
from workbench.integer.signals import Signal

SOUND_LEVELS = (50, 50, 17)  # loudness, movement, crossings; of at most MOST_CODES codes
MOST_CODES = 2**16
CROSSINGS = 16


def levels_of(program: Program, inputs: Sequence[str]) -> list[int]:
    """How many values each number of a frame has, by what the program is."""
    found: list[int] = []
    for name in inputs:
        rows = rows_of(program, name)
        found += [rows] if rows else SOUND_LEVELS
    return found


def rows_of(program: Program, name: str) -> int:
    """Rows that an input chooses from, 0 where it is a sound."""
    rows = [
        each.index_rows()
        for each in program.operators
        if isinstance(each, Embed) and each.sources[0] == name
    ]
    return max(rows, default=0)


def numbers_of(
    program: Program, inputs: Sequence[str], codes: Mapping[str, np.ndarray]
) -> np.ndarray:
    """The numbers of each frame, int64 [frames, numbers]; codes: [frames * rate, channels] by input."""
    columns: list[np.ndarray] = []
    for name in inputs:
        if rows := rows_of(program, name):
            signal = program.signal(name)
            first = codes[name].reshape(-1, signal.rate * signal.channels)[:, 0]  # [frames]
            columns.append(np.clip(first.astype(np.int64), -1, rows))
        else:
            columns += _of_sound(codes[name], program.signal(name))
    return np.stack(columns, axis=1)


def _of_sound(codes: np.ndarray, signal: Signal) -> list[np.ndarray]:
    x = codes.astype(np.int64).reshape(-1, signal.rate * signal.channels)  # [frames, codes]
    negative = x < 0
    crossed = (negative[:, 1:] != negative[:, :-1]).sum(axis=1)
    return [
        half_bits(np.abs(x).sum(axis=1)),
        half_bits(np.abs(np.diff(x, axis=1)).sum(axis=1)),
        CROSSINGS * crossed // x.shape[1],
    ]


def half_bits(values: np.ndarray) -> np.ndarray:
    """Twice the bits of numbers up to 2^32, and one more where the second highest is set.

    >>> half_bits(np.array([0, 1, 2, 3, 4, 6, 7, 8])).tolist()
    [0, 2, 4, 5, 6, 7, 7, 8]
    """
    bits = np.frexp(values.astype(np.float64))[1].astype(np.int64)
    second = (values.astype(np.int64) >> np.maximum(bits - 2, 0)) & 1
    return 2 * bits + np.where(bits > 1, second, 0)
