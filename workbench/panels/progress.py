"""A line below a notebook's cell that names the current step, where steps cannot be counted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

from IPython.display import HTML, DisplayHandle, display


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Show `what` while the block runs, and how long it took when it has ended."""
    line = display(_line(f"{what} …"), display_id=True)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        _replace(line, f"{what}: stopped")
        raise
    _replace(line, f"{what}: {time.monotonic() - started:.1f} s")


def _replace(line: DisplayHandle | None, text: str) -> None:
    if line is not None:  # there is none outside of a notebook
        line.update(_line(text))


def _line(text: str) -> HTML:
    return HTML(f'<div role="status">{escape(text)}</div>')
