"""Waiting for what happens, however slow the machine is, and not for some seconds."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

# No test is that slow on any machine: what takes longer has hung.
LIMIT_S = 900.0


def wait_until(happened: Callable[[], object], running: subprocess.Popen | None = None) -> None:
    """Return as soon as `happened()`; AssertionError once `running` has ended without it."""
    started = time.monotonic()
    while not happened():
        ended = running is not None and running.poll() is not None
        assert happened() or not ended, f"{running} ended first"
        assert time.monotonic() - started < LIMIT_S, "it hangs"
        time.sleep(0.02)
