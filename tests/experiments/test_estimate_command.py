"""`workbench estimate`: what it says of a few bits, and mistakes in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.cli import main
from workbench.commands.estimate import _beside


def estimate(*words: str) -> int:
    few = ("--section", "bias", "--operator", "up2", "--half-width", "0.2")
    return main(["estimate", "challenge", *few, *words])


def test_a_word_by_two_names_is_one_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "figures.json"
    assert estimate("--words", "7,seven", "--json", str(figures)) == 0
    assert "in at least one of 1 word, when one of 16 bits flips" in capsys.readouterr().out
    assert json.loads(figures.read_text())["utterances"] == ["7"]


@pytest.mark.parametrize("seed", ["-1", str(2**130)])
def test_any_number_is_a_seed(seed: str) -> None:
    assert estimate("--words", "7", "--seed", seed) == 0


def test_what_is_not_stored_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        estimate("--section", "activations")
    said = capsys.readouterr().err
    assert ended.value.code == 2 and said.count("\n") == 1
    assert "activations" in said and "weights" in said and "golden" in said


def test_a_word_that_it_was_not_taught_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert estimate("--words", "7,eleven") == 2
    said = capsys.readouterr().err
    assert "eleven" in said and said.count("\n") == 1


def test_where_blind_drawing_is_cheaper_it_says_so() -> None:
    assert _beside(3_000, 1_500) == "2.0 times as many"
    assert _beside(1_500, 3_000).startswith("1,500 fewer than this took")
    assert _beside(7, 7) == "1.0 times as many"
