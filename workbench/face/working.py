"""A line below a notebook's cell while something takes long; nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show `what` while the block runs, and how long it took, where a notebook's kernel runs this."""
    python = sys.modules.get("IPython")
    if python is None or not hasattr(python.get_ipython(), "kernel"):
        yield
        return
    from workbench.panels.progress import doing

    with doing(what):
        yield
