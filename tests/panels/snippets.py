"""The code that a panel shows, run as a user would run it."""

from __future__ import annotations

from typing import Any

from workbench.panels.snippet import Snippet


def ran(snippet: Snippet, **names: Any) -> tuple[dict[str, Any], list[Any]]:
    """The names that the code has made, and what it displayed; names: what it begins with."""
    shown: list[Any] = []
    made: dict[str, Any] = {"display": lambda *what: shown.extend(what), **names}
    exec(compile(snippet.code, "snippet", "exec"), made)
    return made, shown
