"""The generator `viseme`: any sound at 16 kHz, heard by a front end, to the shapes of a mouth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.audio.face_metrics import BY_FACE
from workbench.audio.hearing import BANDS, HOP, SAMPLE_RATE_HZ
from workbench.audio.recogniser import DIGIT_WORDS
from workbench.errors import WorkbenchError
from workbench.generators.generator import FACE
from workbench.generators.inputs import RowIndexes, Samples
from workbench.generators.recipe import Recipe
from workbench.generators.shipped import ShippedGenerator
from workbench.generators.viseme.configuration import (
    LOOK_AHEAD,
    VisemeConfig,
    is_possible,
    least_bytes,
)
from workbench.generators.viseme.lessons import CURE, Aligned, lessons_of, padded, read_aligned
from workbench.generators.viseme.recipe import PRESETS
from workbench.generators.viseme.sounds import AND, any_sounds, codes_of, is_file_name, known_name

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.generators.viseme.network import Viseme

_CURE = f"{CURE}, and name their folder with --data"


class VisemeGenerator(ShippedGenerator):
    """Sounds of any length; what comes out are five shapes of a mouth, 100 times a second."""

    name = "viseme"
    noun = "sound"
    configuration = VisemeConfig
    presets = PRESETS
    measures = ()
    checkpoints = ("seed0", "seed1", "seed2", "int4")
    repeats = ("seed0", "seed1", "seed2")
    sample_rate_hz = SAMPLE_RATE_HZ // HOP
    output = FACE
    scale = BY_FACE
    delay_s = LOOK_AHEAD * HOP / SAMPLE_RATE_HZ
    front_end = "melbands"
    back_end = "blend"

    def utterances(self, config: VisemeConfig) -> tuple[str, ...]:
        """The sounds of an experiment that names none: the ten digits."""
        return config.sounds

    def spoken(self, utterance: str) -> str:
        """What is heard."""
        return " ".join(DIGIT_WORDS.get(part, part) for part in utterance.split(AND))

    def meant(self, config: VisemeConfig, text: str) -> str | None:
        """A digit, the label of a shipped recording, "minute", several of these with + between, or a file as it is."""
        digits = {word: digit for digit, word in DIGIT_WORDS.items()}
        if is_file_name(text):
            return text
        return known_name(AND.join(digits.get(part, part) for part in text.split(AND)))

    def drawn(self, config: VisemeConfig, seed: int) -> Iterator[str]:
        """Shipped recordings in any order, up to six one after the other.

        Three fifths of them where `seed` is a multiple of 3, else a fifth: what a monitor learns from, what its limit is
        found on and what it is judged by have no recording in common.
        """
        return any_sounds(seed)

    def encode(self, config: VisemeConfig, utterances: Sequence[str]) -> dict[str, np.ndarray]:
        """Samples, int32 [len(utterances), frames * 160, 1].

        Raises:
            WorkbenchError: There is no such sound, or they are of different lengths.
        """
        sounds = [padded(codes_of(name)) for name in utterances]
        if len({len(each) for each in sounds}) > 1:
            raise WorkbenchError("these sounds do not last equally long; encode them one by one")
        return {"sound": np.stack(sounds).astype(np.int32)[:, :, None]}

    def recordings(self, folder: Path | str | None) -> dict[str, np.ndarray]:
        """None: what it gives is not compared with sounds."""
        return {}

    def training_set(self, folder: Path | str | None) -> Mapping[str, Aligned]:
        """The aligned recordings in `folder` that are not held out."""
        if folder is None:
            raise WorkbenchError(f"the generator {self.name} ships no aligned recordings; {_CURE}")
        return read_aligned(Path(folder), held_out=False)

    def configure(
        self, recordings: Mapping[str, Any], recipe: Recipe, settings: Mapping[str, Any]
    ) -> VisemeConfig:
        """The shape of settings and recipe."""
        _aligned(recordings)
        channels = getattr(recipe, "channels", None)
        chosen = {"channels": channels} if channels else {}
        return VisemeConfig(**{**chosen, **settings})

    def learnt(self, config: VisemeConfig, recordings: Mapping[str, Any]) -> tuple[str, ...]:
        """All of them."""
        return tuple(recordings)

    def lessons(
        self, config: VisemeConfig, recordings: Mapping[str, Any]
    ) -> tuple[dict[str, torch.Tensor], np.ndarray]:
        """Samples int16 [pieces, frames * 160, 1] and visemes, float32 [pieces, frames]."""
        import torch

        sound, visemes = lessons_of(_aligned(recordings))
        return {"sound": torch.from_numpy(sound)}, visemes

    def samples(self, config: VisemeConfig) -> int:
        """Output rows of the longest of `utterances`."""
        return max(len(padded(codes_of(name))) // HOP for name in config.sounds)

    def allows(self, field: str, value: Any) -> bool:
        """Whether a network could be built with it, and soon."""
        return is_possible(field, value)

    def least_bytes(self, config: VisemeConfig) -> int:
        """Size of the convolutions."""
        return least_bytes(config)

    def network(self, config: VisemeConfig, *, quantised: bool) -> Viseme:
        """The network with fresh weights."""
        from workbench.generators.viseme.network import Viseme

        return Viseme(config, quantised=quantised)

    def loss(self) -> nn.Module:
        """Cross entropy, and distance of faces."""
        from workbench.generators.viseme.network import VisemeLoss

        return VisemeLoss()

    def inputs(self, config: VisemeConfig) -> dict[str, RowIndexes | Samples]:
        """The bands that the front end gives."""
        return {"bands": Samples(channels=BANDS)}

    def input_rate_hz(self, config: VisemeConfig) -> float:
        """Frames a second."""
        return SAMPLE_RATE_HZ / HOP


def _aligned(recordings: Mapping[str, Any]) -> list[Aligned]:
    found = [each for each in recordings.values() if isinstance(each, Aligned)]
    if len(found) < len(recordings):
        raise WorkbenchError(f"the generator viseme learns aligned recordings; {_CURE}")
    return found


GENERATOR = VisemeGenerator()
