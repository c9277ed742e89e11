"""How many words that a voice never learned a speech recogniser understands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workbench.audio.recogniser import VARIANTS, Recogniser, recognise_words
from workbench.audio.resources import data_folder
from workbench.errors import WorkbenchError
from workbench.experiments.estimates.statistics import clustered
from workbench.experiments.voices.voice import Voice
from workbench.files import read_bytes


@dataclass(frozen=True)
class Understood:
    """What a recogniser makes of unseen words.

    Args:
        words: How many were said.
        choices: How many the recogniser chose among.
        share: Of the presentations, with different noise and padding, in which it chose the right one, 0 to 1.
        low, high: 95 % interval of the share over words.
        per_word: Share by word.
    """

    words: int
    choices: int
    share: float
    low: float
    high: float
    per_word: dict[str, float]


def unseen_words() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words that are in no transcript of the voice: those that are said, and others to mistake them for.

    Raises:
        WorkbenchError: The list that ships is missing.
    """
    path = data_folder() / "pronunciations" / "unseen-words.txt"
    try:
        said, others = read_bytes(path).decode().split("\n\n")
    except (OSError, ValueError) as error:
        raise WorkbenchError(
            f"cannot use the list of words {path} ({error}); clone the repository again"
        ) from error
    return tuple(said.split()), tuple(others.split())


def understood(voice: Voice, *, progress: Callable[[str], object]) -> Understood:
    """Let a voice say all unseen words; progress: called with each before it is said.

    Raises:
        WorkbenchError: The recogniser is missing, or the voice does not say any text.
    """
    said, others = unseen_words()
    recogniser = Recogniser((*said, *others), leave_out=True)
    shares = {}
    for word in said:
        progress(word)
        heard = recognise_words([voice.speak(word)], [word], recogniser=recogniser)
        (shares[word],) = heard.per_wave
    hits = np.rint(np.array(list(shares.values())) * len(VARIANTS))
    low, high = map(float, clustered(hits, np.full(len(hits), len(VARIANTS))))
    share = float(hits.mean()) / len(VARIANTS)
    return Understood(len(said), len(recogniser.words), share, low, high, shares)
