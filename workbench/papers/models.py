"""The models of a study: generators by name, their shipped checkpoints, and folders."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from workbench.audio.resources import checkpoint_folder, data_folder
from workbench.errors import WorkbenchError, nearest
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.files import as_argument, is_folder
from workbench.generators.generator_registry import DEFAULT, is_known, names


@dataclass(frozen=True, eq=False)
class Model:
    """A model of a study.

    Args:
        text: As the study names it.
        voice: That it is.
        option: What a command takes to choose it, with a blank before it; "" where it needs nothing.
    """

    text: str
    voice: Voice
    option: str


def open_model(text: str, folder: Path) -> Model:
    """Open a generator ("speech"), a shipped checkpoint ("challenge/int4") or a folder.

    Args:
        text: As a study has it.
        folder: That a relative path is in.

    Raises:
        WorkbenchError: There is none.
    """
    if is_known(text):
        voice = open_voice(generator=text)
        return Model(text, voice, "" if text == DEFAULT else _option(voice.folder))
    for path in (checkpoint_folder(text), folder / text):
        if is_folder(path):
            return Model(text, open_voice(path), _option(path))
    raise WorkbenchError(
        f"there is no generator, shipped checkpoint or folder {text!r}; {nearest(text, names())}"
    )


def _option(path: Path | None) -> str:
    """A checkpoint, named as in a checkout where it ships, so that a page holds no path of the machine that made it."""
    if path is None:
        return ""
    shipped = data_folder()
    shown = Path("data") / path.relative_to(shipped) if path.is_relative_to(shipped) else path
    return f" --checkpoint {shlex.quote(as_argument(shown))}"
