"""A line on a terminal's standard error: the current step, and how many there are where they can be counted."""

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
def counted(total: int, what: str = "", *, unit: str = "step") -> Iterator[Callable[[str], None]]:
    """Show how many of `total` steps are done, how fast, and how long the others will take.

    Yields what names the next step, which ends the one before. Shown as by `doing`.
    """
    begun = False
    with progress_bar(desc=what, total=total, unit=unit) as bar:

        def begin(text: str) -> None:
            nonlocal begun
            bar.set_description_str(text, refresh=False)
            bar.update(int(begun))
            bar.refresh()
            begun = True

        yield begin


@contextmanager
def staged(*, unit: str = "step") -> Iterator[Callable[[str, int, int], None]]:
    """Show how many of how many steps are done, as `counted`, where the work itself knows their number.

    Yields what is called with the current step, how many are done and how many there are; none done
    begins a new stage, which has a rate of its own.
    """
    with progress_bar(unit=unit) as bar:

        def show(what: str, done: int, total: int) -> None:
            bar.set_description_str(what, refresh=False)
            if not done:
                bar.reset(total)
            bar.n = done
            bar.refresh()

        yield show


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
