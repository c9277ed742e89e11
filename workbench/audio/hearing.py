"""Log-mel bands that a network hears: their frame, their bands and their steps, for whoever computes or learns them.

A frame, 100 a second: the logarithm of the magnitude in 32 bands of 512 samples, in steps of 1/16 octave.
"""

from __future__ import annotations

import math

import numpy as np

SAMPLE_RATE_HZ, HOP, WINDOW, BANDS = 16_000, 160, 512, 32
SOUND_EXPONENT, BAND_EXPONENT = -15, -4
_LOWEST_HZ, _HIGHEST_HZ = 80.0, 7600.0


def corners_hz() -> np.ndarray:
    """Of triangles on the mel scale, float64 [34]: band b rises from corner b to b + 1 and falls to b + 2."""
    low, high = (2595 * math.log10(1 + hz / 700) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    corners: np.ndarray = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    return corners
