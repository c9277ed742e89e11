"""Texts without end: words of the lexicon and numbers in any order, with pauses, so that all phones meet each other."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from workbench.generators.speech.lexicon import can_be_learnt, lexicon

_MOST_WORDS = 10
_NUMBERS, _PAUSES = 0.1, 0.15  # shares of the words


def any_text(seed: int) -> Iterator[str]:
    """Texts of up to ten words, drawn by a seed; equal seeds give equal texts.

    >>> from itertools import islice
    >>> len(list(islice(any_text(0), 3)))
    3
    """
    rng = np.random.default_rng([seed, 15])
    words = _words()
    while True:
        count = int(rng.integers(1, _MOST_WORDS + 1))
        chosen = [words[at] for at in rng.integers(len(words), size=count)]
        kinds, numbers = rng.random(count), rng.integers(10_000, size=count)
        said = [
            str(number) if kind < _NUMBERS else word
            for word, kind, number in zip(chosen, kinds, numbers, strict=True)
        ]
        pauses = np.where(rng.random(count) < _PAUSES, ", ", " ")
        yield "".join(f"{word}{pause}" for word, pause in zip(said, pauses, strict=True)).rstrip(
            " ,"
        )


@lru_cache(maxsize=1)
def _words() -> tuple[str, ...]:
    return tuple(sorted(filter(can_be_learnt, lexicon().coded)))
