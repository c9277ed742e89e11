"""`export` and `agree` by the name safety-voice: two models in a folder, and a healer that simulation and C share."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.cli import main
from workbench.generators.challenge import GENERATOR

SAFETY = ["--strategy", "safety-voice", "--safety-voice", str(GENERATOR.checkpoint("safety"))]


def test_both_voices_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "challenge", *SAFETY, "--out", str(tmp_path / "x")]) == 0
    printed = capsys.readouterr().out
    assert "the safety voice" in printed and "strategy safety-voice" in printed
    first, second = tmp_path / "x", tmp_path / "x" / "safety"
    assert "model_step" in (first / "model.h").read_text()
    assert "safety_step" in (second / "safety.h").read_text()
    # No working copy: upsets of RAM cannot reach its weights.
    assert "safety_parameters parameters;" not in (second / "safety.h").read_text()
    shared = "runtime/wb_safety.h"
    assert (first / shared).read_bytes() == (second / shared).read_bytes()


def test_simulation_and_c_agree(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agree", "challenge", *SAFETY, "--schedules", "2", "--frames", "6"]) == 0
    assert "2 simulations" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--strategy", "safety-voice"], "needs a second voice"),
        ([*SAFETY[2:], "--strategy", "pq-scrub"], "is for --strategy safety-voice"),
        ([*SAFETY, "--prefix", "safety"], "a --prefix other than safety"),
    ],
)
def test_what_does_not_go_together_is_refused(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "challenge", *words, "--out", str(tmp_path / "x")]) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "x").exists()
