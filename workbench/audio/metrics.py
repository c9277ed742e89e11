"""Distance of a test signal from a reference: SNR, log-mel and STFT distance, STOI, PESQ.

All take float [samples] of equal length, test first. Every metric raises WorkbenchError for signals
that are empty, not finite or of unequal length; silence is treated as each metric says.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from workbench.audio.features import log_mel, resample, stft_magnitude
from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.errors import WorkbenchError

# FFT size, window and hop in samples: Yamamoto et al. 2020, table 1.
STFT_RESOLUTIONS = ((512, 240, 50), (1024, 600, 120), (2048, 1200, 240))
# Magnitudes below count as silence, so that the noise of 16-bit rounding weighs nothing.
_STFT_FLOOR = 1e-3


class MetricUnavailable(WorkbenchError):  # noqa: N818
    """A metric has no value here: its package is missing or it is not defined for the signal."""


def snr_db(test: np.ndarray, reference: np.ndarray) -> float:
    """Return 10 log10(sum r^2 / sum (t - r)^2) in dB; inf when the signals are equal.

    A silent reference gives -inf, unless the test is silent as well.
    """
    test, reference = _pair(test, reference)
    noise = float(np.sum((test - reference) ** 2))
    signal = float(np.sum(reference**2))
    if noise == 0.0:
        return math.inf
    return 10.0 * math.log10(signal / noise) if signal > 0.0 else -math.inf


def log_mel_db(
    test: np.ndarray, reference: np.ndarray, *, sample_rate_hz: int = SAMPLE_RATE_HZ
) -> float:
    """Return the log-mel distance in dB: RMS over the 40 bands, then the mean over the frames.

    It ignores phase. Silence is a spectrum of -60 dB throughout.
    """
    test, reference = _pair(test, reference)
    if np.array_equal(test, reference):
        return 0.0
    difference = log_mel(test, sample_rate_hz) - log_mel(reference, sample_rate_hz)
    return float(np.sqrt(np.mean(difference.astype(np.float64) ** 2, axis=1)).mean())


def multi_resolution_stft(test: np.ndarray, reference: np.ndarray) -> float:
    """Return the multi-resolution STFT distance, without unit, 0 when the signals are equal.

    The mean over three resolutions of ||R - T||_F / ||R||_F + mean |log R - log T|, R and T the
    STFT magnitudes, here not below 1e-3.
    Source: Yamamoto, Song and Kim 2020, equations 3 to 6, https://arxiv.org/abs/1910.11480
    Raises MetricUnavailable for a silent reference.
    """
    test, reference = _pair(test, reference)
    if not reference.any():
        raise MetricUnavailable("the STFT distance is not defined for a silent reference")
    if np.array_equal(test, reference):
        return 0.0  # rounding would leave 1e-19 now and then
    return float(np.mean([_stft_distance(test, reference, *size) for size in STFT_RESOLUTIONS]))


def stoi(test: np.ndarray, reference: np.ndarray, *, sample_rate_hz: int = SAMPLE_RATE_HZ) -> float:
    """Return the short-time objective intelligibility, about 0 to 1, by pystoi.

    Source: Taal et al. 2011, https://doi.org/10.1109/TASL.2011.2114881
    Raises MetricUnavailable without pystoi, for a silent signal, and for less than about 0.4 s of
    sound.
    """
    test, reference = _pair(test, reference)
    try:
        from pystoi import stoi as pystoi
    except ImportError as error:
        raise _package_missing("STOI", "pystoi", "speech") from error
    _refuse_silence("STOI", test, reference)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return float(pystoi(reference, test, sample_rate_hz))
        except (RuntimeWarning, ValueError) as error:
            raise MetricUnavailable("STOI needs about 0.4 s of sound and there is less") from error


def pesq_nb(
    test: np.ndarray, reference: np.ndarray, *, sample_rate_hz: int = SAMPLE_RATE_HZ
) -> float:
    """Return narrow-band PESQ as MOS-LQO, 1.0 to 4.55, of the signals resampled to 8 kHz.

    Source: ITU-T P.862 and P.862.1, by the package pesq.
    Raises MetricUnavailable without pesq, for a silent signal, when it finds no utterance and for
    less than 0.25 s.
    """
    test, reference = _pair(test, reference)
    try:
        import pesq
    except ImportError as error:
        raise _package_missing("PESQ", "pesq", "pesq") from error
    _refuse_silence("PESQ", test, reference)
    narrow = [resample(signal, sample_rate_hz, 8000) for signal in (reference, test)]
    try:
        score = float(pesq.pesq(8000, *narrow, "nb"))
    except (pesq.PesqError, ValueError, ZeroDivisionError) as error:
        raise MetricUnavailable(f"PESQ has no value for this sound ({_plain(error)})") from error
    if not math.isfinite(score):
        raise MetricUnavailable("PESQ has no value for this sound (not a number)")
    return score


def _pair(test: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both signals as float64 [samples]; WorkbenchError as the module says."""
    pair = np.asarray(test, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    shapes = [signal.shape for signal in pair]
    if shapes[0] != shapes[1] or pair[0].ndim != 1 or pair[0].size == 0:
        raise WorkbenchError(
            f"cannot compare sounds of shapes {shapes[0]} and {shapes[1]}; "
            "cut both to the same number of samples, at least one"
        )
    for name, signal in zip(("test", "reference"), pair, strict=True):
        if not np.isfinite(signal).all():
            raise WorkbenchError(
                f"the {name} sound holds values that are not finite; look at what made it"
            )
    return pair


def _stft_distance(
    test: np.ndarray, reference: np.ndarray, fft: int, window: int, hop: int
) -> float:
    t, r = (
        np.maximum(stft_magnitude(signal, fft, window, hop), _STFT_FLOOR)
        for signal in (test, reference)
    )
    convergence = np.linalg.norm(r - t) / np.linalg.norm(r)
    return float(convergence + np.abs(np.log(r) - np.log(t)).mean())


def _package_missing(metric: str, package: str, extra: str) -> MetricUnavailable:
    return MetricUnavailable(
        f"{metric} needs the package {package}; install the extra with "
        f'`pip install "self-healing-audio-workbench[{extra}]"`'
    )


def _refuse_silence(metric: str, test: np.ndarray, reference: np.ndarray) -> None:
    for name, signal in (("test", test), ("reference", reference)):
        if not signal.any():
            raise MetricUnavailable(f"{metric} is not defined for a silent {name} sound")


def _plain(error: Exception) -> str:
    text = error.args[0] if error.args else type(error).__name__
    return text.decode() if isinstance(text, bytes) else str(text)
