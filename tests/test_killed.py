"""Commands that were interrupted, or killed outright: what was finished is not made again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from interrupts import interrupted_at
from waiting import wait_until

from workbench.cli import main
from workbench.commands import kept
from workbench.experiments.campaigns import class_calibration

# Notes each step that it makes, and hangs in the one that is named.
STEPS = """
import sys, time
from pathlib import Path
from workbench.commands.kept import Kept

noted, hangs_at = Path(sys.argv[1]), int(sys.argv[2])

def make(number):
    with noted.open("a") as file:
        file.write(f"{number} ")
    while number == hangs_at:
        time.sleep(0.1)
    return number

with Kept("killed") as kept:
    print(*[kept.step(str(number), lambda number=number: make(number)) for number in range(5)])
"""


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kept, "ROOT", tmp_path / "out")
    return tmp_path / "out"


def test_a_run_that_is_killed_loses_its_current_step_alone(tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    words = [sys.executable, "-c", STEPS, str(noted)]
    running = subprocess.Popen([*words, "3"], cwd=tmp_path)
    wait_until(lambda: noted.exists() and "3" in noted.read_text(), running)
    running.kill()
    running.wait()
    done = subprocess.run([*words, "-1"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "0 1 2 3 4\n" and noted.read_text() == "0 1 2 3 3 4 "


def test_listening_to_classes_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """PESQ refuses some sounds; what has no figure is kept as well."""

    class Listener:
        left_out: dict[str, str] = {}  # noqa: RUF012

        def __init__(self, *_: object, **__: object) -> None:
            """Knows no word."""

        def hear(self, sounds: list[np.ndarray], *_: object) -> tuple[np.ndarray, np.ndarray]:
            loud = float(np.abs(sounds[0]).mean())
            return np.array([loud]), np.array([np.nan if loud > 0.05 else 1 / 3 + loud])

    monkeypatch.setattr(class_calibration, "Listener", Listener)
    monkeypatch.setattr(class_calibration, "_SOUNDS_A_STEP", 3)
    words = ["measure", "--classes", "--sounds", "3", "--json"]
    assert main([*words, str(tmp_path / "whole.json")]) == 0
    undamaged = 10
    calls = interrupted_at(monkeypatch, Listener, "hear", undamaged + 8)
    assert main([*words, str(tmp_path / "resumed.json")]) == 130
    assert "2 finished steps are kept in" in capsys.readouterr().err
    before = len(calls)
    assert main([*words, str(tmp_path / "resumed.json")]) == 0
    assert len(calls) - before == undamaged + 4 * 3 - 2 * 3
    whole, resumed = ((tmp_path / f"{name}.json").read_text() for name in ("whole", "resumed"))
    assert whole == resumed and "null" in whole
