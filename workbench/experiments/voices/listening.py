"""Listening to trials as a person would: is the word still understood, and how bad does it sound?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.audio.metrics import MetricUnavailable, pesq_nb
from workbench.audio.recogniser import (
    ENGLISH,
    Language,
    Recogniser,
    answers,
    recognise_words,
)


class Listener:
    """A speech recogniser that chooses among `words`, and PESQ. language: its models.

    left_out: word -> why the recogniser does not know it. Raises WorkbenchError without the recogniser,
    and where its dictionary lacks all of the words.
    """

    def __init__(self, words: Sequence[str], *, language: Language = ENGLISH) -> None:
        self._answers = answers(words, language)
        self._recogniser = Recogniser(
            tuple(self._answers.values()), language=language, leave_out=True
        )
        missing = self._recogniser.left_out
        self.left_out = {word: missing[a] for word, a in self._answers.items() if a in missing}

    def hear(
        self, sounds: Sequence[np.ndarray], clean: np.ndarray, word: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Share of presentations in which each sound is understood as `word`, and its PESQ to `clean`.

        sounds, clean: float32 [samples] at 16 kHz. Returns float64 [sounds] twice, 0 to 1 and 1 to
        4.55; NaN for a word that the dictionary lacks, and where PESQ has no value or is not installed.
        """
        quality = np.array([_pesq(sound, clean) for sound in sounds])
        if self._answers[word] in self._recogniser.left_out:
            return np.full(len(sounds), np.nan), quality
        expected = [self._answers[word]] * len(sounds)
        heard = recognise_words(sounds, expected, recogniser=self._recogniser)
        return np.array(heard.per_wave), quality


def _pesq(sound: np.ndarray, clean: np.ndarray) -> float:
    try:
        return pesq_nb(sound, clean)
    except MetricUnavailable:
        return float("nan")
