"""The training monitor: curves and sounds while it trains, stopped and resumed to the same weights, its code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from played import as_codes, codes
from snippets import ran

import workbench as wb
from workbench.errors import WorkbenchError
from workbench.panels import training_monitor
from workbench.panels.curves import curves_html
from workbench.panels.training_monitor import TrainingMonitor
from workbench.training import train as training

STEPS = (5, 3)


def _monitor(out: Path) -> TrainingMonitor:
    return TrainingMonitor("challenge", out, preset="tiny", steps=STEPS)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is drawn, heard and saved after every step."""
    monkeypatch.setattr(training_monitor, "_DRAW_EVERY_S", -1.0)
    monkeypatch.setattr(training_monitor, "_HEAR_EVERY_S", -1.0)
    monkeypatch.setattr(training, "SAVE_EVERY_S", -1.0)


def test_it_trains_and_its_code_gives_the_same_voice(tmp_path: Path, at_once: None) -> None:
    monitor = _monitor(tmp_path / "one")
    assert "Nothing has been trained" in monitor.curves.value
    assert list(codes(monitor.player)) == ["recording"]
    heard: list[dict[str, np.ndarray]] = []
    monitor.player.observe(lambda _: heard.append(codes(monitor.player)), names="_pcm")
    monitor.train()
    assert "alert" not in monitor.status.value
    assert len(monitor.losses["int8"]) == sum(STEPS) and "<polyline" in monitor.curves.value
    assert len({each["int8"].tobytes() for each in heard if "int8" in each}) > 3, "heard meanwhile"
    word = monitor.controls["word"].value
    spoken = as_codes(monitor.voices["int8"].speak(word))
    np.testing.assert_array_equal(codes(monitor.player)["int8"][: len(spoken)], spoken)
    assert list(codes(monitor.player)) == ["recording", "float", "int8"]
    unquantised = as_codes(monitor.voices["int8"].speak_in_float(word))
    np.testing.assert_array_equal(codes(monitor.player)["float"][: len(unquantised)], unquantised)
    assert monitor.figures.value.count("finished") == 2
    code = monitor.snippet.code.replace(str(tmp_path / "one"), str(tmp_path / "two"))
    monitor.snippet.code = code
    made, _ = ran(monitor.snippet)
    assert made["voice"].program.content_hash == monitor.voices["int8"].program.content_hash
    monitor.train()
    assert "trained to its end" in monitor.status.value


def test_what_was_stopped_goes_on_to_the_same_weights(
    tmp_path: Path, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor = _monitor(tmp_path / "stopped")
    tell = monitor.status.tell

    def stop(what: str) -> None:
        tell(what)
        if "step 4 " in what:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(monitor.status, "tell", stop)
        monitor.train()
    assert "press Train to go on from there" in monitor.status.value and not monitor.voices
    assert len(monitor.losses["int8"]) == 4
    again = _monitor(tmp_path / "stopped")  # as after a restart of the kernel
    again.train()
    undisturbed = wb.train("challenge", tmp_path / "once", preset="tiny", steps=STEPS)
    assert again.voices["int8"].program.content_hash == undisturbed.program.content_hash
    third = _monitor(tmp_path / "stopped")
    assert "int8" in third.voices and "<polyline" in third.curves.value


def test_variants_stand_side_by_side(tmp_path: Path) -> None:
    monitor = _monitor(tmp_path)
    assert list(monitor.variants) == ["int8", "int4", "pruned"]
    for name in ("int4", "pruned"):
        monitor.controls["variant"].value = name
        monitor.train()
    assert list(codes(monitor.player)) == ["recording", "int4", "pruned"]
    small, pruned = (monitor.voices[name].program for name in ("int4", "pruned"))
    assert monitor.voices["int4"].image().layout.working_bytes < 60_000
    zeros = [
        float(np.mean(array == 0)) for op, name, array in pruned.parameters() if name == "weight"
    ]
    assert min(zeros) >= 0.4 and small.content_hash != pruned.content_hash
    assert "sparsity=0.5" in monitor.snippet.code
    monitor.controls["variant"].value = "int4"
    assert "{'trunk_weight_bits': 4}" in monitor.snippet.code
    monitor.controls["word"].value = "3"
    spoken = as_codes(monitor.voices["int4"].speak("3"))
    np.testing.assert_array_equal(codes(monitor.player)["int4"][: len(spoken)], spoken)


def test_what_cannot_be_trained_is_told(tmp_path: Path) -> None:
    for wrong, words in (
        ({"generator": "chalenge"}, "did you mean challenge"),
        ({"generator": "viseme"}, "makes no sound"),
        ({"steps": (0, 3)}, "cannot have 0 steps"),
        ({"steps": 3}, "two whole numbers"),
        ({"preset": "tinny"}, "tiny"),
    ):
        options: dict[str, Any] = {"generator": "challenge", **wrong}
        with pytest.raises(WorkbenchError, match=words):
            TrainingMonitor(out=tmp_path, **options)


def test_curves_of_any_length_are_drawn() -> None:
    html = curves_html({"a": [1.0], "<b>": list(np.linspace(2, 0.1, 5000)), "c": []}, 100, 200)
    assert html.count("<polyline") == 2 and "&lt;b&gt; 0.10" in html and "nan" not in html
    assert "Nothing" in curves_html({"a": []}, 1, 2)
