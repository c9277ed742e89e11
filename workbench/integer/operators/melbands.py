"""Log-mel bands of a sound, 100 times a second: what a network hears with.

Reference: triangular filters on the mel scale, Davis and Mermelstein 1980, https://doi.org/10.1109/TASSP.1980.1163420,
of the spectrum of 512 real samples, which is split out of one transform of 256 complex points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.audio.hearing import (
    BAND_EXPONENT,
    BANDS,
    HOP,
    SAMPLE_RATE_HZ,
    SOUND_EXPONENT,
    WINDOW,
    corners_hz,
)
from workbench.integer.operators.fourier import POINTS, inverse_fft
from workbench.integer.operators.operator import OnSums, Operator, StateTensor
from workbench.integer.operators.shifts import wrap_int32
from workbench.integer.sections import TABLE
from workbench.integer.signals import Signal

PAST = WINDOW - HOP  # samples of earlier frames in a window
_BINS = POINTS + 1
_FLOOR_BITS = 12  # a band of silence is 2**12
_FRAMES_AT_ONCE = 64


@dataclass(frozen=True, eq=False, repr=False)
class MelBands(Operator):
    """Frames of 160 samples -> 32 bands each, of the last 512 samples.

        samples, int16 Q0.15, under a Hann window, the last 352 of the past in front of the 160 new ones
        X[k] = their Fourier transform, k = 0..256, 31.25 Hz apart; times 8, in steps of a sample
        |X| about max(a, 7/8 a + 1/2 b), a the larger and b the smaller of the two parts without their signs
        band = sum over bins of |X| / 64, rounded half up, times the share that the bin has in it, in 256ths
        code = 16 log2(band / 2 / 2**12 + 1) - 128, int8 Q3.4

    window: int16 Q0.15 [256], rising; its mirror image falls.
    sine: int16 Q0.15 [256], of a whole turn: twiddle factors.
    twist: int16 Q0.15 [129], cosine of a quarter turn: what splits the transform of pairs of samples.
    place: int16 Q7.8 [257], where each bin lies between the bands' middles; beyond 0..31 in the nearer band, or in none.
    logarithm: int8 [256], 16 log2(1 + i / 256).

    `past` is all that it remembers, so that a fault of it is gone after three frames. Sums wrap modulo 2**32.
    """

    window: np.ndarray
    sine: np.ndarray
    twist: np.ndarray
    place: np.ndarray
    logarithm: np.ndarray

    PARAMETERS: ClassVar[Mapping[str, str]] = {
        "window": TABLE,
        "sine": TABLE,
        "twist": TABLE,
        "place": TABLE,
        "logarithm": TABLE,
    }
    AXES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "window": ("sample",),
        "sine": ("entry",),
        "twist": ("entry",),
        "place": ("bin",),
        "logarithm": ("entry",),
        "past": ("sample",),
    }

    @classmethod
    def standard(cls, name: str, source: str, target: str) -> MelBands:
        """The operator with the tables that its equations ask for.

        Args:
            name: Of the operator.
            source: Name of the signal of samples.
            target: Name of the signal of bands.
        """
        i = np.arange(POINTS)
        turns = np.arange(POINTS // 2 + 1) / WINDOW
        hann = np.sin(np.pi * (i + 0.5) / WINDOW) ** 2
        bins_hz = np.arange(_BINS) * SAMPLE_RATE_HZ / WINDOW
        places = np.interp(bins_hz, corners_hz(), np.arange(-1, BANDS + 1))
        return cls(
            name,
            (source,),
            target,
            window=np.minimum(np.rint(32768 * hann), 32767).astype(np.int16),
            sine=np.rint(32767 * np.sin(2 * np.pi * i / POINTS)).astype(np.int16),
            twist=np.rint(32767 * np.cos(2 * np.pi * turns)).astype(np.int16),
            place=np.rint(256 * places).astype(np.int16),
            logarithm=np.rint(16 * np.log2(1 + i / POINTS)).astype(np.int8),
        )

    def check(self, sources: tuple[Signal, ...], target: Signal) -> None:
        """Shapes, widths and scales are fixed."""
        self.need_codes(sources, target)
        self.need(
            sources[0] == Signal(sources[0].name, 16, 1, HOP, SOUND_EXPONENT),
            f"reads {HOP} samples a frame, int16 in steps of 2**{SOUND_EXPONENT}",
        )
        self.need(
            target == Signal(target.name, 8, BANDS, 1, BAND_EXPONENT),
            f"writes one row of {BANDS} bands a frame, int8 in steps of 2**{BAND_EXPONENT}",
        )
        for field, size in (("window", POINTS), ("sine", POINTS), ("twist", POINTS // 2 + 1)):
            self.need_array(field, np.int16, (size,))
        self.need_array("place", np.int16, (_BINS,))
        self.need_array("logarithm", np.int8, (POINTS,))

    def state(self, sources: tuple[Signal, ...]) -> tuple[StateTensor, ...]:
        """Samples of earlier frames, the oldest first."""
        return (StateTensor("past", 16, (PAST,)),)

    def step(
        self, sources: Sequence[np.ndarray], state: dict[str, np.ndarray], on_sums: OnSums
    ) -> np.ndarray:
        """Some frames at a time, for their size."""
        sound = np.concatenate([state["past"], sources[0][:, :, 0]], axis=1)  # [batch, samples]
        state["past"] = sound[:, sound.shape[1] - PAST :].copy()
        windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW, axis=1)[:, ::HOP]
        parts = [np.zeros((len(sound), 0, BANDS), np.int64)]
        for first in range(0, windows.shape[1], _FRAMES_AT_ONCE):
            parts.append(self._bands(windows[:, first : first + _FRAMES_AT_ONCE]))
        return np.concatenate(parts, axis=1)

    def _bands(self, samples: np.ndarray) -> np.ndarray:
        """Windows [batch, frames, 512] -> codes [batch, frames, 32]."""
        taper = self.window.astype(np.int64)
        tapered = samples * np.concatenate([taper, taper[::-1]]) >> 9
        magnitude = (_magnitude(*self._spectrum(tapered)) + 32) >> 6  # [batch, frames, 257]
        # Below 2**42, so that floating point is exact in any order of summation.
        sums = (magnitude.astype(np.float64) @ self._shares()).astype(np.int64)
        level = ((sums & 0xFFFFFFFF) >> 1) + (1 << _FLOOR_BITS)
        octave = np.frexp(level.astype(np.float64))[1] - 1  # exact, level is below 2**53
        fraction = (level >> (octave - 8)) & 255
        codes = ((octave - _FLOOR_BITS) << 4) + self.logarithm.astype(np.int64)[fraction] - 128
        return np.clip(codes, -128, 127)

    def _shares(self) -> np.ndarray:
        """The share of each bin in each band, in 256ths; float64 [257, 32]."""
        place = self.place.astype(np.int64)
        shares = np.zeros((_BINS, BANDS))
        for band, share in ((place >> 8, 256 - (place & 255)), ((place >> 8) + 1, place & 255)):
            inside = (band >= 0) & (band < BANDS)
            shares[inside, band[inside]] = share[inside]
        return shares

    def _spectrum(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Real and imaginary part of bins 0..256 of real samples [..., 512], times 8 / 64."""
        # Of pairs of samples as complex numbers; with parts exchanged, the inverse is the forward transform.
        im, re = inverse_fft(samples[..., 1::2], samples[..., ::2], self.sine)
        k = np.arange(POINTS // 2 + 1)
        a, b, c, d = re[..., k], im[..., k], re[..., -k % POINTS], im[..., -k % POINTS]
        cosine = self.twist.astype(np.int64)
        sine = cosine[::-1]
        even_re, even_im = (wrap_int32(part) >> 1 for part in (a + c, b - d))
        odd_re, odd_im = wrap_int32(b + d), wrap_int32(c - a)
        turned_re = (odd_re * cosine >> 16) + (odd_im * sine >> 16)
        turned_im = (odd_im * cosine >> 16) - (odd_re * sine >> 16)
        low = even_re + turned_re, even_im + turned_im  # bins 0..128
        high = even_re - turned_re, even_im - turned_im  # conjugates of bins 256..128
        joined_re, joined_im = (
            wrap_int32(np.concatenate([up, down[..., -2::-1]], axis=-1))
            for up, down in zip(low, high, strict=True)
        )
        return joined_re, joined_im


def _magnitude(re: np.ndarray, im: np.ndarray) -> np.ndarray:
    """About the absolute value, 3 % off at most, of parts within 32 bits; below 2**32."""
    larger, smaller = np.maximum(abs(re), abs(im)), np.minimum(abs(re), abs(im))
    result: np.ndarray = np.maximum(larger, larger - (larger >> 3) + (smaller >> 1))
    return result
