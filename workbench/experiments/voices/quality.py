"""Quality of a generator: its words against the recordings that it learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np

from workbench.audio.metrics import MetricUnavailable, log_mel_db, pesq_nb, stoi
from workbench.audio.neighbours import mfcc, warped_distances
from workbench.audio.recogniser import ENGLISH, Language, Recogniser, answers, recognise_words
from workbench.errors import WorkbenchError, expect, reason_of
from workbench.experiments.voices.voice import Voice
from workbench.progress import progress_bar

# Fields of Quality that are means over words.
MEASURES = ("recognised", "nearest", "mfcc_dtw", "pesq_nb", "stoi", "log_mel_db")
_WORDS_SHOWN = 10

# A sound and its recording, float [samples] of equal length -> a figure; MetricUnavailable where
# there is none.
Metric = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Quality:
    """Means over the words that a measure can take; None where it can take none.

    recognised: share, 0 to 1, of words times noise and padding variants that the recogniser
    understood. nearest: share of words whose own recording is nearer than that of any other word;
    mfcc_dtw: mean distance to it, see `audio.neighbours`; both know no language. stoi: 0 to 1.
    pesq_nb: 1 to 4.55. log_mel_db: distance to the recordings. per_word: recognised share by word.
    absent: measure -> why it has no value. own: the caller's metrics. left_out: measure -> word ->
    why its mean is without that word.
    """

    recognised: float | None
    pesq_nb: float | None
    stoi: float | None
    log_mel_db: float | None
    per_word: dict[str, float]
    absent: dict[str, str]
    nearest: float | None = None
    mfcc_dtw: float | None = None
    own: dict[str, float | None] = field(default_factory=dict)
    left_out: dict[str, dict[str, str]] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """Plain data for JSON, rounded to what is meaningful."""
        plain = asdict(self)
        rounded = {k: round(v, 4) for k, v in plain.items() if isinstance(v, float)}
        return {**plain, **rounded}

    def value(self, measure: str) -> float | None:
        """The figure of one of MEASURES or of the caller's metrics."""
        figure = self.own[measure] if measure in self.own else getattr(self, measure)
        return None if figure is None else float(figure)


def quality_of_voice(
    voice: Voice, *, language: Language = ENGLISH, metrics: Mapping[str, Metric] | None = None
) -> Quality:
    """Measure the integer program of `voice`, whose codes are those of the quantised model.

    language: that the recogniser understands. metrics: name -> a metric of one's own.
    """
    expect(voice, Voice, "what is to be measured", "a Voice, as open_voice()")
    sounds = {
        word: voice.speak(word)
        for word in progress_bar(voice.utterances, desc="speaking", unit="word")
    }
    return _quality(sounds, voice, language, metrics or {})


def quality_of_recordings(
    voice: Voice, *, language: Language = ENGLISH, metrics: Mapping[str, Metric] | None = None
) -> Quality:
    """The same measures of the recordings themselves: what a perfect generator would reach."""
    expect(voice, Voice, "what has recordings", "a Voice, as open_voice()")
    sounds = {word: voice.recording(word) for word in voice.utterances}
    return _quality(sounds, voice, language, metrics or {})


def mean_quality(qualities: Sequence[Quality]) -> Quality:
    """The mean of several generators' figures; per word too. None where one of them has none."""

    def mean(name: str) -> float | None:
        values = [quality.value(name) for quality in qualities]
        known = [value for value in values if value is not None]
        return float(np.mean(known)) if len(known) == len(values) else None

    words = set.intersection(*(set(quality.per_word) for quality in qualities))
    per_word = {
        word: float(np.mean([quality.per_word[word] for quality in qualities]))
        for word in qualities[0].per_word
        if word in words
    }
    absent = {name: why for quality in qualities for name, why in quality.absent.items()}
    left_out: dict[str, dict[str, str]] = {}
    for quality in qualities:
        for name, reasons in quality.left_out.items():
            left_out[name] = {**left_out.get(name, {}), **reasons}
    return Quality(
        **{name: mean(name) for name in MEASURES},
        own={name: mean(name) for name in qualities[0].own},
        per_word=per_word,
        absent=absent,
        left_out=left_out,
    )


def reasons_text(reasons: Mapping[str, str]) -> str:
    """Words and why each has no value, those of one reason together."""
    parts = []
    for reason in dict.fromkeys(reasons.values()):
        stopped = [repr(word) for word, why in reasons.items() if why == reason]
        shown = ", ".join(stopped[:_WORDS_SHOWN])
        more = f" and {len(stopped) - _WORDS_SHOWN} more" if len(stopped) > _WORDS_SHOWN else ""
        parts.append(f"{shown}{more} ({reason})")
    return "; ".join(parts)


class _Means:
    """Means over words, with what has no value and which words are left out."""

    def __init__(self) -> None:
        self.values: dict[str, float | None] = {}
        self.absent: dict[str, str] = {}
        self.left_out: dict[str, dict[str, str]] = {}

    def add(self, name: str, figures: Mapping[str, float], reasons: Mapping[str, str]) -> None:
        """Take the mean of word -> figure; `reasons`: word -> why it has none."""
        self.values[name] = float(np.mean(list(figures.values()))) if figures else None
        if figures and reasons:
            self.left_out[name] = dict(reasons)
        elif not figures:
            same = set(reasons.values())
            self.absent[name] = same.pop() if len(same) == 1 else reasons_text(reasons)


def _quality(
    sounds: Mapping[str, np.ndarray],
    voice: Voice,
    language: Language,
    metrics: Mapping[str, Metric],
) -> Quality:
    means = _Means()
    recordings = {word: voice.recording(word) for word in sounds}
    per_word: dict[str, float] = {}
    wanted = [measure.name for measure in voice.generator.measures]
    for name in MEASURES:
        if name not in wanted:
            reason = f"the generator {voice.generator.name} has no such measure"
            means.values[name], means.absent[name] = None, reason
    if "recognised" in wanted:
        per_word = _recognised(sounds, language, means)
    if {"nearest", "mfcc_dtw"} & set(wanted):
        _neighbours(sounds, recordings, voice.sample_rate_hz, means)
    rate = voice.sample_rate_hz
    known: dict[str, Metric] = {
        name: partial(metric, sample_rate_hz=rate)
        for name, metric in (("pesq_nb", pesq_nb), ("stoi", stoi), ("log_mel_db", log_mel_db))
    }
    usual = {name: metric for name, metric in known.items() if name in wanted}
    for name, metric in {**usual, **{own: _guarded(metrics[own]) for own in metrics}}.items():
        figures: dict[str, float] = {}
        reasons: dict[str, str] = {}
        for word, sound in progress_bar(sounds.items(), desc=name, unit="word"):
            try:
                figures[word] = metric(sound, recordings[word])
            except MetricUnavailable as error:
                reasons[word] = str(error)
        means.add(name, figures, reasons)
    return Quality(
        **{name: means.values[name] for name in MEASURES},
        own={name: means.values[name] for name in metrics},
        per_word=per_word,
        absent=means.absent,
        left_out=means.left_out,
    )


def _recognised(
    sounds: Mapping[str, np.ndarray], language: Language, means: _Means
) -> dict[str, float]:
    """Share of the variants in which each word was understood, of words that can be."""
    expected = answers(sounds, language)
    try:
        listener = Recogniser(list(expected.values()), language=language, leave_out=True)
    except WorkbenchError as error:  # no recogniser here, or no word that it knows
        if language != ENGLISH:
            raise
        means.values["recognised"], means.absent["recognised"] = None, str(error)
        return {}
    recognisable = [word for word, answer in expected.items() if answer in listener.words]
    heard = recognise_words(
        [sounds[word] for word in recognisable],
        [expected[word] for word in recognisable],
        recogniser=listener,
    )
    per_word = dict(zip(recognisable, heard.per_wave, strict=True))
    reasons = {
        word: listener.left_out[answer]
        for word, answer in expected.items()
        if answer in listener.left_out
    }
    means.add("recognised", per_word, reasons)
    return per_word


def _neighbours(
    sounds: Mapping[str, np.ndarray],
    recordings: Mapping[str, np.ndarray],
    rate: int,
    means: _Means,
) -> None:
    """How near each sound is to its own recording, and whether another word's is as near."""
    references = [mfcc(recording, rate) for recording in recordings.values()]
    own: dict[str, float] = {}
    nearest: dict[str, float] = {}
    for number, (word, sound) in enumerate(
        progress_bar(sounds.items(), desc="neighbours", unit="word")
    ):
        distances = warped_distances(mfcc(sound, rate), references)
        own[word] = float(distances[number])
        others = np.delete(distances, number)
        nearest[word] = float((own[word] < others).all())
    means.add("mfcc_dtw", own, {})
    if len(sounds) > 1:
        means.add("nearest", nearest, {})
    else:
        means.add("nearest", {}, dict.fromkeys(sounds, "there is no other word to mistake it for"))


def _guarded(metric: Metric) -> Metric:
    """A metric of somebody else's, whose failures are MetricUnavailable."""

    def guarded(test: np.ndarray, reference: np.ndarray) -> float:
        try:
            value = float(metric(test, reference))
        except MetricUnavailable:
            raise
        except Exception as error:
            raise MetricUnavailable(reason_of(error)) from error
        if not np.isfinite(value):
            raise MetricUnavailable(f"it returned {value}")
        return value

    return guarded
