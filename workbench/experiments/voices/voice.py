"""A trained generator ready to be damaged: its model, program, clean memory image and recordings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch

from workbench.audio.recogniser import DIGIT_WORDS
from workbench.audio.recordings import load_words, nfc
from workbench.errors import WorkbenchError, expect, nearest
from workbench.generators.challenge import Challenge
from workbench.integer.lowered_challenge import lower_challenge
from workbench.integer.program import Program
from workbench.integer.reference import run
from workbench.memory.image import Image
from workbench.training.checkpoint import load_checkpoint, shipped_checkpoint


@dataclass(frozen=True, eq=False, repr=False)
class Voice:
    """A generator of spoken words and what it was taught with.

    recordings: word -> float32 [samples], of any length. story: what the checkpoint says of itself.
    """

    model: Challenge
    program: Program
    recordings: dict[str, np.ndarray]
    story: dict[str, Any]

    @cached_property
    def image(self) -> Image:
        """The clean memory image."""
        return Image.of(self.program)

    def __repr__(self) -> str:
        return f"Voice that says {', '.join(self.words)} with {self.program!r}"

    @property
    def words(self) -> tuple[str, ...]:
        """What it can say, in the order of its embedding."""
        return self.model.config.words

    @property
    def frame_s(self) -> float:
        """Duration of a frame in seconds."""
        return 1.0 / self.program.frame_rate_hz

    def spoken(self, word: str) -> str:
        """The word as it is said: "seven" for "7"."""
        return DIGIT_WORDS.get(word, word)

    def word(self, text: str) -> str:
        """The word of `words` that `text` means: itself, or "7" for "seven"; else `text` as it is.

        Both are compared in Unicode's form NFC.
        """
        expect(text, str, "a word", 'text, as "7"')
        if text in self.words:
            return text
        by_sound = {nfc(self.spoken(word)): word for word in self.words}
        by_name = {nfc(word): word for word in self.words}
        return {**by_sound, **by_name}.get(nfc(text), text)

    def inputs(self, word: str) -> dict[str, np.ndarray]:
        """Inputs of the program, int32 [1, frames, 1], that make it say `word` or what it means.

        Raises WorkbenchError for a word that it was not taught.
        """
        taught = self.word(word)
        if taught not in self.words:
            said = map(self.spoken, self.words)
            raise WorkbenchError(
                f"this generator cannot say {word!r}; {nearest(word, self.words, also=said)}"
            )
        return self.model.indexes([taught])

    def speak(self, word: str, image: Image | None = None) -> np.ndarray:
        """`word` spoken from the working copy of `image`, by default the clean one: float32 [samples].

        It begins in silence: what the state section of `image` holds is not heard.
        """
        if image is not None:
            expect(image, Image, "the memory to speak from", "an Image, as `image` of this voice")
        program = image.to_program() if image is not None else self.program
        return program.sound(run(program, self.inputs(word))[program.output][0])

    def speak_in_float(self, word: str) -> np.ndarray:
        """`word` from the float twin, the same weights without quantisers: float32 [samples]."""
        with torch.no_grad():
            output = float_twin(self.model)(**self.model.tensors([self.word(word)]))
        return np.clip(output[0, 0].numpy(), -1.0, 1.0)

    def recording(self, word: str) -> np.ndarray:
        """The recording of `word`, cut or padded with silence to the length of `speak(word)`."""
        named = {nfc(name): name for name in self.recordings}
        name = word if word in self.recordings else named.get(nfc(word))
        if name is None:
            raise WorkbenchError(
                f"there is no recording of {word!r} among the {len(self.recordings)} given; name the "
                "folder that the voice learned with --data"
            )
        samples = self.recordings[name]
        length = self.model.config.frames * self.model.config.samples_per_frame
        return np.pad(samples, (0, max(0, length - len(samples))))[:length]


def open_voice(folder: Path | str | None = None, data: Path | str | None = None) -> Voice:
    """The voice of the checkpoint in `folder`, with the recordings in `data`; None for the shipped.

    Raises WorkbenchError when the checkpoint or the recordings are missing or damaged.
    """
    for what, place in (("the folder of a checkpoint", folder), ("the folder of recordings", data)):
        if place is not None:
            expect(place, (str, PathLike), what, "its path, or nothing for the shipped one")
    model, story = load_checkpoint(folder or shipped_checkpoint())
    return Voice(model, lower_challenge(model).program, load_words(data), story)


def float_twin(model: Challenge) -> Challenge:
    """The same network with the same weights in float32, its quantisers switched off."""
    twin = Challenge(model.config, quantised=False)
    weights = {
        name: tensor for name, tensor in model.state_dict().items() if name in twin.state_dict()
    }
    twin.load_state_dict(weights)
    return twin.eval()
