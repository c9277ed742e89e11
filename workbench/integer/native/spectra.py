"""Log-mel distance and MFCC-DTW of many sounds in C, see `native/spectra.c`.

The figures are those of `audio.spectral_distance`, equal with all kernels. Layout: sounds are output codes.
"""

from __future__ import annotations

import ctypes

import numpy as np

from workbench.audio.features import HOP, MAGNITUDE_FLOOR, MEL_BANDS, WINDOW, mel_filters
from workbench.audio.neighbours import COEFFICIENTS, cepstral_basis
from workbench.audio.spectral_distance import SpectralDistance, rounded, taper
from workbench.errors import WorkbenchError
from workbench.integer.native.build import kernels_asked_for, native_library

_pointer = ctypes.c_void_p


class _Yardstick(ctypes.Structure):
    _fields_ = (
        ("samples", ctypes.c_int32), ("frames", ctypes.c_int32), ("scale", ctypes.c_float),
        ("floor", ctypes.c_float), ("clean", _pointer), ("taper", _pointer), ("cosine", _pointer),
        ("bands", _pointer), ("weights", _pointer), ("basis", _pointer), ("clean_db", _pointer),
        ("clean_cepstra", _pointer), ("clean_centred", _pointer),
    )  # fmt: skip


class NativeSpectralDistance:
    """Measures sounds against a clean one.

    Args:
        clean: Codes [samples], at least one, of at most 16 bits.
        exponent: A step of the codes is 2**exponent; sounds are clipped to [-1, 1].
        sample_rate_hz: Of all sounds.
        kernels: See `native.instructions`; None for what $WORKBENCH_KERNELS says.

    Raises:
        WorkbenchError: The clean sound is empty, its rate is too low, or there is no C compiler.
    """

    def __init__(
        self, clean: np.ndarray, *, exponent: int, sample_rate_hz: int, kernels: str | None = None
    ) -> None:
        SpectralDistance(np.zeros(len(clean[:1]), np.float32), sample_rate_hz)  # refuses
        self._library = native_library(kernels or kernels_asked_for())
        self._kept: list[np.ndarray] = []
        frames = 1 + len(clean) // HOP
        filters = mel_filters(sample_rate_hz)  # [bins, bands]
        bands = np.argsort(-filters, axis=1, kind="stable")[:, :2]  # a bin lies in two at most
        turns = 2 * np.pi * np.arange(WINDOW) / WINDOW
        self._struct = _Yardstick(
            samples=len(clean),
            frames=frames,
            scale=2.0**exponent,
            floor=MAGNITUDE_FLOOR,
            clean=self._array(clean, np.int16),
            taper=self._array(taper(), np.float32),
            cosine=self._array(np.cos(turns), np.float32),
            bands=self._array(bands, np.int32),
            weights=self._array(np.take_along_axis(filters, bands, axis=1), np.float32),
            basis=self._array(cepstral_basis(), np.float32),
            clean_db=self._array(np.zeros((frames, MEL_BANDS)), np.float32),
            clean_cepstra=self._array(np.zeros((frames, COEFFICIENTS)), np.float32),
            clean_centred=self._array(np.zeros((frames, COEFFICIENTS)), np.float32),
        )
        self._library.wb_prepare_yardstick(ctypes.byref(self._struct))

    def of(self, sounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distances of codes [n, samples], as of `SpectralDistance.of`."""
        if sounds.shape[1:] != (self._struct.samples,):
            raise WorkbenchError(
                f"sounds of shape {sounds.shape} cannot be compared with one of {self._struct.samples:,} samples; "
                "cut them to its length"
            )
        codes = np.ascontiguousarray(sounds, np.int16)
        log_mel, warped = np.zeros(len(codes)), np.zeros(len(codes))
        failed = self._library.wb_distances(
            ctypes.byref(self._struct),
            codes.ctypes.data_as(_pointer),
            ctypes.c_int64(len(codes)),
            log_mel.ctypes.data_as(_pointer),
            warped.ctypes.data_as(_pointer),
        )
        if failed:
            raise WorkbenchError(
                "there is no memory to measure sounds of this length; use shorter ones"
            )
        return rounded(log_mel), rounded(warped)

    def _array(self, array: np.ndarray, dtype: type) -> int:
        copy: np.ndarray = np.ascontiguousarray(array, dtype)
        self._kept.append(copy)
        return copy.ctypes.data
