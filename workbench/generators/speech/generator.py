"""The generator `speech`: any English text, encoded as phones, their neighbours and places in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.audio.alignment import FRAME_RATE_HZ
from workbench.audio.recogniser import DIGIT_WORDS
from workbench.audio.recordings import load_words
from workbench.audio.scales import BySpectrum
from workbench.audio.speech_controls import HOP
from workbench.errors import WorkbenchError
from workbench.generators.dictionary import Dictionary
from workbench.generators.generator import Measure
from workbench.generators.recipe import Recipe
from workbench.generators.shipped import ShippedGenerator
from workbench.generators.speech.any_text import any_text
from workbench.generators.speech.configuration import (
    DIGITS,
    USUAL,
    SpeechConfig,
    is_possible,
    least_bytes,
)
from workbench.generators.speech.lessons import lessons_of
from workbench.generators.speech.prompts import CURE, Prompt, read_prompts
from workbench.generators.speech.pronunciation import pronounced
from workbench.generators.speech.recipe import PRESETS
from workbench.generators.speech.spelling import dictionary_of
from workbench.generators.speech.timeline import timeline_of
from workbench.generators.speech.tokens import Manner

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.generators.speech.network import Speech

_CURE = f"{CURE}, and name their folder with --data"


class SpeechGenerator(ShippedGenerator):
    """Texts of any length, each a sequence of phones with durations."""

    name = "speech"
    noun = "text"
    configuration = SpeechConfig
    presets = PRESETS
    measures = (
        Measure("recognised"),
        Measure("nearest"),
        Measure("mfcc_dtw"),
    )
    checkpoints = ("seed0", "seed1", "seed2", "int4")
    repeats = ("seed0", "seed1", "seed2")
    spoken_language = True
    says_any_text = True
    # Up to the first limits another seed of the noise is as far away; up to the second a recogniser understands as
    # well as without damage, up to the third more often than not: `workbench measure speech --classes`.
    scale = BySpectrum(log_mel_db=(3.2, 5.0, 10.0), mfcc_dtw=(12.0, 16.0, 26.0))
    back_end = "synthesis"

    def utterances(self, config: SpeechConfig) -> tuple[str, ...]:
        """The texts whose quality is measured: the ten digits."""
        return config.texts

    def usual(self, config: SpeechConfig) -> tuple[str, ...]:
        """Short and long texts in place of the ten digits."""
        return USUAL if config.texts == DIGITS else config.texts

    def meant(self, config: SpeechConfig, text: str) -> str | None:
        """The text itself."""
        return text

    def drawn(self, config: SpeechConfig, seed: int) -> Iterator[str]:
        """Words of the lexicon and numbers, in any order."""
        return any_text(seed)

    def encode(self, config: SpeechConfig, utterances: Sequence[str]) -> dict[str, np.ndarray]:
        """Row indexes, int32 [len(utterances), frames, 1] by input, see `timeline.Timeline.rows`.

        Raises:
            WorkbenchError: A text cannot be pronounced, or they are of different lengths.
        """
        rows = [timeline_of(text).rows() for text in utterances]
        if len({len(each["phone"]) for each in rows}) > 1:
            raise WorkbenchError("these texts do not last equally long; encode them one by one")
        return {name: np.stack([each[name] for each in rows])[:, :, None] for name in rows[0]}

    def heard_as(self, utterance: str) -> str:
        """Its words, numbers and units among them: "seventy two" for "72"."""
        said = pronounced(utterance)
        return " ".join(word.text for word in said if word.manner is not Manner.PAUSE)

    def dictionary(self, config: SpeechConfig, utterances: Sequence[str]) -> Dictionary:
        """Phones of 6 bits; their durations are computed on the device."""
        return dictionary_of(utterances)

    def recordings(self, folder: Path | str | None) -> dict[str, np.ndarray]:
        """Text -> float32 [samples]: the shipped digits, whatever the network learns."""
        recordings = load_words()
        return {word: recordings[digit] for digit, word in DIGIT_WORDS.items()}

    def training_set(self, folder: Path | str | None) -> Mapping[str, Prompt]:
        """The prompts in `folder` that are not held out."""
        if folder is None:
            raise WorkbenchError(f"the generator {self.name} ships no prompts; {_CURE}")
        return read_prompts(Path(folder), held_out=False)

    def configure(
        self, recordings: Mapping[str, Any], recipe: Recipe, settings: Mapping[str, Any]
    ) -> SpeechConfig:
        """The shape of settings and recipe."""
        _prompts(recordings)
        channels = getattr(recipe, "channels", None)
        chosen = {"channels": channels} if channels else {}
        return SpeechConfig(**{**chosen, **settings})

    def learnt(self, config: SpeechConfig, recordings: Mapping[str, Any]) -> tuple[str, ...]:
        """All prompts."""
        return tuple(recordings)

    def lessons(
        self, config: SpeechConfig, recordings: Mapping[str, Any]
    ) -> tuple[dict[str, torch.Tensor], np.ndarray]:
        """Row indexes int64 [pieces, frames] by input, and controls, float32 [pieces, 38, frames]."""
        import torch

        rows, controls = lessons_of(_prompts(recordings))
        return {name: torch.from_numpy(each).long() for name, each in rows.items()}, controls

    def samples(self, config: SpeechConfig) -> int:
        """Output samples of the longest of `utterances`."""
        return HOP * max(timeline_of(text).frames for text in config.texts)

    def allows(self, field: str, value: Any) -> bool:
        """Whether a network could be built with it, and soon."""
        return is_possible(field, value)

    def least_bytes(self, config: SpeechConfig) -> int:
        """Size of embeddings and convolutions."""
        return least_bytes(config)

    def network(self, config: SpeechConfig, *, quantised: bool) -> Speech:
        """The network with fresh weights."""
        from workbench.generators.speech.network import Speech

        return Speech(config, quantised=quantised)

    def loss(self) -> nn.Module:
        """Distance of controls."""
        from workbench.generators.speech.network import ControlLoss

        return ControlLoss()

    def input_rate_hz(self, config: SpeechConfig) -> float:
        """Frames a second."""
        return FRAME_RATE_HZ


def _prompts(recordings: Mapping[str, Any]) -> list[Prompt]:
    prompts = [each for each in recordings.values() if isinstance(each, Prompt)]
    if len(prompts) < len(recordings):
        raise WorkbenchError(f"the generator speech learns prompts, no recordings; {_CURE}")
    return prompts


GENERATOR = SpeechGenerator()
