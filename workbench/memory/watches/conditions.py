"""Conditions: frames are compared with clean frames in which the same was said.

A quarter second of a vowel differs more from one of silence than a fault changes either. What is said shows in the rows
of an embedding that a frame asks for, as phones or words, and inputs come from outside: no fault of the memory changes them.
Rows are put together to classes by what clean frames were like, two at a time: those by which least is lost of what a row
tells about a code.

Reference: the agglomerative information bottleneck, Slonim and Tishby 1999,
https://papers.nips.cc/paper_files/paper/1999/hash/be3e9d3f7d70537357c67bb3f4086846-Abstract.html.
"""

from __future__ import annotations

import numpy as np

from workbench.integer.operators import Embed
from workbench.integer.program import Program


def conditions_of(program: Program) -> dict[str, int]:
    """Inputs that choose rows of an embedding, and how many rows there are, by name."""
    found: dict[str, int] = {}
    for operator in program.operators:
        if isinstance(operator, Embed) and operator.sources[0] in program.inputs:
            name = operator.sources[0]
            if program.signal(name).rate == 1:
                found[name] = max(found.get(name, 0), operator.index_rows())
    return found


def classes_in(codes: np.ndarray, of_row: np.ndarray, classes: int) -> np.ndarray:
    """The class of each frame, int64 [frames].

    Args:
        codes: Of the input, [frames, 1]; clamped to the rows that there are, as an embedding does.
        of_row: Class of each row, clamped to 0 .. classes - 1.
        classes: How many there are.
    """
    row = np.clip(codes.reshape(-1).astype(np.int64), 0, len(of_row) - 1)
    return np.clip(of_row.astype(np.int64)[row], 0, classes - 1)


def information(counts: np.ndarray) -> float:
    """Bits that a row tells about a code, on average over channels; counts: [rows, channels, bins]."""
    share = counts / max(counts.sum(), 1)
    row = share.sum(axis=2, keepdims=True)  # [rows, channels, 1]
    code = share.sum(axis=0, keepdims=True)  # [1, channels, bins]
    channel = share.sum(axis=(0, 2), keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = share * np.log2(share * channel / (row * code))
    return float(np.nansum(bits))


def merged(counts: np.ndarray, classes: int) -> np.ndarray:
    """The class of each row, int64 [rows].

    Args:
        counts: How often a row's frames had a code of a channel in a bin, [rows, channels, bins].
        classes: At most so many are left; rows that were never seen belong to the most frequent one.

    Returns:
        Classes numbered by their first rows.
    """
    rows = len(counts)
    groups = {n: [n] for n in range(rows) if counts[n].any()}
    held = {n: counts[n].astype(np.float64) for n in groups}
    if not groups:
        return np.zeros(rows, np.int64)
    loss = {(a, b): _loss(held[a], held[b]) for a in groups for b in groups if a < b}
    while len(groups) > classes:
        a, b = min(loss, key=loss.__getitem__)
        groups[a] += groups.pop(b)
        held[a] = held[a] + held.pop(b)
        loss = {pair: value for pair, value in loss.items() if not {a, b} & set(pair)}
        loss |= {(min(a, c), max(a, c)): _loss(held[a], held[c]) for c in groups if c != a}
    most = max(groups, key=lambda n: held[n].sum())
    found = np.full(rows, sorted(groups).index(most))
    for number, first in enumerate(sorted(groups)):
        found[groups[first]] = number
    return found


def _loss(a: np.ndarray, b: np.ndarray) -> float:
    """Counted bits that are lost where two rows become one."""
    return _spread(a + b) - _spread(a) - _spread(b)


def _spread(counts: np.ndarray) -> float:
    """Entropy of each channel's codes times how many there are; counts: [channels, bins]."""
    total = counts.sum(axis=1)
    inside = counts[counts > 0]
    return float(
        (total[total > 0] * np.log2(total[total > 0])).sum() - (inside * np.log2(inside)).sum()
    )
