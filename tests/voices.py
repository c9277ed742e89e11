"""The shipped voice, opened once for all tests of a process."""

from __future__ import annotations

from functools import cache

import torch

from workbench.experiments.voice import Voice, open_voice


@cache
def voice() -> Voice:
    """The default checkpoint; it ships with the repository.

    Tests share the cores, and two threads that wait for each other are slower than one.
    """
    torch.set_num_threads(1)
    return open_voice()
