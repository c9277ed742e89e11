"""Texts as codes of 6 bits a phone, and the durations of phones as tables that a device adds up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from workbench.errors import WorkbenchError
from workbench.generators.dictionary import MOST_CODES, Dictionary, packed
from workbench.generators.speech.durations import (
    LONGEST,
    MOST_SYLLABLES,
    OCTAVE,
    SHORTEST,
    durations,
)
from workbench.generators.speech.phones import PAUSE, VOWELS
from workbench.generators.speech.pronunciation import pronounced
from workbench.generators.speech.timeline import MARGIN_FRAMES, PHONES
from workbench.generators.speech.tokens import Manner

_COMMA, _STOP = len(PHONES), len(PHONES) + 1  # behind the rows of the phones, of which 0 is a pause
_CODES = {symbol: row for row, symbol in enumerate(PHONES)} | {",": _COMMA, ".": _STOP}
_INPUTS = ("before", "phone", "after", "since", "until", "begun", "left")


def codes_of(text: str) -> np.ndarray:
    """The phones and pauses of a text, uint8 [n]; WorkbenchError where it cannot be pronounced."""
    symbols = [
        word.text if word.manner is Manner.PAUSE else symbol
        for word in pronounced(text)
        for symbol in word.symbols
    ]
    return np.array([_CODES[symbol] for symbol in symbols], np.uint8)


def dictionary_of(texts: Sequence[str]) -> Dictionary:
    """The dictionary of some texts.

    Raises:
        WorkbenchError: One of them cannot be pronounced, or they are too long together.
    """
    entries = [codes_of(text) for text in texts]
    starts = np.cumsum([0, *map(len, entries)])
    if starts[-1] > MOST_CODES:
        raise WorkbenchError(
            f"these {len(texts):,} texts have {starts[-1]:,} phones and a dictionary holds {MOST_CODES:,}; "
            "give fewer"
        )
    effects = durations()
    return Dictionary(
        texts=tuple(texts),
        codes=packed(np.concatenate(entries)),
        starts=starts.astype("<u2"),
        phone=_by_row(effects.phone),
        last=_by_row(effects.last),
        before=_by_row(effects.before),
        after=_by_row(effects.after),
        syllables=np.array(
            [effects.syllables.get(str(n), 0) for n in range(MOST_SYLLABLES + 1)], "<i2"
        ),
        mean=effects.mean,
        longer=_longer(),
        pauses=np.array(
            [*(effects.pauses[mark] for mark in (PAUSE, ",", ".")), MARGIN_FRAMES], "u1"
        ),
        vowels=2 * len(VOWELS),
        inputs=_INPUTS,
    )


def _by_row(effect: Mapping[str, int]) -> np.ndarray:
    return np.array([effect.get(symbol, 0) for symbol in PHONES], "<i2")


def _longer() -> np.ndarray:
    """The smallest sums that `Durations.frames` rounds to 3, 4, ... 60 frames."""
    sums = range(OCTAVE * LONGEST.bit_length() + 1)
    rounded = np.array([round(2 ** (each / OCTAVE)) for each in sums])
    return np.searchsorted(rounded, np.arange(SHORTEST + 1, LONGEST + 1)).astype("<i2")
