"""A fast Fourier transform in integers, which operators that know frequencies share.

Layout: the last axis is time or frequency, 256 points; words of 32 bits, whose sums wrap.
"""

from __future__ import annotations

import numpy as np

from workbench.integer.operators.shifts import wrap_int32

POINTS = 256
_REVERSED = np.array([int(f"{i:08b}"[::-1], 2) for i in range(POINTS)])


def turned(sine: np.ndarray, turns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sine and cosine of so many 256ths of a turn."""
    table = sine.astype(np.int64)
    return table[turns & 255], table[(turns + 64) & 255]


def inverse_fft(re: np.ndarray, im: np.ndarray, sine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum over k of Z[k] exp(2 pi j k n / 256), divided by 8; int32 [..., 256] each.

    Four stages of radix 4, of which the last three divide by 2, so that a product is the upper half of a word. Of
    spectra without faults, below 2**22 in each bin, all sums stay below 2**27.
    """
    shape = re.shape
    re, im = re[..., _REVERSED], im[..., _REVERSED]
    for size in (1, 4, 16, 64):
        re, im = (x.reshape(*shape[:-1], -1, 4, size) for x in (re, im))
        # In reversed order the parts of a block are those of the remainders 0, 2, 1, 3.
        (ar, ai), (cr, ci), (br, bi), (dr, di) = (
            _twisted(re[..., part, :], im[..., part, :], sine, remainder, size)
            for part, remainder in ((0, 0), (1, 2), (2, 1), (3, 3))
        )
        sr, si, ur, ui = ar + cr, ai + ci, ar - cr, ai - ci
        vr, vi, qr, qi = br + dr, bi + di, br - dr, bi - di
        re = wrap_int32(np.stack([sr + vr, ur - qi, sr - vr, ur + qi], axis=-2))
        im = wrap_int32(np.stack([si + vi, ui + qr, si - vi, ui - qr], axis=-2))
        re, im = re.reshape(shape), im.reshape(shape)
    return re, im


def _twisted(
    re: np.ndarray, im: np.ndarray, sine: np.ndarray, remainder: int, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Times exp(2 pi j remainder k / (4 size)) / 2 for k = 0..size - 1; in the first stage, as it is."""
    if size == 1:
        return re, im
    if remainder == 0:
        return re >> 1, im >> 1
    s, c = turned(sine, remainder * np.arange(size) * (POINTS // (4 * size)))
    return (re * c >> 16) - (im * s >> 16), (re * s >> 16) + (im * c >> 16)
