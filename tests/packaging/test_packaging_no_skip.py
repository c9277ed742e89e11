"""WORKBENCH_NO_SKIP=1 turns every skip into a failure; without it a skip is a skip."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
SKIPPED_TEST = """
import pytest

@pytest.mark.skipif(True, reason="no such thing here")
def test_by_mark(): ...

def test_by_call():
    pytest.skip("no such thing here")

@pytest.mark.xfail(strict=True)
def test_known_to_fail():
    assert False

def test_well(): ...
"""
SKIPPED_MODULE = 'import pytest\npytest.importorskip("no_such_module_anywhere")\n'


@pytest.mark.parametrize(
    ("no_skip", "counts"),
    [
        ("1", {"failed": 1, "errors": 2, "passed": 1, "xfailed": 1}),
        ("0", {"passed": 1, "skipped": 3, "xfailed": 1}),
    ],
)
def test_skips(tmp_path: Path, no_skip: str, counts: dict[str, int]) -> None:
    shutil.copy(CONFTEST, tmp_path / "conftest.py")
    (tmp_path / "test_some.py").write_text(SKIPPED_TEST)
    (tmp_path / "test_module.py").write_text(SKIPPED_MODULE)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(
        [*command, "--continue-on-collection-errors", f"--rootdir={tmp_path}", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "WORKBENCH_NO_SKIP": no_skip},
        capture_output=True,
        text=True,
    )
    closing = done.stdout.splitlines()[-1]
    for word, number in counts.items():
        assert re.search(rf"\b{number} {word}", closing), done.stdout
    assert (done.returncode == 0) == (no_skip == "0")
    if no_skip == "1":
        assert "no such thing here" in done.stdout
