"""Limits on threads: one frame of a tiny generator is too little work for two cores."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_THREADS = "OMP_NUM_THREADS"  # read when torch is imported


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in one thread while the block runs.

    Steps of a millisecond gain nothing from a second thread, and where another program wants the
    second core as well, the two wait for each other: ten times slower was measured. Where torch is not
    imported yet, it will find one thread when it is.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        before = os.environ.get(_THREADS)
        os.environ[_THREADS] = "1"
    else:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if torch is not None:
            torch.set_num_threads(threads)
        elif before is None:
            os.environ.pop(_THREADS, None)
        else:
            os.environ[_THREADS] = before
