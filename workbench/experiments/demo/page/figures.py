"""Numbers on the page: each is looked up in the summary by its path and carries that path along.

`<span data-figure="clips.healed.clean.snr_db">28.1</span>` is how a test, or a reader of the
source, finds the figure in summary.json.
"""

from __future__ import annotations

from html import escape
from typing import Any

MINUS = "\N{MINUS SIGN}"


class Figures:
    """Looks figures up in `summary`, the data of summary.json."""

    def __init__(self, summary: dict[str, Any]) -> None:
        self.summary = summary

    def value(self, *path: str) -> Any:
        """The entry of the summary at `path`; KeyError when there is none."""
        entry: Any = self.summary
        for step in path:
            entry = entry[step]
        return entry

    def number(self, *path: str, digits: int = 0, absent: str = "–", scale: float = 1.0) -> str:
        """HTML of a number at `path`, times `scale`, with `digits` decimals; `absent` for null."""
        value = self.value(*path)
        text = absent if value is None else f"{value * scale:,.{digits}f}".replace("-", MINUS)
        marked = f' data-scale="{scale:g}"' if scale != 1.0 else ""
        return f'<span data-figure="{escape(".".join(path))}"{marked}>{escape(text)}</span>'

    def text(self, *path: str) -> str:
        """HTML of a text at `path`."""
        value = str(self.value(*path))
        return f'<span data-figure="{escape(".".join(path))}">{escape(value)}</span>'
