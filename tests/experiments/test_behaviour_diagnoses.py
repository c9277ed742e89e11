"""Hardware or data: what a log is taken for, and devices that live through both."""

import json
from dataclasses import replace

import pytest

from workbench.cli import main
from workbench.commands.benchmarks.behaviour import matrix
from workbench.experiments.monitors import behaviour_diagnoses
from workbench.experiments.monitors.behaviour_diagnoses import (
    ANSWERS,
    CHECK_DAMAGED,
    DATA,
    HARDWARE,
    MEMORY,
    MOMENTARY,
    NOTHING,
    STUCK,
    UNHEALABLE,
    UPSET,
    Scenarios,
    concluded,
    devices,
)
from workbench.experiments.monitors.calibration import calibrate
from workbench.experiments.monitors.data_changes import changes_of
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.healing.log import Diagnosis, LogEntry, Remedy, Verdict
from workbench.memory.watches.behaviour_area import BehaviourArea

_NAMES = ("input-check", "hidden-markers", "sound-sanity")


@pytest.fixture(scope="module")
def speech() -> Voice:
    return open_voice(generator="speech")


@pytest.fixture(scope="module")
def areas(speech: Voice) -> list[BehaviourArea]:
    return [calibrate(speech, name, frames=60_000, mean_frames=1e4).area for name in _NAMES]


def test_a_log_is_read_by_what_is_best_known(areas: list[BehaviourArea]) -> None:
    with_memory, alone = devices(areas)

    def entry(frame: int, area: int, diagnosis: Diagnosis) -> LogEntry:
        return LogEntry(frame, area, 0, diagnosis, Remedy.NONE, Verdict.UNHEALED)

    inputs = entry(60, 0, Diagnosis.DATA)
    first = entry(10, 1, Diagnosis.MOMENTARY)
    again = entry(20, 1, Diagnosis.COMPUTE)
    late = entry(200, 0, Diagnosis.DATA)
    found = entry(20, 1, Diagnosis.MEMORY)
    page = entry(5, 4, Diagnosis.PRESUMED)
    assert (
        concluded([page], with_memory) == NOTHING
    )  # a guard of memory speaks after an alarm alone
    for log, answers in (
        ([], (NOTHING, NOTHING)),
        ([first], (MOMENTARY, MOMENTARY)),
        ([first, inputs], (DATA, DATA)),
        ([first, late], (MOMENTARY, MOMENTARY)),
        (
            [first, again],
            (MOMENTARY, MEMORY),
        ),  # who could not look takes what comes again for damage
        ([first, again, inputs], (DATA, DATA)),
        ([inputs, found], (UNHEALABLE, UNHEALABLE)),
        ([inputs, replace(found, verdict=Verdict.HEALED)], (MEMORY, MEMORY)),
        ([entry(10, 2, Diagnosis.CHECK)], (CHECK_DAMAGED, CHECK_DAMAGED)),
    ):
        assert (concluded(log, with_memory), concluded(log, alone)) == answers


def test_devices_tell_faults_from_other_data(speech: Voice, areas: list[BehaviourArea]) -> None:
    done: list[int] = []
    scenarios = Scenarios(speech, areas, progress=lambda: done.append(1))
    trials = [scenarios.trial(number) for number in range(2)]
    told = [each for trial in trials for each in trial]
    kinds = [*HARDWARE, *changes_of(speech.program)]
    assert [each.truth for each in told] == 2 * kinds and len(done) == len(told)
    assert Scenarios(speech, areas).trial(1) == trials[1]
    frozen = [each for each in told if each.truth == "frozen stream"]
    assert {(each.with_memory, each.alone) for each in frozen} == {(DATA, DATA)}
    hardware = [each.with_memory for each in told if not each.is_data]
    stuck = [each for each in told if each.truth == STUCK and each.with_memory != NOTHING]
    assert any(each.with_memory == UNHEALABLE for each in stuck)
    assert all(each.alone != UNHEALABLE for each in told)  # who cannot look does not know
    assert sum(answer == DATA for answer in hardware) < len(hardware) / 2  # little was learned here
    rows = matrix(told, "alone")
    assert list(rows) == kinds and all(sum(row.values()) == 2 for row in rows.values())
    assert list(rows[UPSET]) == list(ANSWERS)


def test_the_command_prints_draws_and_writes_both_matrices(
    tmp_path, capsys, monkeypatch: pytest.MonkeyPatch, areas: list[BehaviourArea]
) -> None:
    monkeypatch.setattr(
        "workbench.commands.benchmarks.behaviour.calibrated_areas", lambda names, voice: areas
    )
    path = tmp_path / "told.json"
    words = ["bench", "behaviour", "--generator", "speech", "--trials", "1", "--out", str(tmp_path)]
    assert main([*words, "--json", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "with memory evidence" in shown and "data called hardware, of those that raised" in shown
    report = json.loads(path.read_text())
    assert report["alone"]["matrix"]["frozen stream"][DATA] == 1
    assert (tmp_path / "behaviour-speech.png").stat().st_size > 10_000
    assert main(["bench", "behaviour", "--generator", "challenge", "--out", str(tmp_path)]) == 2
    assert "choose speech or viseme" in capsys.readouterr().err
    assert main(["bench", "behaviour", "--generator", "speech", "--trials", "0"]) == 2
    assert behaviour_diagnoses.BOUND_FRAMES == 100
