"""The generator `challenge`: words of recordings, encoded as rows of two embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.audio.recogniser import DIGIT_WORDS
from workbench.audio.recordings import load_words, nfc
from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.errors import WorkbenchError, nearest
from workbench.generators.challenge.configuration import (
    ChallengeConfig,
    is_possible,
    least_bytes,
)
from workbench.generators.challenge.recipe import PRESETS
from workbench.generators.generator import Measure
from workbench.generators.recipe import Recipe
from workbench.generators.shipped import ShippedGenerator

if TYPE_CHECKING:
    from workbench.generators.challenge.network import Challenge

LONGEST_WORD_S = 2.0


class ChallengeGenerator(ShippedGenerator):
    """Single words, all of one length, each a row of an embedding."""

    name = "challenge"
    noun = "word"
    configuration = ChallengeConfig
    presets = PRESETS
    measures = (
        Measure("recognised", at_least=0.8),
        Measure("nearest"),
        Measure("mfcc_dtw"),
        Measure("pesq_nb", at_least=2.3),
        Measure("stoi", at_least=0.9),
        Measure("log_mel_db", at_most=6.0),
    )
    checkpoints = ("seed0", "seed1", "seed2", "int4", "pruned", "pruned25", "robust", "safety")
    repeats = ("seed0", "seed1", "seed2")
    spoken_language = True

    def utterances(self, config: ChallengeConfig) -> tuple[str, ...]:
        """The words, in the order of the embedding."""
        return config.words

    def spoken(self, utterance: str) -> str:
        """The word as it is said: "seven" for "7"."""
        return DIGIT_WORDS.get(utterance, utterance)

    def script(self, config: ChallengeConfig) -> tuple[str, ...]:
        """Digits of pi, where it knows them."""
        digits = tuple("31415926")
        return digits if set(digits) <= set(config.words) else super().script(config)

    def encode(self, config: ChallengeConfig, utterances: Sequence[str]) -> dict[str, np.ndarray]:
        """Row indexes, int32 [len(utterances), frames, 1]: `word`, constant, and `position`, the frame.

        Words are compared in Unicode's form NFC. Raises WorkbenchError naming a word it was not trained on.
        """
        rows = {nfc(word): row for row, word in enumerate(config.words)}
        rows |= {word: row for row, word in enumerate(config.words)}
        for word in utterances:
            if word not in rows and nfc(word) not in rows:
                raise WorkbenchError(
                    f"this generator cannot say {word!r}; {nearest(word, config.words)}"
                )
        shape = (len(utterances), config.frames, 1)
        chosen = [rows[word if word in rows else nfc(word)] for word in utterances]
        position = np.arange(config.frames, dtype=np.int32)
        return {
            "word": np.broadcast_to(np.array(chosen, np.int32)[:, None, None], shape).copy(),
            "position": np.broadcast_to(position[None, :, None], shape).copy(),
        }

    def recordings(self, folder: Path | str | None) -> dict[str, np.ndarray]:
        """Word -> float32 [samples]; without a folder the shipped numbers."""
        return load_words(folder)

    def training_set(self, folder: Path | str | None) -> dict[str, np.ndarray]:
        """All that `folder` has, or the shipped recordings of the ten digits."""
        recordings = self.recordings(folder)
        return recordings if folder else {digit: recordings[digit] for digit in DIGIT_WORDS}

    def configure(
        self, recordings: Mapping[str, np.ndarray], recipe: Recipe, settings: Mapping[str, Any]
    ) -> ChallengeConfig:
        """As many frames as the longest recording has, unless settings or recipe say how many."""
        for word, samples in recordings.items():
            if len(samples) > LONGEST_WORD_S * SAMPLE_RATE_HZ:
                raise WorkbenchError(
                    f"recording {word!r} lasts {len(samples) / SAMPLE_RATE_HZ:.2f} s; {self.name} learns "
                    f"words of at most {LONGEST_WORD_S:g} s, so trim it or leave it out"
                )
        chosen = getattr(recipe, "shape", {}) | dict(settings)
        config = ChallengeConfig(**{"words": tuple(recordings), **chosen})
        longest = max(len(samples) for samples in recordings.values())
        frames = ceil(longest / config.samples_per_frame)
        return config if "frames" in chosen else replace(config, frames=frames)

    def samples(self, config: ChallengeConfig) -> int:
        """Output samples of every word."""
        return config.frames * config.samples_per_frame

    def allows(self, field: str, value: Any) -> bool:
        """Whether a network could be built with it, and soon."""
        return is_possible(field, value)

    def least_bytes(self, config: ChallengeConfig) -> int:
        """Size of the largest weights alone."""
        return least_bytes(config)

    def network(self, config: ChallengeConfig, *, quantised: bool) -> Challenge:
        """The network with fresh weights."""
        from workbench.generators.challenge.network import Challenge

        return Challenge(config, quantised=quantised)

    def input_rate_hz(self, config: ChallengeConfig) -> float:
        """Frames a second."""
        return SAMPLE_RATE_HZ / config.samples_per_frame


GENERATOR = ChallengeGenerator()
