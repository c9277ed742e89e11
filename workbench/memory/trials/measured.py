"""Trials measured on a scale of damage: with the SNR from sums alone, by the spectrum from their sounds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from workbench.audio.scales import BY_SNR, ByError, BySpectrum, Scale
from workbench.audio.spectral_distance import SpectralDistance
from workbench.errors import WorkbenchError
from workbench.integer.native.spectra import NativeSpectralDistance
from workbench.memory.faults.events import Events
from workbench.memory.trials.laboratory import Laboratory

_SOUNDS_AT_ONCE = 256  # are held


@dataclass(frozen=True, eq=False)
class Measured:
    """What became of some trials, arrays [trials].

    Args:
        outcomes: As of `Laboratory.outcomes`.
        fidelity_db: On the scale, float64; infinite where no sample differs.
        log_mel_db: float64, on a scale by the spectrum.
        mfcc_dtw: Likewise.
    """

    outcomes: np.ndarray
    fidelity_db: np.ndarray
    log_mel_db: np.ndarray | None = None
    mfcc_dtw: np.ndarray | None = None


def measured(
    laboratory: Laboratory, events: Events, trials: int, *, scale: Scale = BY_SNR
) -> Measured:
    """Run trials and measure them.

    Args:
        laboratory: Of image and utterance.
        events: Of all trials.
        trials: How many.
        scale: What fidelity is.

    Raises:
        WorkbenchError: As `Laboratory.outcomes`; by the spectrum also for a program that makes no sound.
    """
    outcomes = laboratory.outcomes(events, trials)
    if not isinstance(scale, BySpectrum):
        return _by_sums(laboratory, outcomes, scale)
    # Most trials differ in no sample and are not heard again.
    log_mel, warped = np.zeros((2, trials))
    distance = _distance(laboratory)
    differ = np.flatnonzero(outcomes["first"] >= 0)
    for start in range(0, len(differ), _SOUNDS_AT_ONCE):
        part = differ[start : start + _SOUNDS_AT_ONCE]
        sounds = laboratory.sounds(events.of_chosen(part), len(part))
        log_mel[part], warped[part] = distance(sounds)
    return Measured(outcomes, scale.fidelity_db(log_mel, warped), log_mel, warped)


def compared(laboratory: Laboratory, sounds: np.ndarray, *, scale: Scale = BY_SNR) -> Measured:
    """Sounds that were made elsewhere, as trials of a laboratory.

    Args:
        laboratory: Of the same utterance.
        sounds: Output codes [n, rows, channels].
        scale: What fidelity is.
    """
    outcomes = laboratory.compared(sounds)
    if not isinstance(scale, BySpectrum):
        return _by_sums(laboratory, outcomes, scale)
    log_mel, warped = distances(laboratory, sounds)
    return Measured(outcomes, scale.fidelity_db(log_mel, warped), log_mel, warped)


def _by_sums(laboratory: Laboratory, outcomes: np.ndarray, scale: Scale) -> Measured:
    """What follows from the energy of the error alone."""
    if not isinstance(scale, ByError):
        return Measured(outcomes, laboratory.snr_db(outcomes))
    program = laboratory.image.program
    codes = np.sqrt(outcomes["error_energy"] / max(1, laboratory.clean.size))
    return Measured(
        outcomes, scale.fidelity_db(np.ldexp(codes, program.signal(program.output).exponent or 0))
    )


def distances(laboratory: Laboratory, sounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log-mel distance and MFCC-DTW of output codes [n, rows, 1] to the clean ones, float64 [n] each."""
    return _distance(laboratory)(sounds)


def _distance(laboratory: Laboratory) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """What measures codes [n, rows, 1]: in C where there is a compiler."""
    program, clean = laboratory.image.program, laboratory.clean
    rate, (samples, *_) = round(program.sample_rate_hz), clean.shape
    plain = SpectralDistance(program.sound(clean), rate)  # refuses what is no sound
    exponent = program.signal(program.output).exponent
    assert exponent is not None
    with suppress(WorkbenchError):
        native = NativeSpectralDistance(clean[:, 0], exponent=exponent, sample_rate_hz=rate)
        return lambda sounds: native.of(sounds.reshape(-1, samples))
    return lambda sounds: plain.of(np.stack([program.sound(codes) for codes in sounds]))
