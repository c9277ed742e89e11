"""Which words of a life a fault touched, and when its damage ended."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workbench.healing.upsets import Upset
from workbench.memory.image import Image


def touched_words(
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


def repairs_of(
    wrong_bits: np.ndarray, hits: list[Upset], start: int, image: Image
) -> list[tuple[int, int]]:
    """(frame, position): upsets of the working copy, and their repair when nothing is wrong again."""
    found = []
    for hit in hits:
        stored = int(image.data[hit.position >> 3]) >> (hit.position & 7) & 1
        if hit.position < 8 * image.layout.working_bytes and hit.stuck != stored:
            found.append((hit.frame, hit.position))
            healed = np.flatnonzero(wrong_bits[hit.frame - start :] == 0)
            if len(healed):
                found.append((hit.frame + int(healed[0]) + 1, hit.position))
    return found
