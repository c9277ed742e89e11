"""Benchmarks that are interrupted: what they finished is kept, and the same command goes on from there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interrupts import interrupted_at

from workbench.cli import main
from workbench.commands import kept as kept_module
from workbench.commands.benchmarks import behaviour as behaviour_command
from workbench.commands.benchmarks import flash as flash_command
from workbench.commands.benchmarks import kernels as kernels_command
from workbench.commands.benchmarks import lead as lead_command
from workbench.commands.benchmarks import monitors as monitors_command
from workbench.experiments.bench import kernels as kernels_module
from workbench.experiments.bench.kernel_layers import LAYERS
from workbench.experiments.monitors.behaviour_diagnoses import Told
from workbench.experiments.monitors.lead_time import Life
from workbench.firmware.boards import CORES
from workbench.healing.strategies.named import named


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "ROOT", tmp_path / "out")


@pytest.mark.parametrize("name", ["lead", "behaviour"])
def test_benchmarks_of_monitors_go_on(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = [Told("memory upset", "memory upset", "momentary")]
    life = Life(np.array([0, 9, 20]), np.array([0, 4]), (3,), (None,))
    command = {"lead": lead_command, "behaviour": behaviour_command}[name]
    made: list[int] = []

    class _Stub:
        def __init__(self, *_: Any) -> None: ...

        def trial(self, number: int) -> list[Told]:
            made.append(number)
            return told

    def _live(*_: Any, device: int, **__: Any) -> Life:
        made.append(device)
        return life

    area = named("crc-scrub").guards[0].area  # any
    monkeypatch.setattr(command, "calibrated_areas", lambda *_: [area])
    monkeypatch.setattr(behaviour_command, "Scenarios", _Stub)
    monkeypatch.setattr(lead_command, "groups_of", lambda *_: {"all": [0]})
    monkeypatch.setattr(lead_command, "live", _live)
    words = ["bench", name, "--generator", "speech", "--trials", "3", "--out", str(tmp_path), "--json"]  # fmt: skip
    stub, called = (_Stub, "trial") if name == "behaviour" else (lead_command, "live")
    calls = interrupted_at(monkeypatch, stub, called, 2)
    assert main([*words, str(tmp_path / "one.json")]) == 130
    assert "1 finished step is kept in" in capsys.readouterr().err
    assert main([*words, str(tmp_path / "one.json")]) == 0
    assert made == [0, 1, 2] and calls == [1, 2, 3, 4]
    assert main([*words, str(tmp_path / "two.json"), "--seed", "1"]) == 0
    assert (tmp_path / "one.json").read_text() == (tmp_path / "two.json").read_text()


def test_a_benchmark_of_flash_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = interrupted_at(monkeypatch, flash_command, "bench_flash", 4)
    words = ["bench", "flash", "--trials", "1", "--json", str(tmp_path / "one.json")]
    assert main(words) == 130
    assert "3 finished steps are kept in" in capsys.readouterr().err
    assert main(words) == 0
    assert calls == list(range(1, 12))
    again = capsys.readouterr().out
    assert main(words) == 0
    assert capsys.readouterr().out == again and len(calls) == 21


def test_a_benchmark_of_kernels_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kernels_command, "CORES", {"m3": CORES["m3"]})
    monkeypatch.setattr(kernels_command, "LAYERS", {"fc128": LAYERS["fc128"]})
    monkeypatch.setattr(kernels_module, "has_qemu", lambda: False)
    calls = interrupted_at(monkeypatch, kernels_module, "_on", 2)
    words = ["bench", "kernels", "--json", str(tmp_path / "one.json")]
    assert main(words) == 130
    assert "1 finished step is kept in" in capsys.readouterr().err
    assert main(words) == 0
    rows = json.loads((tmp_path / "one.json").read_text())
    assert calls == list(range(1, len(rows) + 2))
    assert {row["kernels"] for row in rows} == {"tuned", "plain"}


def test_a_benchmark_of_monitors_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(monitors_command, "alarming_kinds", lambda: ["sound-sanity"])
    calibrations = interrupted_at(monkeypatch, monitors_command, "calibrate", 0)
    flips = interrupted_at(monkeypatch, monitors_command, "detect", 0)
    prices = interrupted_at(monkeypatch, monitors_command, "prices", 1)
    words = ["bench", "monitors", "--trials", "4", "--frames", "12000", "--core", "m4", "--json"]
    assert main([*words, str(tmp_path / "one.json")]) == 130
    assert "2 finished steps are kept in" in capsys.readouterr().err
    assert main([*words, str(tmp_path / "one.json")]) == 0
    assert (calibrations, flips, prices) == ([1], [1], [1, 2])
    assert main([*words, str(tmp_path / "two.json")]) == 0  # of what was never kept
    assert (tmp_path / "one.json").read_text() == (tmp_path / "two.json").read_text()
