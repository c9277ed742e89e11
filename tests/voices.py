"""The shipped voice, opened once for all tests of a process."""

from __future__ import annotations

from functools import cache

from workbench.experiments.voices.voice import Voice, open_voice


@cache
def voice() -> Voice:
    """The default checkpoint; it ships with the repository."""
    return open_voice()
