"""How much tests try: little in every run, much in the nightly one (WORKBENCH_TEST_PROFILE=nightly)."""

from __future__ import annotations

import os

NIGHTLY = os.environ.get("WORKBENCH_TEST_PROFILE") == "nightly"


def cases(usual: int, *, nightly: int) -> int:
    """How many programs, devices or trials a test tries, where Hypothesis does not say it."""
    return nightly if NIGHTLY else usual
