"""All metrics of one sound against another, and its class of damage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from workbench.audio.metrics import (
    MetricUnavailable,
    log_mel_db,
    multi_resolution_stft,
    pesq_nb,
    snr_db,
    stoi,
)
from workbench.audio.scales import BY_SNR, Scale
from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.audio.spectral_distance import SpectralDistance


@dataclass(frozen=True)
class SoundMetrics:
    """Every metric of one test signal; None where there is no value, and `absent` says why.

    quality: class of damage. limit: what decided it, e.g. "SNR < 9 dB".
    """

    snr_db: float
    log_mel_db: float
    mfcc_dtw: float
    multi_resolution_stft: float | None
    stoi: float | None
    pesq_nb: float | None
    quality: str
    limit: str
    absent: dict[str, str] = field(default_factory=dict)

    @property
    def in_words(self) -> str:
        """The class with the limit that decided it: "broken (SNR < 9 dB)"."""
        return f"{self.quality} ({self.limit})"


def measure(
    test: np.ndarray,
    reference: np.ndarray,
    *,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    perceptual: bool = True,
    scale: Scale = BY_SNR,
) -> SoundMetrics:
    """All metrics of a test signal.

    Args:
        test: Float [samples].
        reference: Float [samples], as long.
        sample_rate_hz: Of both.
        perceptual: Whether STOI and PESQ are among them.
        scale: That the class goes by.

    Raises:
        WorkbenchError: The signals are empty, not finite or of unequal length.
    """
    absent: dict[str, str] = {}

    def value(name: str, metric: Callable[[], float]) -> float | None:
        try:
            return metric()
        except MetricUnavailable as error:
            absent[name] = str(error)
            return None

    ratio = snr_db(test, reference)
    distance = log_mel_db(test, reference, sample_rate_hz=sample_rate_hz)
    near, warped = SpectralDistance(np.asarray(reference), sample_rate_hz).of(
        np.asarray(test)[None]
    )
    spectral = value("multi_resolution_stft", lambda: multi_resolution_stft(test, reference))
    intelligible = score = None
    if perceptual:
        rate = sample_rate_hz
        intelligible = value("stoi", lambda: stoi(test, reference, sample_rate_hz=rate))
        score = value("pesq_nb", lambda: pesq_nb(test, reference, sample_rate_hz=rate))
    else:
        absent |= dict.fromkeys(("stoi", "pesq_nb"), "not asked for")
    # A campaign has the rounded distance: its trials get the same class here.
    quality, limit = scale.verdict(
        snr_db=ratio,
        log_mel_db=distance if scale == BY_SNR else float(near[0]),
        mfcc_dtw=float(warped[0]),
    )
    return SoundMetrics(
        snr_db=ratio,
        log_mel_db=distance,
        mfcc_dtw=float(warped[0]),
        multi_resolution_stft=spectral,
        stoi=intelligible,
        pesq_nb=score,
        quality=quality,
        limit=limit,
        absent=absent,
    )
