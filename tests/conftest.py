"""What all tests share: one thread, kernels as asked for, byte code kept, no skips where none may be.

Environment:
- WORKBENCH_KERNELS: as for the workbench itself, see `workbench.integer.native_build`. Where it asks for
  less than this processor can do, PyTorch is held to the same, so that one machine tests what others run.
- WORKBENCH_TEST_PROFILE=nightly: larger random batches, see `profiles`.
- WORKBENCH_NO_SKIP=1 (.ci/run sets it): a skipped test or module counts as failed.

Shared by tests: `profiles` (sizes of random batches), `programs` and `random_strategies` (random subjects),
`voices` (the shipped voice), `shared_results` (made once for all workers of pytest-xdist), `processes`
(waiting for other processes), `browsers`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from typing import TypeVar

import pytest

_Report = TypeVar("_Report", pytest.TestReport, pytest.CollectReport)

# Small tensors by the thousand: threads would only wait for each other, and workers of pytest-xdist
# fill the cores already. Torch reads this when it is first imported; programs that tests start, too.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Containers switch byte code off; then every program that a test starts compiles all of PyTorch anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
