"""How long phones last: effects of a phone and its neighbours, added on a logarithmic scale.

A linear model of log2(frames), Q.6 throughout, so that a text has the same durations on every machine. Reference: the
multiplicative rules of Klatt 1979, learnt by least squares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from workbench.generators.speech.phones import PAUSE
from workbench.generators.speech.timeline import PHONES, Timeline

PAUSE_FRAMES = 20  # between phrases
MARGIN_FRAMES = 10  # of silence before and after a text
_ONE = 64  # of log2
_SHORTEST, _LONGEST = 2, 60
_ENDINGS = 6  # places counted from the end of a phrase; what lies further counts as the last
_ROW = {symbol: row for row, symbol in enumerate(PHONES)}
# Effects: of the phone, of the one before, of the one after, and of the place from the phrase's end for vowels and
# consonants.
EFFECTS = 3 * len(PHONES) + 2 * _ENDINGS
_RIDGE = 4.0


def timed(symbols: Sequence[str], effects: Sequence[int]) -> Timeline:
    """Phones with the durations that a model gives them, between two margins of silence.

    Args:
        symbols: Of a text, a pause being "SIL".
        effects: Of the model, `EFFECTS` whole numbers.
    """
    parts = [(PAUSE, MARGIN_FRAMES)]
    for phrase in _phrases(symbols):
        if len(parts) > 1:
            parts.append((PAUSE, PAUSE_FRAMES))
        for symbol, rows in zip(phrase, _effects_of(phrase), strict=True):
            logarithm = sum(effects[row] for row in rows)
            frames = round(2 ** min(logarithm / _ONE, 8.0))
            parts.append((symbol, min(max(frames, _SHORTEST), _LONGEST)))
    parts.append((PAUSE, MARGIN_FRAMES))
    return Timeline(tuple(symbol for symbol, _ in parts), tuple(frames for _, frames in parts))


def learnt_effects(timelines: Iterable[Timeline]) -> tuple[int, ...]:
    """The model that fits recordings best, by least squares with a ridge."""
    gram, right = np.eye(EFFECTS) * _RIDGE, np.zeros(EFFECTS)
    for rows, frames in _examples(timelines):
        gram[np.ix_(rows, rows)] += 1
        right[list(rows)] += _ONE * np.log2(frames)
    return tuple(int(effect) for effect in np.rint(np.linalg.solve(gram, right)))


def duration_error(timelines: Iterable[Timeline], effects: Sequence[int]) -> float:
    """Root mean square of log2(said / recorded duration), over all phones but pauses."""
    errors = [
        sum(effects[row] for row in rows) / _ONE - np.log2(frames)
        for rows, frames in _examples(timelines)
    ]
    return float(np.sqrt(np.mean(np.square(errors))))


def _examples(timelines: Iterable[Timeline]) -> Iterator[tuple[tuple[int, ...], int]]:
    for timeline in timelines:
        said = [
            frames
            for symbol, frames in zip(timeline.symbols, timeline.durations, strict=True)
            if symbol != PAUSE
        ]
        rows = [each for phrase in _phrases(timeline.symbols) for each in _effects_of(phrase)]
        yield from zip(rows, said, strict=True)


def _phrases(symbols: Sequence[str]) -> Iterator[list[str]]:
    """The phones between pauses."""
    phrase: list[str] = []
    for symbol in (*symbols, PAUSE):
        if symbol != PAUSE:
            phrase.append(symbol)
        elif phrase:
            yield phrase
            phrase = []


def _effects_of(phrase: Sequence[str]) -> list[tuple[int, ...]]:
    """Rows of the effects that add up for each phone of a phrase."""
    around = [_ROW[symbol] for symbol in (PAUSE, *phrase, PAUSE)]
    count, kinds = len(phrase), len(PHONES)
    return [
        (
            around[at + 1],
            kinds + around[at],
            2 * kinds + around[at + 2],
            3 * kinds
            + min(count - 1 - at, _ENDINGS - 1)
            + (_ENDINGS if phrase[at][-1] in "01" else 0),
        )
        for at in range(count)
    ]
