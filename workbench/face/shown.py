"""Results as a notebook shows them: HTML of its own, and plain text elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.memory.faults.protection import ProtectionMask

_ALTERNATIVES = {
    "map.png": "Harm by operator, bit and channel",
    "protection.png": "Remaining harm by protected share",
    "curve.png": "Quality over the bit-error rate",
    "costs.png": "Remaining harm against RAM, flash and instructions",
    "harm.png": "Harm by strategy and environment",
}
_MASK_FILE = "protection.mask"


@dataclass(frozen=True, repr=False)
class Shown:
    """html: for a notebook. text: for everything else."""

    html: str = field(repr=False)
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, repr=False)
class Pictures:
    """Pictures and figures in a folder; a notebook shows the pictures.

    figures: JSON-ready, shares 0 to 1. files: names of the pictures.
    """

    folder: Path
    figures: dict[str, Any]
    files: tuple[str, ...]

    @property
    def mask(self) -> ProtectionMask:
        """The mask of the most critical bytes; WorkbenchError for pictures that have none."""
        return ProtectionMask.load(self.folder / _MASK_FILE)

    def _repr_html_(self) -> str:
        return "".join(
            f'<img src="data:image/png;base64,{base64.b64encode((self.folder / name).read_bytes()).decode()}" '
            f'alt="{escape(_ALTERNATIVES.get(name, name))}" style="display: block; max-width: 62rem; width: 100%">'
            for name in self.files
        )

    def __repr__(self) -> str:
        return f"{', '.join(self.files)} in {self.folder}"


def need_pandas() -> None:
    """Raise WorkbenchError, with what to install, where pandas is missing."""
    try:
        import pandas  # noqa: F401
    except ImportError as error:
        raise WorkbenchError(
            "a DataFrame needs pandas; install the extra with "
            '`pip install "self-healing-audio-workbench[tables]"`, or run the command of the same name'
        ) from error


def html_table(rows: Sequence[Sequence[str]], *, caption: str = "") -> str:
    """A table; the first row is its head, the first column its names."""
    head, *body = rows
    lines = [_row("th", head), *(_row("td", row) for row in body)]
    title = f"<caption style='caption-side: top; text-align: left'>{escape(caption)}</caption>"
    return f"<table>{title if caption else ''}{''.join(lines)}</table>"


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """The same as lines of text, columns padded to one width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _row(kind: str, cells: Iterable[str]) -> str:
    first, *rest = (escape(cell) for cell in cells)
    others = "".join(f"<{kind} style='text-align: right'>{cell}</{kind}>" for cell in rest)
    return f"<tr><{kind} style='text-align: left'>{first}</{kind}>{others}</tr>"
