"""Signals of an integer program: streams of signed codes, and how wide codes, sums and shifts are.

Layout: a code c of a signal with exponent e stands for the value c * 2**e.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
# The field of a stored shift: whatever a fault makes of the byte is clamped to it before use.
SHIFT_MIN, SHIFT_MAX = -15, 31
# Far beyond any microcontroller; they keep a damaged or hostile file from asking for the moon.
MOST_ROWS, MOST_CHANNELS, MOST_EXPONENT = 1 << 20, 1 << 16, 127


def code_range(bits: int) -> tuple[int, int]:
    """Lowest and highest signed code of `bits` bits.

    >>> code_range(8)
    (-128, 127)
    """
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


def code_dtype(bits: int) -> np.dtype:
    """The NumPy dtype that stores codes of 4, 8, 16 or 32 bits (4-bit codes are stored in int8)."""
    return np.dtype({4: np.int8, 8: np.int8, 16: np.int16, 32: np.int32}[bits])


@dataclass(frozen=True)
class Signal:
    """A stream of codes, `rate` rows of `channels` codes in every frame.

    Args:
        name: By which operators refer to it.
        bits: 8 or 16 for codes, 32 for row indexes (inputs of `Embed` only).
        channels: Codes of a row.
        rate: Rows of a frame.
        exponent: The value of one code step is 2**exponent; None for row indexes.
    """

    name: str
    bits: int
    channels: int
    rate: int
    exponent: int | None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and channels of one frame."""
        return self.rate, self.channels
