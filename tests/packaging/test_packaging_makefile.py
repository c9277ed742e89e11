"""The Makefile's set-up, tried with a Python that only writes down what it is asked to do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Answers `-c` as the real Python, pretending to be FAKE_VERSION, but imports no package of ours; makes
# a `.venv` whose Python is this script; writes all other calls to calls.txt; fails when the call contains
# FAIL_AT.
FAKE_PYTHON = """#!/bin/sh
case "$*" in
    *walk_packages*) ;;
    "-c "*) exec {real} -c 'import sys; sys.version_info = tuple(map(int, "{version}".split(".")))
exec(sys.argv[1])' "$2";;
esac
echo "$*" >> calls.txt
if [ "$2" = venv ]; then mkdir -p .venv/bin && cp "$0" .venv/bin/python; fi
case "$*" in *"${{FAIL_AT:-nothing fails}}"*) exit 1;; esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def _make(
    checkout: Path, *words: str, version: str = "3.11.2", fail_at: str | None = None
) -> subprocess.CompletedProcess[str]:
    fake = checkout / "fake-python"
    fake.write_text(FAKE_PYTHON.format(real=sys.executable, version=version))
    fake.chmod(0o755)
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
    if fail_at is not None:
        environment["FAIL_AT"] = fail_at
    return subprocess.run(
        ["make", *words, f"PYTHON=./{fake.name}"],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
    )


def _calls(checkout: Path) -> list[str]:
    """Return what was asked of Python since the last time."""
    path = checkout / "calls.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def test_a_second_call_installs_nothing(checkout: Path) -> None:
    assert _make(checkout, "demo").returncode == 0
    first = _calls(checkout)
    assert first[0] == "-m venv --clear .venv"
    assert sum("pip install" in call for call in first) >= 2
    assert all("--constraint constraints.txt" in call for call in first if "pip install" in call)
    compiling, demo = first[-2:]
    assert "walk_packages" in compiling and demo == "-m workbench demo"
    assert _make(checkout, "demo").returncode == 0
    assert _calls(checkout) == ["-m workbench demo"]
    assert _make(checkout, "-j", "demo", "test", "lab").returncode == 0
    assert not any("pip" in call for call in _calls(checkout))


def test_parallel_targets_share_one_set_up(checkout: Path) -> None:
    assert _make(checkout, "-j", "demo", "test", "lab").returncode == 0
    calls = _calls(checkout)
    assert calls.count("-m venv --clear .venv") == 1
    last_install = max(i for i, call in enumerate(calls) if "pip install" in call)
    assert all(call.startswith(("-m venv", "-m pip")) for call in calls[: last_install + 1])


@pytest.mark.parametrize("changed", ["pyproject.toml", "constraints.txt"])
def test_a_changed_list_installs_again(checkout: Path, changed: str) -> None:
    assert _make(checkout, "install").returncode == 0
    _calls(checkout)
    later = (checkout / ".venv" / "set-up-is-complete").stat().st_mtime + 10
    os.utime(checkout / changed, (later, later))
    assert _make(checkout, "install").returncode == 0
    calls = _calls(checkout)
    assert any("pip install" in call for call in calls)
    assert not any("venv" in call.split() for call in calls), "the environment is kept"


def test_a_failed_installation_is_not_taken_for_complete(checkout: Path) -> None:
    assert _make(checkout, "install", fail_at="--editable .[mcu").returncode != 0
    assert any("pip install" in call for call in _calls(checkout))
    assert _make(checkout, "install").returncode == 0
    assert any("--editable .[mcu" in call for call in _calls(checkout))


def test_an_optional_extra_may_fail_and_is_told(checkout: Path) -> None:
    done = _make(checkout, "demo", fail_at="--editable .[pesq]")
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "left out" in line]
    assert "'pesq'" in line
    assert _calls(checkout)[-1] == "-m workbench demo"


def test_every_module_is_compiled_and_a_failure_is_told(checkout: Path) -> None:
    done = _make(checkout, "install", fail_at="walk_packages")
    assert done.returncode == 0 and "Byte code could not be made" in done.stdout
    (command,) = [call for call in _calls(checkout) if "walk_packages" in call]
    exec(command.removeprefix("-c "), {})
    files = (path.relative_to(ROOT).with_suffix("") for path in ROOT.glob("workbench/**/*.py"))
    modules = {".".join(file.parts).removesuffix(".__init__") for file in files}
    assert modules - set(sys.modules) <= {"workbench.__main__"}


@pytest.mark.parametrize("version", ["3.9.2", "3.10.14", "3.15.0"])
def test_a_python_that_does_not_fit_is_refused(checkout: Path, version: str) -> None:
    done = _make(checkout, "demo", version=version)
    assert done.returncode != 0
    assert "needs Python 3.11 to 3.14" in done.stderr
    assert version.rsplit(".", 1)[0] in done.stderr
    assert _calls(checkout) == []


def test_the_torch_index_is_handed_on(checkout: Path) -> None:
    assert _make(checkout, "install", "TORCH_INDEX=some-index").returncode == 0
    assert any("--extra-index-url some-index" in call for call in _calls(checkout))


def test_the_tests_that_are_named_exist() -> None:
    named = re.findall(r"\btests/[\w./*-]+", (ROOT / "Makefile").read_text())
    assert len(named) > 10
    for name in named:
        assert list(ROOT.glob(name)), name
