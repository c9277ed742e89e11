"""A line on a terminal's standard error that names the current step, where steps cannot be counted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from workbench.progress import progress_bar


@contextmanager
def doing(what: str = "") -> Iterator[Callable[[str], None]]:
    """Show `what`, and since when, while the block runs; yields what puts another text in its place.

    Nothing is shown where standard error is no terminal, and nothing stays when the block has ended.
    """
    with progress_bar(desc=what, bar_format="{desc} [{elapsed}]") as bar:
        yield bar.set_description_str


@contextmanager
def resumable(kept: Callable[[], str]) -> Iterator[None]:
    """Where the block is interrupted, say what is kept, and that the same command goes on from there.

    kept: the beginning of that sentence, as "3 bits are kept in out/worst".
    """
    try:
        yield
    except KeyboardInterrupt:
        print(f"{kept()}; the same command goes on from there", file=sys.stderr)
        raise
