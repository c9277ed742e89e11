"""Progress bars on standard error, imported when the first one is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from io import StringIO
from typing import Any

_INTERVAL_S = 0.5  # between two sentences
_teller: ContextVar[Callable[[str], object] | None] = ContextVar("teller", default=None)


def progress_bar(iterable: Any = None, **options: Any) -> Any:
    """A `tqdm` bar with these options; only on a terminal, and gone at its end, unless they say otherwise."""
    from tqdm import tqdm

    options = {"leave": False, "disable": None, **options}
    teller = _teller.get()
    if teller is None:
        return tqdm(iterable, **options)
    tell = teller

    class Told(tqdm):
        """A bar in words."""

        def display(self, msg: str | None = None, pos: int | None = None) -> None:
            of = f" of {self.total:,}" if self.total else ""
            tell(f"{self.desc.removesuffix(': ')}: {self.n:,}{of}")

    options |= {"disable": False, "file": StringIO(), "mininterval": _INTERVAL_S}
    return Told(iterable, **options)


@contextmanager
def bars_told_to(tell: Callable[[str], object]) -> Iterator[None]:
    """Within the block bars become sentences, as "finding the limit: 3 of 10", for whoever has no terminal."""
    token = _teller.set(tell)
    try:
        yield
    finally:
        _teller.reset(token)
