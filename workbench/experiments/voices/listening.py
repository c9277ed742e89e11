"""Automatic listening to trials: is the word still understood, and how large is the distance?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.audio.metrics import MetricUnavailable, pesq_nb
from workbench.audio.recogniser import (
    ENGLISH,
    VARIANTS,
    Language,
    Recogniser,
    answers,
    recognise_words,
)
from workbench.errors import WorkbenchError
from workbench.experiments.estimates.statistics import clustered, mean_interval
from workbench.experiments.voices.voice import Voice

_PESQ_RANGE = (1.0, 4.55)


def choices(voice: Voice, utterances: Iterable[str]) -> tuple[str, ...]:
    """What a recogniser may answer: to each utterance, in their order, then what else the voice usually says.

    Numbers are words: "one hundred twenty" for "120". Were there nothing else to choose, all would be understood.
    """
    own = [voice.generator.heard_as(each) for each in utterances]
    usual = map(voice.generator.heard_as, voice.usual)
    return (*own, *(each for each in dict.fromkeys(usual) if each not in own))


class Listener:
    """A speech recogniser that chooses among words, and PESQ.

    Args:
        words: That it is asked about.
        choices: What it may answer, as `choices` gives it; by default the words, digits as "seven", and nothing else.
        language: Its models.
        pesq: Whether PESQ is asked.

    Attributes:
        left_out: Word -> why the recogniser does not know it.

    Raises:
        WorkbenchError: There is no recogniser, or its dictionary lacks all of the words.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        choices: Sequence[str] = (),
        language: Language = ENGLISH,
        pesq: bool = True,
    ) -> None:
        self._pesq = _pesq if pesq else _no_pesq
        self._answers = dict(zip(words, choices, strict=False)) or answers(words, language)
        others = choices[len(words) :]
        self._recogniser = Recogniser(
            tuple(dict.fromkeys([*self._answers.values(), *others])),
            language=language,
            leave_out=True,
        )
        missing = self._recogniser.left_out
        self.left_out = {word: missing[a] for word, a in self._answers.items() if a in missing}
        if len(self.left_out) == len(words):
            raise WorkbenchError(
                f"the recogniser's dictionary lacks {', '.join(map(repr, self.left_out))}; give words that it has "
                "(lower-case US English)"
            )

    def hear(
        self, sounds: Sequence[np.ndarray], clean: np.ndarray, word: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Share of presentations in which each sound is understood as `word`, and its PESQ to `clean`.

        sounds, clean: float32 [samples] at 16 kHz. Returns float64 [sounds] twice, 0 to 1 and 1 to
        4.55; NaN for a word that the dictionary lacks, and where PESQ has no value, is not installed or not asked.
        """
        quality = np.array([self._pesq(sound, clean) for sound in sounds])
        if self._answers[word] in self._recogniser.left_out:
            return np.full(len(sounds), np.nan), quality
        expected = [self._answers[word]] * len(sounds)
        heard = recognise_words(sounds, expected, recogniser=self._recogniser)
        return np.array(heard.per_wave), quality


@dataclass(frozen=True)
class HeardMeans:
    """What listeners made of some sounds; None where no sound has a value, or an interval is unknown.

    sounds: how many. understood: share of their presentations, 0 to 1, in which the recogniser understood
    the word; understood_low, understood_high: its 95 % interval. pesq_nb: mean of the `pesq_sounds` that
    have a value, 1 to 4.55; pesq_low, pesq_high: Student's interval, within 1 to 4.55.
    """

    sounds: int
    understood: float | None
    understood_low: float | None
    understood_high: float | None
    pesq_sounds: int
    pesq_nb: float | None
    pesq_low: float | None
    pesq_high: float | None


def heard_means(understood: np.ndarray, pesq: np.ndarray, clusters: np.ndarray) -> HeardMeans:
    """Means of what `Listener.hear` returned, float64 [n] twice, with intervals.

    clusters: integers [n], equal ones for sounds that may be all alike, as the words of one fault.
    """
    share = low = high = None
    known = ~np.isnan(understood)
    if known.any():
        _, cluster = np.unique(clusters[known], return_inverse=True)
        hits = np.bincount(cluster, np.rint(understood[known] * len(VARIANTS)))
        interval = clustered(hits, np.bincount(cluster) * len(VARIANTS))
        share, low, high = float(understood[known].mean()), *map(float, interval)
    has = ~np.isnan(pesq)
    mean = float(pesq[has].mean()) if has.any() else None
    pesq_low, pesq_high = (
        bound if bound is None else float(np.clip(bound, *_PESQ_RANGE))
        for bound in mean_interval(pesq[has], clusters=clusters[has])
    )
    return HeardMeans(len(understood), share, low, high, int(has.sum()), mean, pesq_low, pesq_high)


def _pesq(sound: np.ndarray, clean: np.ndarray) -> float:
    try:
        return pesq_nb(sound, clean)
    except MetricUnavailable:
        return float("nan")


def _no_pesq(sound: np.ndarray, clean: np.ndarray) -> float:
    """Of generators whose phase is free, where PESQ means nothing."""
    return float("nan")
