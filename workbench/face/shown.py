"""Results as a notebook shows them: HTML of its own, and plain text elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape


@dataclass(frozen=True, repr=False)
class Shown:
    """html: for a notebook. text: for everything else."""

    html: str = field(repr=False)
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


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
