"""What the recordings of the voice say, and which of them no network learns: a table that ships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from workbench.audio.resources import recordings_folder
from workbench.errors import WorkbenchError
from workbench.files import read_bytes

_HELD_OUT, _LEARNT = "held-out", "learn"


@dataclass(frozen=True)
class Transcript:
    """What a recording says.

    Args:
        text: In English, phones by hand in braces.
        held_out: Whether it only measures.
    """

    text: str
    held_out: bool


@lru_cache(maxsize=1)
def transcripts() -> Mapping[str, Transcript]:
    """Label of a recording, as `digits/7` -> what it says, for all of the voice that speak.

    Raises:
        WorkbenchError: The table is missing or damaged.
    """
    path = transcripts_file()
    try:
        lines = read_bytes(path).decode().splitlines()[1:]
        return dict(map(_read, lines))
    except (OSError, ValueError) as error:
        raise WorkbenchError(
            f"cannot use the table of transcripts {path} ({error}); install the package again or clone the "
            "repository again"
        ) from error


def transcripts_file() -> Path:
    """Where the table ships: label, part and text of each recording, separated by tabs."""
    return recordings_folder() / "transcripts.tsv"


def _read(line: str) -> tuple[str, Transcript]:
    label, part, text = line.split("\t")
    if part not in (_HELD_OUT, _LEARNT):
        raise ValueError(f"{label!r} is in no part")
    return label, Transcript(text, part == _HELD_OUT)
