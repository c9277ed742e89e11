"""Which words of a device are affected by faults."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workbench.memory.image import Image


def affected_words(
    frame: np.ndarray, position: np.ndarray, frames: int, words: int, image: Image
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """(word, frame in it, position) of the words that begin with wrong bits or in which bits change."""
    wrong: set[int] = set()
    working = 8 * image.layout.working_bytes
    changed = np.unique(frame // frames)
    following = iter([*changed[changed < words].tolist(), words])
    word, coming = 0, next(following)
    while word < words:
        if not wrong:
            word = coming
        if word == words:
            return
        first, last = np.searchsorted(frame, [word * frames, (word + 1) * frames])
        begun = np.array(sorted(wrong), np.int64)
        yield (
            word,
            np.concatenate([np.zeros(len(begun), np.int64), frame[first:last] - word * frames]),
            np.concatenate([begun, position[first:last]]),
        )
        for bit in position[first:last].tolist():
            if bit < working:
                wrong ^= {bit}
        word += 1
        while coming < word:
            coming = next(following)
