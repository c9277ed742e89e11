"""README, CONTRIBUTING and the pages of the site, and what is written in them as code."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path, language: str) -> list[str]:
    """The code blocks of a page that are in `language`."""
    return [text for kind, text in _BLOCK.findall(path.read_text("utf-8")) if kind == language]


def spans(path: Path) -> list[str]:
    """Code within the prose of a page, each on one line."""
    prose = _BLOCK.sub(
        lambda block: block[2] if block[1] == "{glossary}" else "", path.read_text("utf-8")
    )
    return [" ".join(text.split()) for text in _SPAN.findall(prose)]


def command_lines(path: Path, program: str) -> Iterator[list[str]]:
    """The words of every call of `program` on a page, without its name and comments."""
    lines = [line for text in blocks(path, "sh") for line in text.splitlines()]
    for line in (*lines, *spans(path)):
        if line.startswith(f"{program} "):
            yield shlex.split(line, comments=True)[1:]
