"""Which words of a device are affected by faults."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workbench.experiments.fleets.spoken import Spoken
from workbench.memory.image import Image


def affected_words(
    frame: np.ndarray, position: np.ndarray, spoken: Spoken, image: Image
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """(word, frame in it, position) of the words that begin with wrong bits or in which bits change."""
    wrong = np.zeros(0, np.int64)
    words = len(spoken)
    changed = np.unique(spoken.during(frame))
    following = iter([*changed[changed < words].tolist(), words])
    word, coming = 0, next(following)
    while word < words:
        if not len(wrong):
            word = coming
        if word == words:
            return
        start, end = spoken.starts[word : word + 2]
        first, last = np.searchsorted(frame, [start, end])
        inside = position[first:last]
        yield (
            word,
            np.concatenate([np.zeros(len(wrong), np.int64), frame[first:last] - start]),
            np.concatenate([wrong, inside]),
        )
        bits, times = np.unique(inside[image.layout.has_parameters(inside)], return_counts=True)
        wrong = np.setxor1d(wrong, bits[times % 2 == 1], assume_unique=True)
        word += 1
        while coming < word:
            coming = next(following)
