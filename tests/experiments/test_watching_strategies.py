"""Strategies that watch behaviour, by name: calibrated once, compared like all others, and no heal without damage."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from voices import voice

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.fleets.comparison import ENVIRONMENTS, workload_of
from workbench.experiments.fleets.fleet_run import simulate_fleet
from workbench.experiments.monitors import watching_strategies
from workbench.experiments.monitors.calibration import alarming_kinds
from workbench.experiments.monitors.watching_strategies import (
    watching_names,
    watching_summaries,
    with_monitors,
)
from workbench.healing.log import Diagnosis, Remedy, Verdict
from workbench.healing.simulation import simulate
from workbench.healing.strategies.named import named
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.watching import AUTONOMIC, RECALIBRATE
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites

FRAMES = 10_000  # more than the voice can say


@pytest.fixture(scope="module")
def autonomic() -> Strategy:
    """Calibrated on the shipped voice."""
    (made,) = with_monitors(AUTONOMIC, voice(), frames=FRAMES)
    assert isinstance(made, Strategy)
    return made


def test_all_monitors_are_strategies_by_name() -> None:
    names = (
        *alarming_kinds(),
        "input-check",
        "input-rhythm",
        "input-voice",
        RECALIBRATE,
        AUTONOMIC,
    )
    assert watching_names() == names == tuple(watching_summaries())
    own = named("crc-scrub")
    assert list(with_monitors(["none", own, "x.toml"], voice())) == ["none", own, "x.toml"]
    assert list(with_monitors(own, voice())) == [own]


def test_without_a_folder_a_monitor_is_calibrated_once_in_a_process(
    autonomic: Strategy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching_strategies, "calibrate", None)
    assert list(with_monitors(AUTONOMIC, voice(), frames=FRAMES)) == [autonomic]


def test_a_monitor_is_calibrated_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made() -> Strategy:
        (strategy,) = with_monitors("sound-sanity", voice(), folder=tmp_path, frames=FRAMES)
        assert isinstance(strategy, Strategy)
        return strategy

    first = made()
    asked: list[str] = []
    real = watching_strategies.calibrate
    counted: Any = lambda *given, **more: asked.append(given[1]) or real(*given, **more)  # noqa: E731
    monkeypatch.setattr(watching_strategies, "calibrate", counted)
    assert made() == first and not asked
    (record,) = (tmp_path / "records").iterdir()
    record.write_text(record.read_text().replace("sound-sanity", "sound-sanitx", 1))
    assert made() == first and asked == ["sound-sanity"]


def test_other_data_are_healed_by_nothing(autonomic: Strategy) -> None:
    """What it says of them is written, and not a byte of the network changes."""
    words = {name: voice().inputs(name) for name in ("3", "7")}
    for name in ("drift", "stalled"):
        workload = workload_of(ENVIRONMENTS[name], devices=1, utterances=3, seed=1)
        fleets = [
            simulate_fleet(voice().program, words, each, workload, jobs=1)
            for each in (autonomic, named("none"))
        ]
        assert fleets[0].harm.tolist() == fleets[1].harm.tolist()
        assert fleets[0].false_positives == fleets[0].bits_left.sum() == 0
        given = workload.given(voice().program, words["7"])
        result = simulate(autonomic.image(voice().program), given, (), autonomic)
        found = {(entry.diagnosis, entry.remedy) for entry in result.log}
        assert found
        assert found <= {(Diagnosis.MOMENTARY, Remedy.NONE), (Diagnosis.DATA, Remedy.NONE)}


def test_what_monitors_keep_is_hit_alone(autonomic: Strategy) -> None:
    """Of the network nothing is damaged or written over, and who has no monitors meets nothing."""
    image = autonomic.image(voice().program)
    sites = Sites(image)
    owners = {place.operator for place in image.layout.places if place.tensor == "limits"}
    kept = [p for p in image.layout.places if p.operator in owners]
    hit = sites.candidates(("monitors",))
    assert len(owners) == sum(guard.area.kind.stream for guard in autonomic.guards)
    assert len(hit) == sum(8 * place.size_bytes for place in kept)
    assert {sites.layout.site(int(bit)).operator for bit in hit[::64]} <= owners
    with pytest.raises(WorkbenchError, match="has nothing in the section monitors"):
        Plan.parse("flips=1,section=monitors").candidates(Sites(voice().image()))

    words = {name: voice().inputs(name) for name in ("3", "7")}
    workload = workload_of(ENVIRONMENTS["monitors"], devices=2, utterances=8, seed=1)
    watched, plain = (
        simulate_fleet(voice().program, words, each, workload, jobs=1)
        for each in (autonomic, named("crc-scrub"))
    )
    assert watched.upsets.all() and not plain.upsets.any() and not plain.harm.any()
    events = Plan.parse("flips=40,section=monitors").events(sites, np.arange(1))
    result = simulate(image, words["7"], events.rows(1)[0], autonomic)
    assert Diagnosis.CHECK in {entry.diagnosis for entry in result.log}
    assert Diagnosis.MEMORY not in {entry.diagnosis for entry in result.log}


def test_an_alarm_has_memory_checked_before_the_scan_comes_by(autonomic: Strategy) -> None:
    """The highest bit of a weight is heard; its page is put right in the same frame, and the others wait for their turn."""
    image, inputs = autonomic.image(voice().program), voice().inputs("7")
    flips = Plan.parse("flips=1,section=weights,operator=up2,bit=7").events(Sites(image), range(8))
    asked = []
    for events in flips.rows(8):
        result = simulate(image, inputs, [replace(event, frame=20) for event in events], autonomic)
        for entry in result.log:
            if entry.remedy == Remedy.SCRUB:
                assert entry.verdict == Verdict.HEALED and not result.wrong_bits[entry.frame]
                asked.append(entry.frame)
    assert asked and min(asked) < 30


def test_compare_takes_them_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--devices", "1", "--words", "2", "--jobs", "1", "--out", "out"]
    chosen = ["--strategy", "none", "--strategy", "hidden-markers", "--environment", "histories"]
    assert main(["compare", "challenge", *words, *chosen]) == 0
    output = capsys.readouterr().out
    assert "hidden-markers" in output and "flips in histories" in output
    assert main(["compare", "challenge", "--list"]) == 0
    listed = capsys.readouterr().out
    assert all(f"\n{name} " in listed for name in watching_names())
    with pytest.raises(WorkbenchError, match="no strategy"):
        with_monitors("hidden-marker", voice()) and voice().healer("hidden-marker")


def test_the_device_does_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["agree", "challenge", "--strategy", AUTONOMIC, "--schedules", "3"]) == 0
    assert "3 simulations of 16 frames agree" in capsys.readouterr().out
