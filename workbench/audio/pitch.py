"""The fundamental frequency of a voice, frame by frame.

Reference: normalised correlation of the signal with itself and a smooth path through its peaks, after Talkin 1995,
"A robust algorithm for pitch tracking". Frames of 10 ms at 16 kHz, centred on sample 160 * frame.
"""

from __future__ import annotations

import numpy as np

from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.audio.speech_controls import HOP

_LONGEST, _SHORTEST = SAMPLE_RATE_HZ // 90, SAMPLE_RATE_HZ // 420  # periods, in samples
_WINDOW = 480
_FFT = 1024
_UNVOICED = 0.55  # what a path pays for a frame without a pitch: 1 - correlation of a poor one
_CHANGE, _SWITCH = (
    1.5,
    0.25,
)  # cost of an octave from frame to frame, and of beginning or ending a voice
_SHORT_IS_LIKELIER = 0.06  # two periods correlate as well as one
_QUIET = 1e-3  # frames whose amplitude is below this share of the largest have no pitch


def pitch_of(samples: np.ndarray) -> np.ndarray:
    """Fundamental frequency in Hz, float64 [1 + samples // 160]; 0 where there is no voice.

    Args:
        samples: Float [samples] at 16 kHz.
    """
    correlation, energy = _correlation(np.asarray(samples, np.float64))
    lags = np.arange(_SHORTEST, _LONGEST + 1)
    cost = 1 - correlation[:, lags] + _SHORT_IS_LIKELIER * np.log2(lags / _SHORTEST)
    cost[energy < _QUIET**2 * energy.max(initial=0)] = 2.0
    path = _cheapest_path(cost, np.log2(lags))
    voiced = path >= 0
    chosen = lags[np.maximum(path, 0)]
    f0: np.ndarray = np.where(voiced, SAMPLE_RATE_HZ / _refined(correlation, chosen), 0.0)
    return f0


def _correlation(signal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normalised correlation [frames, 1 + longest lag] of a window with what follows it, and power [frames]."""
    reach = _WINDOW + _LONGEST + 1
    padded = np.pad(signal, (reach // 2, reach))
    frames = np.lib.stride_tricks.sliding_window_view(padded, reach)[::HOP]
    frames = frames[: 1 + len(signal) // HOP]
    head = np.fft.rfft(frames[:, :_WINDOW], _FFT)
    whole = np.fft.rfft(frames, _FFT)
    products = np.fft.irfft(head.conj() * whole, _FFT)[:, : _LONGEST + 2]
    sums = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), axis=1)
    power = sums[:, _WINDOW : _WINDOW + _LONGEST + 2] - sums[:, : _LONGEST + 2]
    scale = np.sqrt(np.maximum(power * power[:, :1], 1e-20))
    return products / scale, power[:, 0]


def _cheapest_path(cost: np.ndarray, octaves: np.ndarray) -> np.ndarray:
    """Index of the lag of each frame, -1 for none, so that costs and changes are least in sum (Viterbi)."""
    change = _CHANGE * np.abs(octaves[:, None] - octaves)  # [to, from]
    voiced, silent = cost[0].copy(), _UNVOICED
    came = np.zeros((len(cost), cost.shape[1] + 1), np.int64)  # the last column: of no pitch
    for frame in range(1, len(cost)):
        ways = change + voiced
        best = ways.argmin(axis=1)
        cheapest = ways[np.arange(len(best)), best]
        begun = silent + _SWITCH
        came[frame, :-1] = np.where(begun < cheapest, -1, best)
        ended = int(voiced.argmin())
        stop = voiced[ended] + _SWITCH
        came[frame, -1] = ended if stop < silent else -1
        voiced = np.minimum(cheapest, begun) + cost[frame]
        silent = min(silent, stop) + _UNVOICED
    path = np.empty(len(cost), np.int64)
    path[-1] = int(voiced.argmin()) if voiced.min() < silent else -1
    for frame in range(len(cost) - 1, 0, -1):
        path[frame - 1] = came[frame, path[frame]]
    return path


def _refined(correlation: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Lags between samples: the top of a parabola through three values."""
    rows = np.arange(len(lags))
    before, at, after = (correlation[rows, lags + step] for step in (-1, 0, 1))
    bend = before - 2 * at + after
    shift = np.where(bend < -1e-9, 0.5 * (before - after) / np.minimum(bend, -1e-9), 0.0)
    refined: np.ndarray = lags + np.clip(shift, -0.5, 0.5)
    return refined
