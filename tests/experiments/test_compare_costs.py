"""Costs that the shipped table does not know, and that nothing is lost where a later step fails."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from voices import voice

from workbench.audio.sound_files import read_audio
from workbench.cli import main
from workbench.commands import compare as command
from workbench.commands import emulate as emulate_command
from workbench.commands.attempts import Attempts
from workbench.commands.compare_table import print_missing
from workbench.errors import WorkbenchError
from workbench.experiments.fleets import comparison_pictures as pictures
from workbench.experiments.fleets import device_costs
from workbench.experiments.fleets.comparison_pictures import draw_costs
from workbench.experiments.fleets.fleet_run import FleetRun
from workbench.firmware.emulation.costs import Cost, measure_cost
from workbench.healing import timeline
from workbench.healing.strategies.named import named
from workbench.healing.strategies.variants import StrategyVariant

INT4 = "data/checkpoints/challenge/int4"
WORDS = ["compare", "challenge", "--checkpoint", INT4, "--devices", "2", "--words", "2", "--jobs", "1",
         "--environment", "single", "--strategy", "none", "--strategy", "crc-scrub"]  # fmt: skip
needs_emulator = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("ziglang", "unicorn", "elftools")),
    reason="ziglang, unicorn or pyelftools, which compile and emulate firmware, are not installed",
)


pytestmark = pytest.mark.usefixtures("rough_pictures")


@pytest.fixture(autouse=True)
def few_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_costs, "COST_FRAMES", 2)


@pytest.fixture
def compared(tmp_path: Path) -> Callable[..., tuple[int, list[dict[str, Any]]]]:
    def run(*more: str) -> tuple[int, list[dict[str, Any]]]:
        path = tmp_path / "all.json"
        status = main([*WORDS, "--out", str(tmp_path / "out"), "--json", str(path), *more])
        return status, json.loads(path.read_text())

    return run


def refuse(*_: Any, **__: Any) -> Any:
    raise WorkbenchError("unicorn is not installed; get it")


def break_down(*_: Any, **__: Any) -> Any:
    raise ValueError("Data cannot be\nlog-scaled")


@needs_emulator
def test_another_network_s_costs_are_measured_and_kept(
    compared: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    status, records = compared()
    none, crc = sorted((each["device"] for each in records), key=lambda d: d["instructions"])
    assert status == 0 and none["instructions"] == 0 and none["flash_bytes"] == 0
    assert crc["instructions"] > 5000 and crc["flash_bytes"] > 2000
    output = capsys.readouterr().out
    assert f"{crc['instructions']:,.0f}" in output and "instr., RAM, flash:" not in output
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"records", "harm.png", "costs.png", "timelines.png", "clean.wav", "none.wav",
                     "crc-scrub.wav"}  # fmt: skip
    monkeypatch.setattr(device_costs, "bare_run", refuse)  # nothing is measured again
    assert compared() == (0, records)
    record = next((tmp_path / "out" / "records").glob("crc-scrub-cost-*"))
    record.write_text(record.read_text().replace('"step": ', '"step": 1'))  # unless it was edited
    devices = {each["strategy"]: each["device"] for each in compared()[1]}
    assert devices["crc-scrub"] is None and devices["none"] == none


def test_without_the_emulator_costs_are_unknown_and_said_to_be(
    compared: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device_costs, "bare_run", refuse)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "costs.png").write_bytes(b"of an earlier comparison")
    status, records = compared()
    assert status == 0 and [each["device"] for each in records] == [None, None]
    output = capsys.readouterr().out
    assert "instr., RAM, flash: unknown, unicorn is not installed; get it" in output
    assert "harm.png, timelines.png, sounds and records" in output
    assert not (tmp_path / "out" / "costs.png").exists()
    assert (tmp_path / "out" / "timelines.png").exists()
    assert len(read_audio(tmp_path / "out" / "crc-scrub.wav")) == 2 * 12_288


@pytest.mark.parametrize("broken", ["draw_harm", "draw_timelines", "simulate", "device_costs"])
def test_figures_are_there_whatever_fails_later(
    broken: str, compared: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(device_costs, "bare_run", refuse)
    monkeypatch.setattr(pictures if broken.startswith("draw") else command, broken, break_down)
    if broken == "device_costs":  # a defect of ours: a traceback, but no figure is lost
        with pytest.raises(ValueError, match="log-scaled"):
            compared()
        assert len(json.loads((tmp_path / "all.json").read_text())) == 2
        return
    status, records = compared()
    captured = capsys.readouterr()
    assert status == 2 and len(records) == 2 and "single upsets" in captured.out
    assert captured.err.count("\n") == 1 and "Traceback" not in captured.err
    what = "harm.png" if broken == "draw_harm" else "sounds and timelines.png"
    assert (
        f"{what} failed (ValueError: Data cannot be log-scaled); the figures are above"
        in captured.err
    )
    assert (tmp_path / "out" / "harm.png").exists() == (broken != "draw_harm")
    assert (tmp_path / "out" / "none.wav").exists() == (broken != "simulate")


def test_a_fleet_that_fails_leaves_the_others(
    compared: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call = FleetRun.call
    broken = {"none"}

    def of_one(run: FleetRun, *arguments: Any) -> Any:
        return break_down() if run.strategy.name in broken else call(run, *arguments)

    monkeypatch.setattr(device_costs, "bare_run", refuse)
    monkeypatch.setattr(FleetRun, "call", of_one)
    status, records = compared()
    assert status == 2 and [each["strategy"] for each in records] == ["crc-scrub"]
    assert "none in single failed (ValueError" in capsys.readouterr().err
    broken.add("crc-scrub")
    assert compared("--seed", "1") == (2, [])
    message = capsys.readouterr().err
    assert "none in single, crc-scrub in single failed (ValueError" in message


def test_one_that_cannot_be_measured_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    program, inputs = voice().program, voice().inputs("7")
    cost = Cost("pq-scrub", "m4", "", 1.0, 1, 1, 1, None, None, 0.0, None, 1, 1, 1, 1, 2.0)

    def measured(_: Any, __: Any, strategy: Any, *___: Any, **____: Any) -> Cost:
        return cost if strategy.name == "mine" else break_down()

    monkeypatch.setattr(device_costs, "bare_run", lambda *_: None)
    monkeypatch.setattr(device_costs, "measure_cost", measured)
    monkeypatch.setattr(device_costs, "known_cost", lambda *_: None)
    variants = [StrategyVariant("x", each, program) for each in (named("radar"), named("none"))]
    variants.append(StrategyVariant("x", type(variants[0].strategy)("mine"), program))
    reported: list[str] = []
    costs = device_costs.device_costs(variants, program, inputs, jobs=1, progress=reported.append)
    assert costs["mine"] == cost and reported == ["radar", "none", "mine"]
    assert costs["radar"] == costs["none"] == "ValueError: Data cannot be log-scaled"


@needs_emulator
def test_emulate_writes_the_costs_that_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(*arguments: Any, **more: Any) -> Cost:
        return break_down() if arguments[2].name == "none" else measure_cost(*arguments, **more)

    monkeypatch.setattr(emulate_command, "measure_cost", measured)
    path = tmp_path / "costs.json"
    words = ["emulate", "--costs", "--core", "m4", "--json", str(path)]
    assert main([*words, "--strategy", "golden-scrub", "--strategy", "none"]) == 2
    captured = capsys.readouterr()
    assert "none on Cortex-M4 failed (ValueError: Data cannot be log-scaled)" in captured.err
    assert captured.err.count("\n") == 1 and '"-": no upset was detected' in captured.out
    assert [row["strategy"] for row in json.loads(path.read_text())["costs"]] == ["golden-scrub"]


def test_heal_keeps_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "draw_timeline", break_down)
    assert main(["heal", "--words", "3", "--upsets", "3", "--out", str(tmp_path)]) == 2
    assert "timeline.png failed (ValueError" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {
        "heal.json", "log.txt", "clean.wav", "unhealed.wav", "healed.wav"
    }  # fmt: skip


def test_lifetime_says_that_costs_are_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_costs, "bare_run", refuse)
    path = tmp_path / "l.json"
    words = ["lifetime", "--checkpoint", INT4, "--devices", "1", "--words", "2", "--jobs", "1"]
    assert main([*words, "--json", str(path)]) == 0
    assert "what healing takes on a device is unknown: unicorn is not" in capsys.readouterr().out
    assert json.loads(path.read_text())["device"] is None


@pytest.mark.parametrize("command", ["lifetime", "compare", "emulate", "estimate"])
def test_a_place_that_cannot_be_written_is_told_first(
    command: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workbench.experiments.voices.voice.read_metadata", break_down)  # any work
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "x.json"):
        assert main([command, "--json", str(path)]) == 2
        message = capsys.readouterr().err
        assert f"cannot write {path}" in message and message.count("\n") == 1


def test_failures_of_one_reason_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = Attempts()
    for name in ("a.png", "b.png"):
        with attempts.step(name):
            raise WorkbenchError("no space")
    with pytest.raises(
        WorkbenchError, match=r"^a\.png, b\.png failed \(no space\); the rest is here$"
    ):
        attempts.finish("the rest is here")
    Attempts().finish("nothing failed")
    with pytest.raises(KeyboardInterrupt), attempts.step("a user"):
        raise KeyboardInterrupt


def test_all_names_stand_in_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(
        "workbench.experiments.fleets.comparison_pictures._save",
        lambda figure, _: drawn.append(figure),
    )
    device = {"ram_bytes": 1, "flash_bytes": 1, "instructions": 1.0}
    for count in (3, 60):
        records = [
            {"strategy": f"number {n}", "harm": 0.1 / (n + 1), "device": device}
            for n in range(count)
        ]
        draw_costs(tmp_path / "c.png", records)
        figure = drawn.pop()
        figure.draw_without_rendering()
        (names,) = figure.legends
        inside, all_of_it = names.get_window_extent(), figure.bbox
        assert all_of_it.y0 <= inside.y0 and inside.y1 <= all_of_it.y1


def test_no_costs_are_no_picture(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="no record has costs that could be drawn; measure"):
        draw_costs(tmp_path / "c.png", [{"device": None, "harm": 0.1}])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"difference": None}, "vs crc-scrub: it is not among the strategies"),
        ({"difference": {"mean": 1, "low": None, "high": None}}, "one device tells nothing"),
        ({"difference": {"mean": 0, "low": 0, "high": 0}}, "the strategy itself, or no device"),
        ({"detection_s": None}, "latency: nothing was detected"),
        ({"hit": 0}, "repaired: no upset hit the working copy"),
    ],
)
def test_every_dash_has_a_meaning(
    change: dict[str, Any], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {"difference": {"mean": 1, "low": 1, "high": 1}, "detection_s": 1.0, "hit": 1}
    print_missing([record | change], {})
    output = capsys.readouterr().out
    assert words in output and bool(output) == bool(words)
    print_missing([record], {"a": "no emulator", "b": "no compiler", "c": "no emulator"})
    assert "unknown, a, c: no emulator; b: no compiler" in capsys.readouterr().out
