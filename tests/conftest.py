"""What all tests share: Hypothesis without deadlines, one thread, no skips where none may be.

With WORKBENCH_NO_SKIP=1 (.ci/run sets it) a skipped test or module counts as failed.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TypeVar

import pytest
from hypothesis import settings

_Report = TypeVar("_Report", pytest.TestReport, pytest.CollectReport)

# Small tensors by the thousand: threads would only wait for each other, and workers of pytest-xdist
# fill the cores already. Torch reads this when it is first imported; programs that tests start, too.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("workbench", deadline=None, print_blob=True)
settings.load_profile("workbench")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _no_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _no_skip((yield))


def _no_skip(report: _Report) -> _Report:
    """Turn a skip into a failure that keeps the reason, where WORKBENCH_NO_SKIP=1."""
    expected_failure = hasattr(report, "wasxfail")
    if os.environ.get("WORKBENCH_NO_SKIP") == "1" and report.skipped and not expected_failure:
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped here (WORKBENCH_NO_SKIP=1): {reason}"
    return report
