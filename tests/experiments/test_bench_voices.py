"""Trials a second of whole voices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.cli import main
from workbench.experiments.bench import voices
from workbench.generators.generator_registry import SHIPPED

WORDS = ["bench", "voices", "--seconds", "0.01"]


def test_every_voice_that_ships_has_a_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    assert main([*WORDS, "--check", "2", "--json", str(file)]) == 0
    rows = json.loads(file.read_text())["voices"]
    assert [row["generator"] for row in rows] == list(SHIPPED)
    for row in rows:
        assert row["engine"] == "native" and row["mismatches"] == 0 and row["checked"] == 2
        assert row["trials_per_s"] > 0 and row["measured_per_s"] > 0
        assert 0 < row["macs_per_trial"] < row["macs"] and 0 < row["differing"] < 1
    printed = capsys.readouterr().out
    assert all(f"\n{name} " in printed for name in SHIPPED)


def test_a_trial_that_differs_from_the_reference_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def silent(*_: Any) -> np.ndarray:
        return np.zeros(1, np.int16)

    monkeypatch.setattr(voices, "play", silent)
    with pytest.raises(SystemExit) as ended:
        main(
            [*WORDS, "--generator", "speech", "--say", "a longer sentence is said", "--check", "1"]
        )
    assert ended.value.code == 1
    told = capsys.readouterr()
    assert "a longer sentence is..." in told.out and "please report" in told.err


@pytest.mark.parametrize("words", [["--seconds", "0"], ["--check", "-1"]])
def test_numbers_that_make_no_sense_are_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "voices", *words]) == 2
    assert "give more than 0 seconds and at least 0 trials" in capsys.readouterr().err
