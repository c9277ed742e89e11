"""What a panel shows as a few lines of Python to copy, through the public face alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import anywidget
import traitlets

from workbench.errors import WorkbenchError
from workbench.experiments.voices.voice import Voice

_HERE = Path(__file__).parent
_IMPORT = "import workbench as wb"


class Snippet(anywidget.AnyWidget):
    """Folded lines of code with a button that copies them.

    Attributes:
        code: The lines; each panel keeps them true to its controls.
    """

    _esm = _HERE / "snippet.js"
    _css = _HERE / "snippet.css"

    code = traitlets.Unicode("").tag(sync=True)

    def show(self, voice: Voice, lines: Iterable[str]) -> None:
        """Show these lines, which may use `voice`, behind those that open it."""
        self.lines([*_opening(voice), *lines])

    def lines(self, lines: Iterable[str]) -> None:
        """Show these lines, which need nothing but `wb`."""
        self.code = "\n".join([_IMPORT, "", *lines])


def _opening(voice: Voice) -> list[str]:
    """Lines after which `voice` is this voice."""
    if voice.folder is None:
        return [f"# voice: that of {voice.generator.name}, as wb.voice_of(...) made it"]
    return [f"voice = wb.load({_source(voice)!r})"]


def _source(voice: Voice) -> str:
    """The generator's name for the checkpoint that ships with it, the folder of any other."""
    assert voice.folder is not None
    try:
        shipped = voice.generator.checkpoint()
    except WorkbenchError:
        shipped = None
    return voice.generator.name if voice.folder == shipped else str(voice.folder)
