"""Requantisation by powers of two, and sums that wrap: the arithmetic that operators share.

Reference: dyadic requantisation, Jacob et al. 2018, https://arxiv.org/abs/1712.05877, with every
multiplier a shift.
"""

from __future__ import annotations

import numpy as np

from workbench.integer.signals import SHIFT_MAX, SHIFT_MIN


def wrap_int32(x: np.ndarray) -> np.ndarray:
    """Reduce int64 values modulo 2**32 to -2**31 .. 2**31 - 1, as unsigned 32-bit sums do."""
    return ((x + 2**31) & (2**32 - 1)) - 2**31


def requantise(accumulator: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Shift right (floor) where `shift` is positive, left where negative; no rounding of its own."""
    shift = np.clip(shift.astype(np.int64), SHIFT_MIN, SHIFT_MAX)
    return (accumulator >> np.maximum(shift, 0)) << np.maximum(-shift, 0)
