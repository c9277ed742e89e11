"""Several words spoken one after the other: inputs for a simulation that is longer than one word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from workbench.errors import expect
from workbench.experiments.voices.voice import Voice
from workbench.integer.reference import Codes


@dataclass(frozen=True, eq=False)
class Script:
    """Words and the inputs that make a voice say them.

    utterances: as the voice has them, "7" where "seven" was asked for. inputs: int32 [1, frames, 1] by name. frames: of all words together. starts: first frame of each.
    """

    utterances: tuple[str, ...]
    inputs: Codes
    frames: int
    starts: tuple[int, ...]


def script_of(voice: Voice, words: Sequence[str]) -> Script:
    """The script of at least one word; WorkbenchError for a word that `voice` cannot say."""
    expect(voice, Voice, "what speaks", "a Voice, as open_voice()")
    expect(words, (list, tuple), "what is said", 'a list of words, as ["3", "1"]')
    taught = tuple(voice.utterance(word) for word in words)
    spoken = [voice.inputs(word) for word in taught]
    frames = [voice.frames(word) for word in taught]
    return Script(
        utterances=taught,
        inputs={
            name: np.concatenate([word[name] for word in spoken], axis=1) for name in spoken[0]
        },
        frames=sum(frames),
        starts=tuple(accumulate(frames[:-1], initial=0)),
    )
