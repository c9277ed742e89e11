"""What a network learns of the prompts: pieces of one length, as row indexes and controls."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from workbench.audio.speech_controls import CONTROLS
from workbench.generators.speech.phones import PAUSE
from workbench.generators.speech.prompts import Prompt
from workbench.generators.speech.timeline import Timeline

FRAMES = 80  # of a piece
_OVERLAP = 16  # of its first frames, which lack their past: they are not learnt
_NEW = FRAMES - _OVERLAP


def lessons_of(prompts: Iterable[Prompt]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Pieces of all prompts.

    Returns:
        Row indexes, int32 [pieces, 80] by input, and controls, float32 [pieces, 38, 80]; nan where nothing is to be
        learnt.
    """
    rows: dict[str, list[np.ndarray]] = {}
    controls = []
    for prompt in prompts:
        for start in range(0, max(prompt.timeline.frames - _OVERLAP, 1), _NEW):
            # A piece begins in silence, as an utterance does, or with frames that were learnt before.
            for name, column in _padded(prompt.timeline).items():
                rows.setdefault(name, []).append(column[start : start + FRAMES])
            controls.append(_piece(prompt.controls, start))
    return {name: np.stack(pieces) for name, pieces in rows.items()}, np.stack(controls)


def _padded(timeline: Timeline) -> dict[str, np.ndarray]:
    """Rows of a timeline with a pause behind it, which is long enough for any piece."""
    longer = Timeline((*timeline.symbols, PAUSE), (*timeline.durations, FRAMES))
    own = timeline.rows()
    return {
        name: np.concatenate([own[name], column[timeline.frames :]])
        for name, column in longer.rows().items()
    }


def _piece(controls: np.ndarray, start: int) -> np.ndarray:
    known = controls[start : start + FRAMES].T
    piece = np.full((CONTROLS, FRAMES), np.nan, np.float32)
    piece[:, : known.shape[1]] = known
    if start:
        piece[:, :_OVERLAP] = np.nan
    return piece
