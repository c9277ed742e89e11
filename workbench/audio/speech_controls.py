"""The controls of a harmonic plus noise synthesiser: what a frame of them holds, and its bands.

A frame, 100 a second: log2 amplitude in 32 bands (0: white noise of variance 1), share of the power that is
harmonic in 5 bands, log2 of the fundamental frequency in Hz; as codes, Q4.11 each.
"""

from __future__ import annotations

import math

import numpy as np

ENVELOPE_BANDS, VOICING_BANDS = 32, 5
CONTROLS = ENVELOPE_BANDS + VOICING_BANDS + 1
CONTROL_EXPONENT = -11
HOP = 160  # samples of a frame at 16 kHz
_BANDS_HZ = 80.0, 7900.0


def band_centres_hz(bands: int) -> np.ndarray:
    """Centres of mass of triangular bands on the mel scale from 80 to 7,900 Hz, float64 [bands]."""
    corners = _corners_hz(bands)
    return (corners[:-2] + corners[1:-1] + corners[2:]) / 3


def band_weights(bands: int, frequency_hz: np.ndarray) -> np.ndarray:
    """The same triangles at some frequencies, each with the sum 1, float64 [frequencies, bands]."""
    corners = _corners_hz(bands)
    widths = np.diff(corners)
    rising = (frequency_hz[:, None] - corners[:-2]) / widths[:-1]
    falling = (corners[2:] - frequency_hz[:, None]) / widths[1:]
    triangles = np.maximum(0, np.minimum(rising, falling))
    weights: np.ndarray = triangles / triangles.sum(axis=0)
    return weights


def _corners_hz(bands: int) -> np.ndarray:
    low, high = (2595 * math.log10(1 + hz / 700) for hz in _BANDS_HZ)
    corners: np.ndarray = 700 * (10 ** (np.linspace(low, high, bands + 2) / 2595) - 1)
    return corners
