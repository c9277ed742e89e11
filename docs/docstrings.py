"""Docstrings are plain text with code in backticks: signs that reStructuredText takes for markup are escaped."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"[*|]|(?<=\w)_(?=\W|$)")


def escape_markup(
    app: object, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Escape `*`, `|` and a `_` at the end of a word, in place; examples (`>>>`) stay as they are."""
    example = False
    for number, line in enumerate(lines):
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>> "))
        if not example:
            lines[number] = escaped(line)


def escaped(line: str) -> str:
    """A line of prose; what is in backticks stays as it is."""
    parts = line.split("`")
    parts[::2] = [_MARKUP.sub(r"\\\g<0>", part) for part in parts[::2]]
    return "`".join(parts)
