"""What the recordings of the shipped voice say."""

from __future__ import annotations

import re
from pathlib import Path

from workbench.audio.resources import recordings_folder
from workbench.errors import WorkbenchError
from workbench.files import read_bytes

_SIGNS = {"#": "pound", "*": "star"}  # as the voice says them


def transcripts(path: Path | None = None) -> dict[str, str]:
    """Label of a recording, as "digits/7", -> its text; without sounds that are no speech.

    Args:
        path: Lines of a label, a colon and the text; a remark in brackets is not said. By default, those that ship.

    Raises:
        WorkbenchError: The file cannot be read.
    """
    path = path or recordings_folder() / "transcripts.txt"
    try:
        lines = read_bytes(path).decode().splitlines()
    except (OSError, ValueError) as error:
        raise WorkbenchError(
            f"cannot use the transcripts {path} ({error}); clone the repository again"
        ) from error
    said = {}
    for line in lines:
        label, colon, text = line.partition(":")
        text = re.sub(r"\[[^\]]*\]", "", text).strip()
        if colon and text and not label.startswith(";"):
            said[label.strip().removesuffix(".wav")] = _in_words(text)
    return said


def _in_words(text: str) -> str:
    for sign, word in _SIGNS.items():
        text = text.replace(sign, f" {word} ")
    return " ".join(text.split())
