"""What the devices of a fleet say, and when: utterances of any length, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from workbench.integer.program import Program
from workbench.integer.reference import Codes


@dataclass(frozen=True, eq=False)
class Spoken:
    """The utterances of a device in order.

    Args:
        chosen: int64 [utterances], which of the vocabulary each is.
        starts: int64 [utterances + 1], the first frame of each, and the end of the last.
    """

    chosen: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, program: Program, inputs: Mapping[str, Codes], chosen: np.ndarray) -> Spoken:
        """Those that a script names. inputs: of the vocabulary, in order; chosen: int64 [utterances]."""
        lengths = frames_of_each(program, inputs)[chosen]
        return cls(chosen, np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]))

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def frames(self) -> int:
        """Of all of them together."""
        return int(self.starts[-1])

    def during(self, frame: np.ndarray) -> np.ndarray:
        """Which utterance is said in each frame, int64 [n]; their number for frames after the last."""
        return np.searchsorted(self.starts, frame, side="right") - 1


def frames_of_each(program: Program, inputs: Mapping[str, Codes]) -> np.ndarray:
    """Frames of each utterance of a vocabulary, int64 [vocabulary]."""
    name = program.inputs[0]
    rate = program.signal(name).rate
    return np.array([codes[name].shape[1] // rate for codes in inputs.values()], np.int64)
