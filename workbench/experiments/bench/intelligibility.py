"""How well a speech recogniser understands what a voice never learned: words, sentences, phones.

Reference: word error rate, insertions, deletions and substitutions over words said. A figure is kept as counts of each
text, so that several voices that say the same texts have a mean with an interval over texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.audio.dictation import Dictation
from workbench.audio.recogniser import VARIANTS, Recogniser
from workbench.experiments.bench.unseen_texts import (
    held_out_prompts,
    learnt_words,
    unseen_sentences,
    unseen_words,
    words_of,
)
from workbench.experiments.estimates.statistics import mean_interval
from workbench.generators.speech.letter_quality import edit_distance
from workbench.generators.speech.phones import PAUSE, without_stress
from workbench.generators.speech.pronunciation import phones_of

Speak = Callable[[str], np.ndarray]  # a text -> float [samples] at 16 kHz


@dataclass(frozen=True)
class Count:
    """What became of one text: errors, and of how many they are at most, but for insertions."""

    text: str
    errors: int
    size: int


@dataclass(frozen=True)
class Rate:
    """Errors over sizes with its 95 % interval over texts; the bounds are None for fewer than two texts."""

    rate: float
    low: float | None
    high: float | None


def rate_of(counts: Sequence[Count]) -> Rate:
    """Of texts, those that are equal counting as one cluster of the interval."""
    size = np.array([count.size for count in counts])
    errors = np.array([count.errors for count in counts], np.float64)
    _, cluster = np.unique([count.text for count in counts], return_inverse=True)
    # A row for each word, as wrong as the words of its text are on average.
    bounds = mean_interval(np.repeat(errors / size, size), clusters=np.repeat(cluster, size))
    low, high = (None if bound is None else max(0.0, bound) for bound in bounds)
    return Rate(float(errors.sum() / size.sum()), low, high)


class Listeners:
    """Recognisers, each made when it is first needed; WorkbenchError where pocketsphinx is not installed."""

    @cached_property
    def _words(self) -> Recogniser:
        said, others = unseen_words()
        return Recogniser((*said, *others), leave_out=True)

    @cached_property
    def _learnt(self) -> Recogniser:
        """As many words, those that were learnt in place of the unseen ones."""
        said, others = learnt_words(), unseen_words()[1]
        return Recogniser((*said, *(word for word in others if word not in said)), leave_out=True)

    @cached_property
    def _dictation(self) -> Dictation:
        return Dictation()

    @cached_property
    def _phones(self) -> Dictation:
        return Dictation(phones=True)

    @property
    def choices(self) -> int:
        """Among how many words the first test chooses."""
        return len(self._words.words)

    def words(self, speak: Speak) -> list[Count]:
        """Unseen words, each presented in every variant, among `choices`; an error is another answer."""
        return [self._word(word, speak(word), self._words) for word in unseen_words()[0]]

    def learnt(self, speak: Speak) -> list[Count]:
        """Words that the network learned from a recording of each, likewise among as many."""
        known = [word for word in learnt_words() if word in self._learnt.words]
        return [self._word(word, speak(word), self._learnt) for word in known]

    def sentences(self, speak: Speak) -> list[Count]:
        """Unseen sentences, heard by trigrams of English."""
        return [self._sentence(text, speak(text)) for text in unseen_sentences()]

    def prompts(self, speak: Speak) -> list[Count]:
        """Texts of recordings that no network learned, likewise."""
        return [self._sentence(text, speak(text)) for text in held_out_prompts().values()]

    def phones(self, speak: Speak) -> list[Count]:
        """Phones of the unseen sentences, without stress."""
        return [self._row(text, speak(text)) for text in unseen_sentences()]

    def _word(self, word: str, sound: np.ndarray, recogniser: Recogniser) -> Count:
        heard = [recogniser.recognise(sound, variant) for variant in VARIANTS]
        return Count(word, sum(answer != word for answer in heard), len(VARIANTS))

    def _sentence(self, text: str, sound: np.ndarray) -> Count:
        said = words_of(text)
        return Count(text, edit_distance(said, self._dictation.hear(sound)), len(said))

    def _row(self, text: str, sound: np.ndarray) -> Count:
        said = without_stress([phone for phone in phones_of(text) if phone != PAUSE])
        return Count(text, edit_distance(said, self._phones.hear(sound)), len(said))


# Test -> what is counted; the order of the columns.
TESTS: dict[str, Callable[[Listeners, Speak], list[Count]]] = {
    "words": Listeners.words,
    "learnt": Listeners.learnt,
    "sentences": Listeners.sentences,
    "prompts": Listeners.prompts,
    "phones": Listeners.phones,
}
