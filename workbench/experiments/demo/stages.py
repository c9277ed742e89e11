"""Progress of a long command: one line per stage, with its duration in seconds and what the others will take."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class Stages:
    """Numbered stages, printed on standard error."""

    def __init__(self, shares: Sequence[float]) -> None:
        """shares: about how long each stage takes, in any unit."""
        self._shares = shares
        self._done = 0
        self._started = time.monotonic()

    @contextmanager
    def stage(self, what: str) -> Iterator[None]:
        """Tell that `what` begins, and when the block has ended well, how long it took."""
        started = time.monotonic()
        left = self._left(started - self._started)
        self._done += 1
        number = f"[{self._done}/{len(self._shares)}]"
        print(f"{number} {what}{left} ...", end=" ", file=sys.stderr, flush=True)
        try:
            yield
        except BaseException:
            print("stopped", file=sys.stderr, flush=True)
            raise
        print(f"{time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)

    def _left(self, passed_s: float) -> str:
        """What is still to be done, in words, by what the stages before this one took."""
        done = sum(self._shares[: self._done])
        if not done:
            return ""
        return f" (about {passed_s / done * sum(self._shares[self._done :]):.0f} s left)"
