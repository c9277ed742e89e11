"""Scales of damage: what a faulty sound is compared by, from its fidelity to a class and to harm.

Fidelity is a figure in dB, infinite where no sample differs, which falls as the damage grows; 0 dB is a sound of which
nothing is left, or a face that is broken. By the waveform it is the SNR. By the spectrum, for sounds whose noise and phase may differ unheard, it
follows from two distances that no phase enters.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError

TRANSPARENT, ACCEPTABLE, DEGRADED, BROKEN = "transparent", "acceptable", "degraded", "broken"
CLASSES = (TRANSPARENT, ACCEPTABLE, DEGRADED, BROKEN)
MASKED = "masked"  # of trials, before all classes: every sample equal
QUALITIES = (MASKED, *CLASSES)


class Scale(ABC):
    """How damage is measured.

    Attributes:
        measure: What fidelity is called, e.g. "SNR".
        limits: Fidelity in dB from which on a sound is transparent, acceptable, degraded.
    """

    measure: ClassVar[str]
    limits: ClassVar[tuple[float, float, float]]

    @abstractmethod
    def verdict(self, *, snr_db: float, log_mel_db: float, mfcc_dtw: float) -> tuple[str, str]:
        """Class of a sound by all that is measured, and what decided it, e.g. "log-mel > 2.7 dB"; NaN is broken."""

    @property
    @abstractmethod
    def least(self) -> tuple[str, str, str]:
        """What transparent, acceptable and degraded sounds have, in words, e.g. "SNR ≥ 28 dB"."""

    @property
    @abstractmethod
    def less(self) -> str:
        """What broken sounds have."""

    @property
    def in_words(self) -> Mapping[str, str]:
        """Class -> what its sounds have, without the class."""
        return dict(zip(QUALITIES, ("every sample equal", *self.least, self.less), strict=True))

    def class_in_words(self, quality: str) -> str:
        """A class with its limit: "broken (SNR < 9 dB)"; any other text as it is."""
        return f"{quality} ({self.in_words[quality]})" if quality in self.in_words else quality

    def quality(self, fidelity_db: np.ndarray) -> np.ndarray:
        """Class of sounds that are not masked: index into QUALITIES, 1 to 4."""
        return 4 - np.searchsorted(self.limits[::-1], fidelity_db, side="right")


def harm(fidelity_db: np.ndarray) -> np.ndarray:
    """min(1, 10^(-fidelity / 10)), float64: by the waveform, energy of the error over that of the sound.

    Monotone in the fidelity and, by the waveform, additive: uncorrelated errors of several faults add their energies,
    until the error is as strong as the sound and nothing more is to be lost. 0 where nothing differs.
    """
    return np.minimum(1.0, 10.0 ** (-np.asarray(fidelity_db, np.float64) / 10.0))


def error_share(fidelity_db: np.ndarray) -> np.ndarray:
    """error / (error + sound), energies: 0 untouched, 0.5 at 0 dB, 1 drowned; monotone without an end.

    No sound can be made so bad that it outweighs all others.
    """
    share: np.ndarray = 1.0 / (1.0 + 10.0 ** (np.asarray(fidelity_db, np.float64) / 10.0))
    return share


@dataclass(frozen=True)
class BySnr(Scale):
    """By the waveform: fidelity is the signal-to-noise ratio to the clean sound.

    The limits were measured on one generator (spoken digits, 8-bit weights, random flips of its weights). Where the
    log-mel distance is known too, a sound whose spectrum is too far away is in a worse class.
    """

    measure: ClassVar[str] = "SNR"
    limits: ClassVar[tuple[float, float, float]] = (28.0, 19.0, 9.0)
    most_log_mel_db: ClassVar[tuple[float, float]] = (1.0, 2.7)  # of transparent and acceptable

    def verdict(
        self, *, snr_db: float, log_mel_db: float, mfcc_dtw: float = 0.0
    ) -> tuple[str, str]:
        """By SNR, and by log-mel where that is worse."""
        number = int(self.quality(np.array(snr_db))) if snr_db == snr_db else len(CLASSES)
        by_snr = number
        for better, most in enumerate(self.most_log_mel_db, 1):
            if number == better and not log_mel_db <= most:
                number += 1
        name = QUALITIES[number]
        if number == by_snr:
            return name, self.in_words[name]
        return name, f"log-mel > {self.most_log_mel_db[number - 2]:g} dB"

    @property
    def least(self) -> tuple[str, str, str]:
        """The limits."""
        transparent, acceptable, degraded = (f"SNR ≥ {limit:g} dB" for limit in self.limits)
        return transparent, acceptable, degraded

    @property
    def less(self) -> str:
        """The last limit."""
        return f"SNR < {self.limits[-1]:g} dB"


BY_SNR = BySnr()
_LEVELS = (0.0, 0.25, 0.5, 1.0)  # of damage, at no distance and at the three limits of it


@dataclass(frozen=True)
class BySpectrum(Scale):
    """By log-mel distance and MFCC-DTW to the clean sound, see `audio.spectral_distance`; the worse of both counts.

    Each gives a level of damage: 0 for no distance, 1/4, 1/2 and 1 at its limits, linear between and beyond. Fidelity
    is -20 log10 of the level.

    Args:
        log_mel_db: Most of a transparent, an acceptable and a degraded sound, ascending.
        mfcc_dtw: Likewise.
    """

    log_mel_db: tuple[float, float, float]
    mfcc_dtw: tuple[float, float, float]

    measure: ClassVar[str] = "fidelity"
    limits: ClassVar[tuple[float, float, float]] = (
        20 * float(np.log10(4)),
        20 * float(np.log10(2)),
        0.0,
    )

    def __post_init__(self) -> None:
        for name, limits in (("log-mel", self.log_mel_db), ("MFCC-DTW", self.mfcc_dtw)):
            ascending = len(limits) == 3 and all(a < b for a, b in pairwise((0.0, *limits)))
            if not ascending or not np.isfinite(limits).all():
                raise WorkbenchError(
                    f"classes cannot have the limits {limits!r:.60} of {name}; give three numbers above 0 that ascend"
                )

    def fidelity_db(self, log_mel_db: np.ndarray, mfcc_dtw: np.ndarray) -> np.ndarray:
        """Of distances, float [n] each; float64 [n], infinite where both are 0."""
        level = np.maximum(_level(log_mel_db, self.log_mel_db), _level(mfcc_dtw, self.mfcc_dtw))
        with np.errstate(divide="ignore"):
            return -20 * np.log10(level)

    def verdict(self, *, snr_db: float, log_mel_db: float, mfcc_dtw: float) -> tuple[str, str]:
        """By the distances alone; what decided it is the limit of the better class that was exceeded."""
        levels = _level(log_mel_db, self.log_mel_db), _level(mfcc_dtw, self.mfcc_dtw)
        fidelity = self.fidelity_db(np.array(log_mel_db), np.array(mfcc_dtw))
        number = int(self.quality(fidelity)) if fidelity == fidelity else len(CLASSES)
        if number == 1:
            return TRANSPARENT, self.least[0]
        if levels[0] >= levels[1]:
            return QUALITIES[number], f"log-mel > {self.log_mel_db[number - 2]:g} dB"
        return QUALITIES[number], f"MFCC-DTW > {self.mfcc_dtw[number - 2]:g}"

    @property
    def least(self) -> tuple[str, str, str]:
        """Limits of both distances."""
        pairs = zip(self.log_mel_db, self.mfcc_dtw, strict=True)
        first, second, third = (f"log-mel ≤ {a:g} dB, MFCC-DTW ≤ {b:g}" for a, b in pairs)
        return first, second, third

    @property
    def less(self) -> str:
        """The last limits."""
        return f"log-mel > {self.log_mel_db[-1]:g} dB or MFCC-DTW > {self.mfcc_dtw[-1]:g}"


def _level(distance: np.ndarray | float, limits: tuple[float, float, float]) -> np.ndarray:
    values = np.asarray(distance, np.float64)
    inside = np.interp(values, (0.0, *limits), _LEVELS)
    steep = (_LEVELS[-1] - _LEVELS[-2]) / (limits[-1] - limits[-2])
    return np.where(values > limits[-1], 1.0 + (values - limits[-1]) * steep, inside)


@dataclass(frozen=True)
class ByError(Scale):
    """By the root mean square of the difference of values that are no sound, as the shapes of a face.

    Fidelity is -20 log10 of it, over that of which a broken one has more.

    Args:
        broken: Most of a degraded one; an acceptable one has half of it at most, a transparent one a quarter.
    """

    broken: float

    measure: ClassVar[str] = "fidelity"
    limits: ClassVar[tuple[float, float, float]] = BySpectrum.limits

    def __post_init__(self) -> None:
        if not 0 < self.broken < np.inf:
            raise WorkbenchError(
                f"classes cannot have the limit {self.broken!r:.60} of the error; give a number above 0"
            )

    def fidelity_db(self, error: np.ndarray) -> np.ndarray:
        """Of errors, float [n]; float64 [n], infinite where there is none."""
        with np.errstate(divide="ignore"):
            return -20 * np.log10(np.asarray(error, np.float64) / self.broken)

    def verdict(self, *, snr_db: float, log_mel_db: float, mfcc_dtw: float) -> tuple[str, str]:
        """Refused: these are distances of sounds."""
        raise WorkbenchError("this scale is of values that are no sound; compare their errors")

    @property
    def least(self) -> tuple[str, str, str]:
        """Limits of the error."""
        first, second, third = (f"error ≤ {part * self.broken:g}" for part in _LEVELS[1:])
        return first, second, third

    @property
    def less(self) -> str:
        """The last limit."""
        return f"error > {self.broken:g}"


def scale_text(scale: Scale) -> str:
    """A scale as manifests have it: "" for the SNR, else the limits, e.g. "log_mel=2+5+10,mfcc_dtw=8+14+24"."""
    if isinstance(scale, ByError):
        return f"error={float(scale.broken)!r}"
    if not isinstance(scale, BySpectrum):
        return ""
    pairs = (("log_mel", scale.log_mel_db), ("mfcc_dtw", scale.mfcc_dtw))
    return ",".join(f"{name}={'+'.join(map(repr, map(float, limits)))}" for name, limits in pairs)


def scale_of_text(text: str) -> Scale:
    """The inverse of `scale_text`; WorkbenchError for what is none."""
    if not text:
        return BY_SNR
    try:
        named = dict(part.split("=") for part in text.split(","))
        if list(named) == ["error"]:
            return ByError(float(named["error"]))
        first, second = (
            tuple(map(float, named.pop(name).split("+"))) for name in ("log_mel", "mfcc_dtw")
        )
        scale = BySpectrum(first, second)  # type: ignore[arg-type]
        if not named and scale_text(scale) == text:
            return scale
    except (ValueError, KeyError):
        pass
    raise WorkbenchError(
        f"there is no scale of damage {text!r:.60}; take the file's manifest as it was written"
    )
