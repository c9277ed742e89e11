"""One frame of a tiny generator is too little work for two cores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in one thread while the block runs.

    Steps of a millisecond gain nothing from a second thread, and where another program wants the
    second core as well, the two wait for each other: ten times slower was measured.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
