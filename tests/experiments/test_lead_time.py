"""Warning times: the arithmetic on known lives, a device against its own replay, and the command."""

import json

import numpy as np
import pytest
from voices import voice

from workbench.cli import main
from workbench.experiments.monitors.calibration import alarming_kinds, calibrate
from workbench.experiments.monitors.lead_time import Life, groups_of, leads, live, survival

_NEVER = (None, None)


def _life(
    qualities: list[int], alarms: tuple[int | None, ...], false: tuple[int | None, ...]
) -> Life:
    return Life(10 * np.arange(len(qualities) + 1), np.array(qualities), alarms, false)


def test_leads_count_back_from_the_first_and_from_the_lasting_damage() -> None:
    lived = [
        _life([0, 3, 1, 3, 4, 3], (5, None), _NEVER),  # the first at frame 10, three in a row at 30
        _life([0, 0, 4, 4, 4], (20, 3), (None, 19)),  # both at 20: the alarm at 20 is too late
        _life([1, 2, 2], (0, 0), _NEVER),  # never: not counted
    ]
    assert [life.event("first", 3) for life in lived] == [10, 20, None]
    assert [life.event("lasting", 3) for life in lived] == [30, 20, None]
    assert [life.event("lasting", 4) for life in lived] == [None, 20, None]
    assert leads(lived, [0], "first", 3).tolist() == [4.0, -np.inf]
    assert leads(lived, [0], "lasting", 3).tolist() == [24.0, -np.inf]
    assert leads(lived, [0, 1], "first", 3).tolist() == [4.0, 16.0]
    assert leads(lived, [0, 1], "first", 3, false=True).tolist() == [-np.inf, 0.0]
    assert survival(leads(lived, [0, 1], "first", 3), [0, 4, 5, 17]).tolist() == [
        1.0,
        1.0,
        0.5,
        0.0,
    ]
    assert np.isnan(survival(np.zeros(0), [0])).all()


def test_a_device_hears_no_upsets_before_they_come_and_is_the_same_every_time() -> None:
    markers = calibrate(voice()).area
    calm = live(voice(), [markers], device=0, upsets=0.0, utterances=12)
    assert not calm.qualities.any() and calm.alarms == calm.false == (None,)
    assert calm.starts[-1] == sum(
        voice().frames(word) for word in [*voice().utterances, *voice().utterances[:2]]
    )
    lives = [live(voice(), [markers], device=3, upsets=6.0, utterances=25) for _ in range(2)]
    assert (
        np.array_equal(lives[0].qualities, lives[1].qualities)
        and lives[0].alarms == lives[1].alarms
    )
    other = live(voice(), [markers], device=4, upsets=6.0, utterances=25)
    assert not np.array_equal(other.qualities, lives[0].qualities)
    assert (
        lives[0].qualities.max() >= 2
        and lives[0].alarms[0] is not None
        and lives[0].false == (None,)
    )


def test_monitors_of_hidden_codes_and_of_the_output_are_told_apart() -> None:
    areas = [calibrate(voice(), name).area for name in ("hidden-markers", "sound-sanity")]
    groups = groups_of(areas, voice().program.output)
    assert groups == {
        "hidden codes": [0],
        "output alone": [1],
        "hidden-markers": [0],
        "sound-sanity": [1],
    }


def test_the_command_draws_and_writes_what_devices_were_warned_of(
    tmp_path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "workbench.commands.benchmarks.lead.alarming_kinds",
        lambda: ["hidden-markers", "sound-sanity"],
    )
    assert len(alarming_kinds()) > 2
    path = tmp_path / "lead.json"
    words = ["bench", "lead", "--trials", "3", "--upsets", "20", "--out", str(tmp_path)]
    assert main([*words, "--json", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "3 utterances in a row broken: 3 devices" in shown and "hidden codes" in shown
    report = json.loads(path.read_text())
    assert len(report["devices"]) == 3 and len(report["rows"]) == 2 * 2 * 4
    assert (tmp_path / "lead.png").stat().st_size > 10_000
    for wrong in (["--trials", "0"], ["--upsets", "0"]):
        assert main(["bench", "lead", *wrong, "--out", str(tmp_path)]) == 2
