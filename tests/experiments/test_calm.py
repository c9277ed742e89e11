"""Devices to which nothing happens: as simulated frame by frame, kept in parts, and no heal."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from voices import voice

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.monitors.calibration import calibrate
from workbench.experiments.monitors.calm import CalmDevice, heals
from workbench.experiments.monitors.data_changes import changed_inputs
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.healing.log import Remedy
from workbench.healing.simulation import simulate
from workbench.healing.strategies.named import named
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.healing.strategies.watching import autonomic


@pytest.fixture(scope="module")
def face() -> tuple[Voice, Strategy]:
    """Monitors that are alarmed now and then, and correct the input."""
    made = open_voice(generator="viseme")
    areas = [
        calibrate(made, name, frames=4000, mean_frames=4000).area
        for name in ("input-gain", "input-check", "hidden-markers")
    ]
    areas[2] = replace(areas[2], limit=1, drift=1)
    return made, autonomic(areas, fades=False)


def test_it_lives_as_a_simulated_device_does(face: tuple[Voice, Strategy]) -> None:
    heard, strategy = face
    rng, device = np.random.default_rng(1), CalmDevice(*face)
    words = [heard.inputs(word) for word in "37"]
    words += [
        changed_inputs(heard.program, heard.inputs(word), "gain", rng) for word in "123456" * 2
    ]
    passed = [device.say(word) for word in words]
    starts = np.cumsum(passed)[:-1].tolist()
    inputs = {"sound": np.concatenate([word["sound"] for word in words], axis=1)}
    result = simulate(strategy.image(heard.program), inputs, (), strategy, word_starts=starts)
    assert result.log == tuple(device.device.log)
    assert Remedy.RECALIBRATE in {entry.remedy for entry in result.log}
    kept = result.image.layout.sections["state"]  # of the frames, not of the device
    mine, its = device.device.data.copy(), result.image.data.copy()
    mine[kept.start : kept.stop] = its[kept.start : kept.stop] = 0
    assert np.array_equal(mine, its)


def test_what_writes_to_the_network_is_a_heal() -> None:
    assert heals({"crc32: memory upset, restored": 2, "a: unknown inputs, left alone": 3}) == 2
    assert (
        heals({"b: memory upset, memory checked at once": 1, "c: unknown inputs, recalibrated": 1})
        == 0
    )


def test_what_has_no_monitors_is_refused(face: tuple[Voice, Strategy]) -> None:
    with pytest.raises(WorkbenchError, match="crc-scrub has no monitors of behaviour"):
        CalmDevice(voice(), named("crc-scrub"))
    with pytest.raises(WorkbenchError, match="or others beside them"):
        CalmDevice(
            face[0], Strategy("x", (*named("abft").guards, Guard(face[1].areas[1], ladder=())))
        )


def test_the_command_says_so(
    face: tuple[Voice, Strategy],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "workbench.commands.benchmarks.calm.with_monitors", lambda *_, **__: [face[1]]
    )
    assert main(["bench", "calm", "--generator", "viseme", "--frames", "2000"]) == 0
    output = capsys.readouterr().out
    assert "clean: 0 heals in 2," in output and "dead microphone: 0 heals in" in output
    assert not list(tmp_path.rglob("*part*")), "what is shown need not be kept"
    assert main(["bench", "calm", "--frames", "0"]) == 2
    assert "at least 1" in capsys.readouterr().err
