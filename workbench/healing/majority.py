"""A word that is kept three times, since memory may be damaged: the majority counts, bit by bit."""

from __future__ import annotations

from collections.abc import Iterable


def majority(copies: Iterable[int]) -> int:
    """Of three words, Python's or NumPy's."""
    a, b, c = map(int, copies)
    return a & b | a & c | b & c
