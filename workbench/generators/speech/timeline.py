"""Phones with their durations, and the rows of the network's embeddings for each of their frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from workbench.generators.speech.durations import durations
from workbench.generators.speech.phones import PAUSE, SYMBOLS
from workbench.generators.speech.pronunciation import pronounced

PHONES = (PAUSE, *SYMBOLS)  # rows of the embedding
PLACES = 32  # rows that tell a place in a phone or a phrase; what lies further counts as the last
MARGIN_FRAMES = 10  # of silence before and after a text
_FRAMES_A_ROW = 4  # of a place in a phrase
_ROW = {symbol: row for row, symbol in enumerate(PHONES)}


@dataclass(frozen=True)
class Timeline:
    """Phones one after the other.

    Args:
        symbols: Of `PHONES`, a pause being "SIL".
        durations: Frames of each, 10 ms, at least 1.
    """

    symbols: tuple[str, ...]
    durations: tuple[int, ...]

    @property
    def frames(self) -> int:
        """How long it is."""
        return sum(self.durations)

    def rows(self) -> dict[str, np.ndarray]:
        """Row indexes by input of the network, int32 [frames] each.

        `before`, `phone`, `after`: the phone and its neighbours, in `PHONES`. `since`, `until`: frames since the phone
        began and until it ends. `begun`, `left`: the same of the phrase, or of the pause, in steps of 4 frames.
        """
        phones = np.array([_ROW[symbol] for symbol in self.symbols], np.int32)
        around = np.pad(phones, 1)  # a pause, row 0, at both ends
        since, until = _places(self.durations)
        begun, left = _places(tuple(_phrases(self.symbols, self.durations)))
        columns = {"before": around[:-2], "phone": phones, "after": around[2:]}
        last = PLACES - 1
        return {
            **{name: np.repeat(column, self.durations) for name, column in columns.items()},
            "since": np.minimum(since, last),
            "until": np.minimum(until, last),
            "begun": np.minimum(begun // _FRAMES_A_ROW, last),
            "left": np.minimum(left // _FRAMES_A_ROW, last),
        }


@lru_cache(maxsize=256)
def timeline_of(text: str) -> Timeline:
    """Phones and durations of a text, between two margins; WorkbenchError where it cannot be pronounced."""
    margin = (PAUSE, MARGIN_FRAMES)
    parts = [margin, *durations().timed(pronounced(text)), margin]
    return Timeline(tuple(symbol for symbol, _ in parts), tuple(frames for _, frames in parts))


def _places(lengths: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Frames since the beginning and until the end of the part that each frame is in, int32 [frames]."""
    ends = np.cumsum(lengths)
    at = np.arange(int(ends[-1]))
    end = np.repeat(ends, lengths)
    since = at - np.repeat(ends - lengths, lengths)
    return since.astype(np.int32), (end - 1 - at).astype(np.int32)


def _phrases(symbols: Sequence[str], durations: Sequence[int]) -> Iterator[int]:
    """Frames of each run of phones, and of each pause."""
    run = 0
    for symbol, duration in zip(symbols, durations, strict=True):
        if symbol == PAUSE:
            if run:
                yield run
            yield duration
            run = 0
        else:
            run += duration
    if run:
        yield run
