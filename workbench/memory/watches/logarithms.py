"""Binary logarithms of whole numbers, by a table of their fraction that lies in the image like what is learned."""

from __future__ import annotations

import numpy as np

from workbench.memory.watches.behaviour import bit_lengths

PER_BIT = 32  # what twice as much adds to a logarithm
LOG2 = np.round(PER_BIT * np.log2(1 + np.arange(PER_BIT) / PER_BIT)).astype(np.int64)  # the table


def logarithms(values: np.ndarray, table: np.ndarray) -> np.ndarray:
    """PER_BIT times the logarithms of numbers below 2^32, int64; 0 of 0.

    >>> logarithms(np.array([0, 1, 2, 3, 1024]), LOG2).tolist()
    [0, 0, 32, 51, 320]
    """
    whole = np.maximum(bit_lengths(values) - 1, 0)
    fraction = (values * PER_BIT >> whole) % PER_BIT
    return np.where(values > 0, PER_BIT * whole + table[fraction], 0)
