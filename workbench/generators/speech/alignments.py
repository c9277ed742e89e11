"""Recordings of the voice as phones in time: what durations are learnt from.

An alignment is a row of (symbol, first frame, frames) in frames of 10 ms; symbols are those of `phones`. A silence is
"SIL", or the mark "," or "." where the text has a pause.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from workbench.audio.alignment import Aligner
from workbench.audio.recordings import ALIGNMENTS
from workbench.errors import WorkbenchError
from workbench.generators.speech.phones import PAUSE, without_stress
from workbench.generators.speech.pronunciation import pronounced
from workbench.generators.speech.tokens import Manner
from workbench.progress import progress_bar
from workbench.sealed import read_sealed, write_sealed

Row = tuple[str, int, int]
# Called with a label and what aligns its recording; returns the rows of that, or of an earlier run, as lists or tuples.
Step = Callable[[str, Callable[[], list[Row]]], list[Any]]


def align_all(
    recordings: Mapping[str, np.ndarray], texts: Mapping[str, str], *, step: Step | None = None
) -> tuple[dict[str, list[Row]], dict[str, str]]:
    """Align recordings with their texts.

    Args:
        recordings: Label -> float [samples] at 16 kHz.
        texts: Label -> what it says; others are not aligned.
        step: Keeps what is aligned already; None to align all.

    Returns:
        Label -> rows, and label -> why a recording could not be aligned.

    Raises:
        WorkbenchError: pocketsphinx is not installed.
    """
    aligner = Aligner()
    found: dict[str, list[Row]] = {}
    left_out: dict[str, str] = {}
    labels = [label for label in recordings if label in texts]
    for label in progress_bar(labels, desc="aligning", unit="recording"):
        try:
            make = partial(_rows, aligner, recordings[label], texts[label])
            found[label] = list(map(_row, step(label, make))) if step else make()
        except WorkbenchError as error:
            left_out[label] = str(error)
    return found, left_out


def _rows(aligner: Aligner, samples: np.ndarray, text: str) -> list[Row]:
    words: list[tuple[str, ...]] = []
    marks: dict[int, str] = {}
    for spoken in pronounced(text):
        if spoken.manner is Manner.PAUSE:
            marks[len(words)] = spoken.text  # before the word of this number
        else:
            words.append(spoken.symbols)
    rows: list[Row] = []
    following = 0
    for timed in aligner.align(samples, [without_stress(word) for word in words]):
        symbols = (marks.get(following, PAUSE),) if timed.word is None else words[timed.word]
        following = following if timed.word is None else timed.word + 1
        start = timed.start
        for symbol, frames in zip(symbols, timed.frames, strict=True):
            rows.append((symbol, start, frames))
            start += frames
    return rows


def save_alignments(folder: Path, alignments: Mapping[str, list[Row]]) -> Path:
    """Write the file of a folder; WorkbenchError where that is not possible."""
    path = folder / ALIGNMENTS
    write_sealed(path, {"alignments": {label: list(rows) for label, rows in alignments.items()}})
    return path


def read_alignments(folder: Path) -> dict[str, list[Row]]:
    """Label -> rows, from the file of a folder.

    Raises:
        WorkbenchError: It is missing, or was edited.
    """
    cure = "make it with `workbench data align`"
    path = folder / ALIGNMENTS
    try:
        contents = read_sealed(path, cure)["alignments"]
        return {str(label): [_row(row) for row in rows] for label, rows in contents.items()}
    except OSError as error:
        raise WorkbenchError(f"cannot read {path} ({error.strerror or error}); {cure}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WorkbenchError(f"{path} holds no alignments ({error}); {cure}") from error


def _row(row: Any) -> Row:
    symbol, start, frames = row
    if not (isinstance(symbol, str) and isinstance(start, int) and isinstance(frames, int)):
        raise TypeError(f"{str(row)[:40]!r} is no phone in time")
    return symbol, start, frames
