"""Distances of many sounds to one clean sound that no phase enters: log-mel, and MFCC with time warping.

The figures are those of `metrics.log_mel_db` and `neighbours.warped_distances`, computed for many sounds at once in
float32, with a band of `WARP_FRAMES` that a path of the warping may not leave: a fault shifts no phone in time.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from workbench.audio.features import (
    HOP,
    MAGNITUDE_FLOOR,
    MEL_BANDS,
    WINDOW,
    mel_filters,
)
from workbench.audio.neighbours import cepstral_basis
from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.errors import WorkbenchError

WARP_FRAMES = 8
_VALUES_AT_ONCE = 1 << 20  # of windowed frames, 4 MB
_DIGITS = 3  # of a figure; what is left of float32 differs from processor to processor


class SpectralDistance:
    """Measures sounds against a clean one.

    Args:
        clean: Float [samples] in [-1, 1], at least one.
        sample_rate_hz: Of all sounds.

    Raises:
        WorkbenchError: The clean sound is empty, or no row of samples.
    """

    def __init__(self, clean: np.ndarray, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
        if clean.ndim != 1 or not clean.size:
            raise WorkbenchError(
                f"a sound of shape {clean.shape} cannot be compared with others; give [samples], at least one"
            )
        self._clean = np.asarray(clean, np.float32)
        self._filters = mel_filters(sample_rate_hz).astype(np.float32)  # [1 + WINDOW / 2, bands]
        self._frames = 1 + len(self._clean) // HOP
        self._log_mel = self._spectra(self._clean[None])[0]  # [frames, bands]
        self._cepstra = _cepstra(self._log_mel[None])[0]  # [frames, coefficients]

    def of(self, sounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distances of some sounds.

        Args:
            sounds: Float [n, samples] in [-1, 1], as long as the clean one.

        Returns:
            Log-mel distance in dB and MFCC-DTW, float64 [n] each, rounded to 0.001; 0 for a sound that is equal.

        Raises:
            WorkbenchError: They are of another length.
        """
        if sounds.shape[1:] != self._clean.shape:
            raise WorkbenchError(
                f"sounds of shape {sounds.shape} cannot be compared with one of {len(self._clean):,} samples; cut "
                "them to its length"
            )
        log_mel, warped = np.zeros((2, len(sounds)))
        differ = np.flatnonzero((sounds != self._clean).any(axis=1))
        at_once = max(1, _VALUES_AT_ONCE // (self._frames * WINDOW))
        for start in range(0, len(differ), at_once):
            part = differ[start : start + at_once]
            spectra = self._spectra(sounds[part].astype(np.float32))  # [part, frames, bands]
            error = np.mean((spectra - self._log_mel) ** 2, axis=2)
            log_mel[part] = np.sqrt(error).mean(axis=1)
            warped[part] = warped_in_band(_cepstra(spectra), self._cepstra)
        return rounded(log_mel), rounded(warped)

    def _spectra(self, sounds: np.ndarray) -> np.ndarray:
        """Log-mel spectra in dB, float32 [n, frames, bands], as of `features.log_mel`."""
        padded = np.pad(sounds, ((0, 0), (WINDOW // 2, WINDOW)))
        frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=1)[:, ::HOP]
        windowed = frames[:, : self._frames] * taper()
        magnitude = np.abs(np.fft.rfft(windowed, axis=2))
        mel = magnitude.reshape(-1, magnitude.shape[2]) @ self._filters
        decibel = 20 * np.log10(np.maximum(mel, np.float32(MAGNITUDE_FLOOR)))
        return decibel.reshape(len(sounds), self._frames, MEL_BANDS)


def warped_in_band(tests: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Distance of each row of frames to one other, a path leaving the diagonal by at most `WARP_FRAMES`.

    The symmetric form of Sakoe and Chiba, as `neighbours.warped_distances`, with the band of theirs.

    Args:
        tests: Float [n, frames, coefficients].
        reference: Float [frames, coefficients].

    Returns:
        float64 [n], mean Euclidean distance of aligned frames.
    """
    count, frames = tests.shape[:2]
    width = min(WARP_FRAMES, frames - 1)
    offsets = range(-width, width + 1)
    # Column w of row i is the pair of frames (i, i + w - width); those outside of the square cost infinity.
    costs = np.full((frames, 2 * width + 1, count), np.inf, np.float32)
    for column, offset in enumerate(offsets):
        rows = np.arange(max(0, -offset), min(frames, frames - offset))
        difference = tests[:, rows] - reference[rows + offset]
        costs[rows, column] = np.sqrt(np.einsum("nfk,nfk->fn", difference, difference))
    before = np.full(
        (2 * width + 2, count), np.inf
    )  # sums of the row above; the last column is outside
    for row, cost in enumerate(costs):
        now = np.full_like(before, np.inf)
        slanted = before[:-1] + 2 * cost  # the same column lies one frame further in both
        upright = before[1:] + cost
        steps = np.minimum(slanted, upright)
        if row == 0:
            steps[width] = 2 * cost[width]
        sideways = np.full(count, np.inf)
        for column in range(len(cost)):
            sideways = np.minimum(sideways + cost[column], steps[column])
            now[column] = sideways
        before = now
    ends: np.ndarray = before[width] / (2 * frames)
    return ends


def _cepstra(log_mel: np.ndarray) -> np.ndarray:
    """MFCC 1 to 12 without their means, float32 [n, frames, 12], of float32 [n, frames, bands]."""
    cepstra: np.ndarray = log_mel @ cepstral_basis().astype(np.float32)
    return cepstra - cepstra.mean(axis=1, keepdims=True)


def rounded(distances: np.ndarray) -> np.ndarray:
    """As figures are told."""
    return np.round(distances, _DIGITS)


@lru_cache(maxsize=1)
def taper() -> np.ndarray:
    """A periodic Hann window, float32 [WINDOW]."""
    return np.hanning(WINDOW + 1)[:-1].astype(np.float32)
