"""From a recording of a voice to the controls that a synthesiser makes it of again.

Reference: pitch-adaptive windows and smoothing over one harmonic, after CheapTrick, Morise 2015,
https://doi.org/10.1016/j.specom.2014.09.003; the harmonic share of a band is the normalised correlation of its
signal one period apart.
"""

from __future__ import annotations

import numpy as np

from workbench.audio.pitch import pitch_of
from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.audio.speech_controls import (
    CONTROLS,
    ENVELOPE_BANDS,
    HOP,
    VOICING_BANDS,
    band_weights,
)

FLOOR = -12.0  # log2 amplitude, -72 dB: digital silence is not worth learning
_FFT = 1024
_STEP_HZ = SAMPLE_RATE_HZ / _FFT
_PERIODS = 3  # in a window of the envelope
_UNVOICED_WINDOW, _UNVOICED_WIDTH_HZ = 320, 200.0
_CORRELATED = 480  # window of the harmonic shares, in samples
_LEAST_SHARE = (
    0.5  # of the lowest band of a voiced frame: it decides whether the synthesiser has a voice
)


def controls_of(samples: np.ndarray) -> np.ndarray:
    """The controls of a recording, float32 [1 + samples // 160, 38].

    Args:
        samples: Float [samples] at 16 kHz in [-1, 1].
    """
    signal = np.asarray(samples, np.float64)
    f0 = pitch_of(signal)
    voiced = f0 > 0
    frames = _frames(signal, len(f0))
    controls = np.empty((len(f0), CONTROLS), np.float32)
    controls[:, :ENVELOPE_BANDS] = _envelope(frames, f0)
    shares = _harmonic_shares(frames, f0)
    shares[voiced, 0] = np.maximum(shares[voiced, 0], _LEAST_SHARE)
    controls[:, ENVELOPE_BANDS : ENVELOPE_BANDS + VOICING_BANDS] = shares
    at = np.flatnonzero(voiced)
    # Where there is no voice its pitch goes on from one to the next; without any it does not matter.
    known = np.log2(f0[at]) if len(at) else np.array([7.6])
    controls[:, -1] = np.interp(np.arange(len(f0)), at if len(at) else [0], known)
    return controls


def _frames(signal: np.ndarray, count: int) -> np.ndarray:
    """Samples around the centre of each frame, float64 [frames, 1024]."""
    padded = np.pad(signal, (_FFT // 2, _FFT))
    return np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::HOP][:count]


def _windows(lengths: np.ndarray) -> np.ndarray:
    """Hann windows of these lengths in the middle of 1024 samples, of power 1."""
    place = np.abs(np.arange(_FFT) - _FFT // 2) / lengths[:, None]
    window = np.where(place < 0.5, 0.5 + 0.5 * np.cos(2 * np.pi * place), 0.0)
    normalised: np.ndarray = window / np.sqrt((window**2).sum(axis=1, keepdims=True))
    return normalised


def _envelope(frames: np.ndarray, f0: np.ndarray) -> np.ndarray:
    """log2 amplitude in each band, [frames, 32]: power smoothed over the width of one harmonic."""
    voiced = f0 > 0
    lengths = np.where(
        voiced, _PERIODS * SAMPLE_RATE_HZ / np.where(voiced, f0, 1), _UNVOICED_WINDOW
    )
    power = np.abs(np.fft.rfft(frames * _windows(lengths))) ** 2
    power = _smoothed(power, np.where(voiced, f0, _UNVOICED_WIDTH_HZ))
    bands = power @ band_weights(ENVELOPE_BANDS, np.arange(_FFT // 2 + 1) * _STEP_HZ)
    envelope: np.ndarray = np.maximum(0.5 * np.log2(np.maximum(bands, 1e-12)), FLOOR)
    return envelope


def _smoothed(power: np.ndarray, width_hz: np.ndarray) -> np.ndarray:
    """Means of spectra [frames, 513] over a width of its own for each, mirrored at both ends."""
    edge = 64
    mirrored = np.pad(power, ((0, 0), (edge, edge)), mode="reflect")
    sums = np.cumsum(np.pad(mirrored, ((0, 0), (1, 0))), axis=1)
    half = np.minimum(width_hz / _STEP_HZ / 2, edge - 1)[:, None]
    centre = edge + 0.5 + np.arange(power.shape[1])
    means: np.ndarray = (_between(sums, centre + half) - _between(sums, centre - half)) / (2 * half)
    return means


def _between(sums: np.ndarray, place: np.ndarray) -> np.ndarray:
    low = place.astype(np.int64)
    fraction = place - low
    rows = np.arange(len(sums))[:, None]
    values: np.ndarray = sums[rows, low] * (1 - fraction) + sums[rows, low + 1] * fraction
    return values


def _harmonic_shares(frames: np.ndarray, f0: np.ndarray) -> np.ndarray:
    """Share of each band's power that repeats after a period, 0 to 1, [frames, 5]; 0 without a voice."""
    voiced = np.flatnonzero(f0 > 0)
    window = _windows(np.full(1, float(_CORRELATED)))
    power = np.abs(np.fft.rfft(frames[voiced] * window)) ** 2
    own = np.fft.irfft(np.abs(np.fft.rfft(window)) ** 2)[0]  # what the window alone takes away
    turns = np.arange(_FFT // 2 + 1) / _FFT
    weights = band_weights(VOICING_BANDS, turns * SAMPLE_RATE_HZ)
    shares = np.zeros((len(f0), VOICING_BANDS))
    total = np.maximum(power @ weights, 1e-12)
    # A pitch that glides loses the phase of its high harmonics: the best of some near periods counts.
    for stretch in (0.985, 0.9925, 1.0, 1.0075, 1.015):
        period = stretch * SAMPLE_RATE_HZ / f0[voiced]
        repeated = (power * np.cos(2 * np.pi * period[:, None] * turns)) @ weights
        lost = np.interp(period, np.arange(_FFT // 2), own[: _FFT // 2])
        shares[voiced] = np.maximum(shares[voiced], repeated / total / lost[:, None])
    return np.clip(shares, 0, 1)
