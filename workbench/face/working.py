"""What takes long says so: a line or a bar below a notebook's cell or on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any


def in_notebook() -> bool:
    """Whether a notebook's kernel runs this."""
    python = sys.modules.get("IPython")
    return python is not None and hasattr(python.get_ipython(), "kernel")


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show `what` in a notebook while the block runs, and how long it took."""
    if not in_notebook():
        yield
        return
    from workbench.panels.progress import doing

    with doing(what):
        yield


def counting(what: str, *, total: int, unit: str = "device") -> AbstractContextManager[Any]:
    """A bar for so many units, a context manager with `update`."""
    from tqdm.auto import tqdm

    silent = False if in_notebook() else None  # None: unless it is a terminal
    bar: AbstractContextManager[Any] = tqdm(
        desc=what, total=total, unit=unit, leave=False, disable=silent
    )
    return bar
