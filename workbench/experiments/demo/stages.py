"""Progress of a long command: one line per stage, with its duration in seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stages:
    """Numbered stages, `total` of them in all, printed on standard error."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0

    @contextmanager
    def stage(self, what: str) -> Iterator[None]:
        """Tell that `what` begins, and when the block has ended well, how long it took."""
        started = time.monotonic()
        self.done += 1
        print(f"[{self.done}/{self.total}] {what} ...", end=" ", file=sys.stderr, flush=True)
        try:
            yield
        except BaseException:
            print("stopped", file=sys.stderr, flush=True)
            raise
        print(f"{time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
