"""A liveness check: a user proves to be there by repeating digits that a device says, if they are understood.

A challenge is a row of random digits. One attempt lets the device say all of them; noise and padding around the
sound, `recogniser.VARIANTS`, are drawn anew for each attempt, without repetition. Whoever does not understand all
digits of the challenge in any attempt is locked out.
"""

from __future__ import annotations

from math import comb

import numpy as np

from workbench.audio.recogniser import VARIANTS, Recogniser, answers
from workbench.errors import WorkbenchError
from workbench.experiments.fleets.safety_voices import refuse_unfit
from workbench.experiments.voices.voice import Voice
from workbench.memory.image import Image
from workbench.memory.sampling import counter_stream

LOCKED_OUT = "locked out"
DIGITS, ATTEMPTS = 4, 3
_CHALLENGES = 500


class Listener:
    """A user: what is understood of each of the words that challenges consist of."""

    def __init__(self, voice: Voice) -> None:
        """Raises WorkbenchError for a generator that makes no speech or one word only, and without the recogniser."""
        if not voice.generator.spoken_language or len(voice.utterances) < 2:
            raise WorkbenchError(
                f"the generator {voice.generator.name} does not say words to choose from; use `challenge`"
            )
        self.voice = voice
        self._answers = answers(voice.utterances)
        self._recogniser = Recogniser(tuple(self._answers.values()))

    def understood(self, image: Image) -> np.ndarray:
        """Which words are understood from a memory, bool [words, variants]."""
        made = [
            [
                self._recogniser.recognise(sound, variant) == self._answers[word]
                for variant in VARIANTS
            ]
            for word in self.voice.utterances
            for sound in (self.voice.speak(word, image),)
        ]
        return np.array(made)

    def experience(self, number: int, image: Image) -> dict[str, float]:
        """Share of the users that are locked out of device `number`; its challenges are its own."""
        return {LOCKED_OUT: locked_out(self.understood(image), seed=number)}


class SafetyListener:
    """A user of devices whose safety voice speaks, which upsets of RAM do not reach."""

    def __init__(self, voice: Voice, safety: Voice, *, over_budget: bool = False) -> None:
        """Raises WorkbenchError as `Listener`, and for a safety voice of other words or over its budget unless it may be."""
        refuse_unfit(voice, safety, over_budget=over_budget)
        self._understood = Listener(safety).understood(safety.image())

    def experience(self, number: int) -> dict[str, float]:
        """As of `Listener`."""
        return {LOCKED_OUT: locked_out(self._understood, seed=number)}


def locked_out(
    understood: np.ndarray, *, digits: int = DIGITS, attempts: int = ATTEMPTS, seed: int = 0
) -> float:
    """Share of the users who are locked out, 0 to 1: the mean over random challenges, exact in the attempts.

    Args:
        understood: bool [words, variants], of one memory.
        digits: Of a challenge, drawn with repetition.
        attempts: At most as many as there are variants.
        seed: Another one draws other challenges.

    >>> locked_out(np.array([[True, True], [True, False]]), digits=1, attempts=2)
    0.0
    """
    words, variants = understood.shape
    if not 1 <= attempts <= variants:
        raise WorkbenchError(f"{attempts} attempts cannot be; give 1 to {variants}")
    if not 1 <= digits <= 100:
        raise WorkbenchError(f"a challenge cannot have {digits} digits; give 1 to 100")
    drawn = counter_stream(f"challenges,seed={seed}", 0).random_raw(_CHALLENGES * digits)
    challenges = (drawn % words).astype(np.int64).reshape(_CHALLENGES, digits)
    right = understood[challenges].all(axis=1).sum(axis=1)  # variants in which all are understood
    missed = [
        comb(variants - count, attempts) / comb(variants, attempts) for count in right.tolist()
    ]
    return float(np.mean(missed))
