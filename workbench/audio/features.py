"""Auditory features of a signal: log-mel spectra, spectrograms in dB, resampling.

Short-time spectra are centred and zero-padded: [samples] become 1 + samples // 160 frames of 10 ms.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.errors import WorkbenchError

MEL_BANDS = 40
WINDOW = 512
HOP = 160
LOWEST_HZ = 60.0
HIGHEST_HZ = 7600.0
# Smallest mel magnitude that differs from silence (-60 dB). A full-scale sine reaches about 100.
MAGNITUDE_FLOOR = 1e-3


def log_mel(samples: np.ndarray, sample_rate_hz: int = SAMPLE_RATE_HZ) -> np.ndarray:
    """Return the log-mel spectrum, float32 [frames, 40] in dB, never below -60.

    20 log10 max(M |STFT(x)|, 1e-3), with a Hann window of 512 samples every 160 samples and M the
    40 triangular filters of the HTK mel scale, 2595 log10(1 + f / 700), from 60 Hz to 7600 Hz.
    Raises WorkbenchError when `samples` is empty, not [samples] or not finite.
    """
    magnitude = stft_magnitude(_signal(samples), WINDOW, WINDOW, HOP)
    mel = magnitude @ mel_filters(sample_rate_hz)
    return (20 * np.log10(np.maximum(mel, MAGNITUDE_FLOOR))).astype(np.float32)


def spectrogram_db(
    samples: np.ndarray, *, window: int = WINDOW, hop: int = HOP, floor_db: float = -80.0
) -> np.ndarray:
    """Return a picture of a signal: float32 [1 + window / 2, frames] in dB, never below `floor_db`.

    0 dB is the peak of a full-scale sine: 20 log10(|STFT(x)| / (sum of the Hann window / 2)).
    Row k is the frequency k x sample rate / window. Errors as `log_mel`.
    """
    magnitude = stft_magnitude(_signal(samples), window, window, hop).T / (window / 4)
    decibel = 20 * np.log10(np.maximum(magnitude, 10 ** (floor_db / 20)))
    return decibel.astype(np.float32)


def stft_magnitude(signal: np.ndarray, fft: int, window: int, hop: int) -> np.ndarray:
    """Magnitudes of the short-time spectrum, float64 [1 + samples // hop, 1 + fft / 2].

    Frames of `fft` samples are centred and zero-padded; a periodic Hann window of `window` samples lies
    in their middle.
    """
    before = (fft - window) // 2
    taper = np.zeros(fft)
    taper[before : before + window] = np.hanning(window + 1)[:-1]
    padded = np.pad(signal.astype(np.float64), (fft // 2, fft - fft // 2))
    frames = np.lib.stride_tricks.sliding_window_view(padded, fft)[::hop]
    return np.abs(np.fft.rfft(frames[: 1 + len(signal) // hop] * taper, axis=1))


def resample(samples: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Return float32 [samples x to_hz / from_hz, rounded up], by windowed sinc interpolation.

    Raises WorkbenchError as `log_mel`, and for rates that are not positive.
    """
    if from_hz <= 0 or to_hz <= 0:
        raise WorkbenchError(
            f"cannot resample from {from_hz} Hz to {to_hz} Hz; give positive rates"
        )
    import torch

    from workbench.audio.pure_torchaudio import torchaudio

    with torch.no_grad():
        signal = torch.from_numpy(_signal(samples))
        return torchaudio.functional.resample(signal, from_hz, to_hz).numpy()


@lru_cache(maxsize=8)
def mel_filters(sample_rate_hz: int) -> np.ndarray:
    """Triangles from one band's middle to the next but one, float64 [1 + WINDOW / 2, MEL_BANDS].

    Raises:
        WorkbenchError: The rate is too low for a mel spectrum.
    """
    if sample_rate_hz <= 2 * LOWEST_HZ:
        raise WorkbenchError(f"a sample rate of {sample_rate_hz} Hz is too low for a mel spectrum")
    highest = min(HIGHEST_HZ, sample_rate_hz / 2)
    low, high = (2595 * np.log10(1 + hertz / 700) for hertz in (LOWEST_HZ, highest))
    corners = 700 * (10 ** (np.linspace(low, high, MEL_BANDS + 2) / 2595) - 1)
    frequency = np.linspace(0, sample_rate_hz // 2, 1 + WINDOW // 2)[:, None]
    widths = np.diff(corners)
    rising = (frequency - corners[:-2]) / widths[:-1]
    falling = (corners[2:] - frequency) / widths[1:]
    return np.maximum(0, np.minimum(rising, falling))


def _signal(samples: np.ndarray) -> np.ndarray:
    """Return float32 [samples], a copy; WorkbenchError as `log_mel` says."""
    signal = np.array(samples, dtype=np.float32)
    if signal.ndim != 1 or signal.size == 0 or not np.isfinite(signal).all():
        raise WorkbenchError(
            f"a signal of shape {signal.shape} is empty, not one-dimensional or not finite; "
            "look at what made it"
        )
    return signal
