"""How well a generator speaks: its words against the recordings that it learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from workbench.audio.metrics import MetricUnavailable, log_mel_db, pesq_nb, stoi
from workbench.audio.recogniser import Recogniser, recognise_words
from workbench.errors import WorkbenchError
from workbench.experiments.voice import Voice

MEASURES = ("recognised", "pesq_nb", "stoi", "log_mel_db")  # fields of Quality that have a mean
_WORDS_SHOWN = 10


@dataclass(frozen=True)
class Quality:
    """Means over all words; None where there is no value, and `absent` says why.

    recognised: share, 0 to 1, of words times noise and padding variants that the recogniser
    understood. stoi: 0 to 1. pesq_nb: 1 to 4.55. log_mel_db: distance to the recordings.
    per_word: recognised share by word.
    """

    recognised: float | None
    pesq_nb: float | None
    stoi: float | None
    log_mel_db: float | None
    per_word: dict[str, float]
    absent: dict[str, str]

    def figures(self) -> dict[str, Any]:
        """Plain data for JSON, rounded to what is meaningful."""
        plain = asdict(self)
        rounded = {k: round(v, 4) for k, v in plain.items() if isinstance(v, float)}
        return {**plain, **rounded}


def quality_of_voice(voice: Voice) -> Quality:
    """Measure the integer program of `voice`, whose codes are those of the quantised model."""
    sounds = {
        word: voice.speak(word)
        for word in tqdm(voice.words, desc="speaking", unit="word", leave=False, disable=None)
    }
    return _quality(sounds, voice)


def quality_of_recordings(voice: Voice) -> Quality:
    """The same measures of the recordings themselves: what a perfect generator would reach."""
    return _quality({word: voice.recording(word) for word in voice.words}, voice)


def mean_quality(qualities: Sequence[Quality]) -> Quality:
    """The mean of several generators' figures; per word too. None where one of them has none."""

    def mean(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return float(np.mean(known)) if len(known) == len(values) else None

    means = {name: mean([getattr(quality, name) for quality in qualities]) for name in MEASURES}
    words = set.intersection(*(set(quality.per_word) for quality in qualities))
    per_word = {
        word: float(np.mean([quality.per_word[word] for quality in qualities]))
        for word in qualities[0].per_word
        if word in words
    }
    absent = {name: why for quality in qualities for name, why in quality.absent.items()}
    return Quality(**means, per_word=per_word, absent=absent)


def _told(reasons: Mapping[str, str], *, words: int) -> str:
    """Why there is no mean over `words` words, given why each of some has no value."""
    parts = []
    for reason in dict.fromkeys(reasons.values()):
        stopped = [repr(word) for word, why in reasons.items() if why == reason]
        shown = ", ".join(stopped[:_WORDS_SHOWN])
        more = f" and {len(stopped) - _WORDS_SHOWN} more" if len(stopped) > _WORDS_SHOWN else ""
        plural = "s" if len(stopped) > 1 else ""
        parts.append(reason if len(stopped) == words else f"word{plural} {shown}{more}: {reason}")
    return "; ".join(parts)


def _quality(sounds: Mapping[str, np.ndarray], voice: Voice) -> Quality:
    absent: dict[str, str] = {}

    def mean(name: str, metric: Callable[[np.ndarray, np.ndarray], float]) -> float | None:
        values: list[float] = []
        reasons: dict[str, str] = {}
        for word, sound in sounds.items():
            try:
                values.append(metric(sound, voice.recording(word)))
            except MetricUnavailable as error:
                reasons[word] = str(error)
        if reasons:
            absent[name] = _told(reasons, words=len(sounds))
            return None
        return float(np.mean(values))

    per_word: dict[str, float] = {}
    try:
        answers = [voice.spoken(word) for word in sounds]
        heard = recognise_words(list(sounds.values()), answers, recogniser=Recogniser(answers))
        per_word = dict(zip(sounds, heard.per_wave, strict=True))
    except WorkbenchError as error:  # no recogniser here, or a word that its dictionary lacks
        absent["recognised"] = str(error)
    return Quality(
        recognised=float(np.mean(list(per_word.values()))) if per_word else None,
        pesq_nb=mean("pesq_nb", pesq_nb),
        stoi=mean("stoi", stoi),
        log_mel_db=mean("log_mel_db", log_mel_db),
        per_word=per_word,
        absent=absent,
    )
