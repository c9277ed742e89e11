"""Progress bars on standard error, imported when the first one is shown."""

from __future__ import annotations

from typing import Any


def progress_bar(iterable: Any = None, **options: Any) -> Any:
    """A `tqdm` bar with these options; only on a terminal, and gone at its end, unless they say otherwise."""
    from tqdm import tqdm

    return tqdm(iterable, **{"leave": False, "disable": None, **options})
