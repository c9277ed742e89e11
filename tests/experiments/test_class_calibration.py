"""Classes by SNR against listeners: each sound is counted in its class, with the interval of its shares."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from voices import voice

from workbench.audio.metrics import snr_db
from workbench.audio.recogniser import DIGIT_WORDS, ENGLISH, VARIANTS, Language
from workbench.audio.scales import BY_SNR, CLASSES
from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.campaigns import class_calibration
from workbench.experiments.campaigns.class_calibration import (
    ClassHeard,
    heard_classes,
)
from workbench.experiments.estimates.statistics import clustered, mean_interval
from workbench.experiments.voices.listening import Listener
from workbench.memory.faults.events import Events
from workbench.memory.trials.laboratory import Laboratory

SOUNDS = 6


class _KnowsTheSnr:
    """A listener that understands one presentation for each 5 dB, and whose PESQ is the SNR."""

    heard: list[float] = []  # noqa: RUF012
    left_out: dict[str, str] = {}  # noqa: RUF012

    def __init__(
        self, words: Sequence[str], *, choices: Sequence[str], language: Language, pesq: bool
    ) -> None:
        assert pesq and tuple(words) == voice().utterances and language == ENGLISH
        assert tuple(choices) == tuple(DIGIT_WORDS.values())

    def hear(
        self, sounds: Sequence[np.ndarray], clean: np.ndarray, word: str
    ) -> tuple[np.ndarray, np.ndarray]:
        np.testing.assert_array_equal(clean, voice().speak(word))
        ratio = snr_db(sounds[0], clean)
        self.heard.append(ratio)
        share = min(max(int(ratio // 5), 0), 5) / len(VARIANTS) if np.isfinite(ratio) else 1.0
        return np.array([share]), np.array([ratio if np.isfinite(ratio) else np.nan])


@pytest.fixture(scope="module")
def heard() -> tuple[list[ClassHeard], np.ndarray]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(class_calibration, "Listener", _KnowsTheSnr)
        _KnowsTheSnr.heard = []
        rows = heard_classes(voice(), sounds=SOUNDS, seed=1)
    return rows, np.array(_KnowsTheSnr.heard[len(voice().utterances) :])


def test_every_sound_is_counted_where_its_snr_says(
    heard: tuple[list[ClassHeard], np.ndarray],
) -> None:
    rows, ratios = heard
    assert [row.name for row in rows[:5]] == ["undamaged", *map(BY_SNR.class_in_words, CLASSES)]
    assert rows[0].sounds == len(voice().utterances) and rows[0].understood == 1
    limits = {"transparent": (28, np.inf), "acceptable": (19, 28), "degraded": (9, 19),
              "broken": (-np.inf, 9)}  # fmt: skip
    bands = [*limits.values(), (3, 9), (-3, 3), (-np.inf, -3)]
    for row, (low, high) in zip(rows[1:], bands, strict=True):
        here = ratios[(ratios >= low) & (ratios < high)]
        assert row.sounds == row.pesq_sounds == len(here)
        if not len(here):
            continue
        assert row.pesq_nb == pytest.approx(here.mean(), rel=1e-3)
        shares = np.clip(here // 5, 0, 5)
        assert row.understood == pytest.approx(shares.mean() / 5)
        interval = clustered(shares, np.full(len(here), 5))
        assert (row.understood_low, row.understood_high) == pytest.approx(
            tuple(map(float, interval))
        )
        assert (row.pesq_low is None) == (len(here) < 2)
        if row.pesq_low is not None:
            assert (row.pesq_low, row.pesq_high) == pytest.approx(
                np.clip(mean_interval(here), 1, 4.55), rel=1e-3
            )
    assert [row.sounds for row in rows[1:5]] == [SOUNDS] * 4
    assert sum(row.sounds for row in rows[5:]) == SOUNDS


def test_the_same_seed_hears_the_same_sounds(
    heard: tuple[list[ClassHeard], np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_calibration, "Listener", _KnowsTheSnr)
    stages: list[str] = []
    again = heard_classes(
        voice(), sounds=SOUNDS, seed=1, progress=lambda what, *_: stages.append(what)
    )
    assert again == heard[0]
    assert list(dict.fromkeys(stages)) == ["flipping", "listening"]


def test_too_few_sounds_are_refused() -> None:
    with pytest.raises(WorkbenchError, match="at least 2"):
        heard_classes(voice(), sounds=1)


def test_the_command_prints_and_writes_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        ClassHeard(3, 0.4, 0.2, 0.6, 2, 1.5, 1.25, 1.75, name="broken (SNR < 9 dB)"),
        ClassHeard(0, None, None, None, 0, None, None, None, name="degraded (SNR ≥ 9 dB)"),
    ]
    asked: dict[str, Any] = {}
    monkeypatch.setattr(
        "workbench.commands.class_table.heard_classes",
        lambda _, *, language, sounds, progress, step: (
            asked.update(language=language, sounds=sounds) or rows
        ),
    )
    path = tmp_path / "classes.json"
    main(
        [
            "measure",
            "challenge",
            "--classes",
            "--sounds",
            "7",
            "--dict",
            "a.dict",
            "--json",
            str(path),
        ]
    )
    said = capsys.readouterr().out
    assert asked == {"language": Language(dictionary=Path("a.dict")), "sounds": 7}
    assert "40.0% (20.0% to 60.0%)" in said and "1.50 (1.25 to 1.75), 2 sounds" in said
    assert ["0", "-", "-"] in [line.split()[-3:] for line in said.splitlines()]
    assert json.loads(path.read_text("utf-8"))["classes"][0] == rows[0].figures()


@pytest.mark.parametrize("other", [["--record"], ["--checkpoint", "a", "--checkpoint", "b"]])
def test_what_does_not_go_together_is_a_sentence(
    other: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["measure", "challenge", "--classes", *other]) == 2
    said = capsys.readouterr().err
    assert "--classes" in said and said.count("\n") == 1


def test_every_class_has_its_limit() -> None:
    assert set(BY_SNR.in_words) == {"masked", *CLASSES}
    assert BY_SNR.class_in_words("broken") == "broken (SNR < 9 dB)"
    assert BY_SNR.class_in_words("no such class") == "no such class"


def test_without_pesq_the_table_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ClassHeard(3, 0.4, 0.2, 0.6, 0, None, None, None, name="broken (SNR < 9 dB)")
    monkeypatch.setattr("workbench.commands.class_table.heard_classes", lambda *_, **__: [row])
    monkeypatch.setitem(sys.modules, "pesq", None)
    assert main(["measure", "challenge", "--classes"]) == 0
    assert "PESQ-NB has no value; " in (said := capsys.readouterr().out) and "pip install" in said


def test_real_listeners_agree_with_the_order_of_the_classes() -> None:
    pytest.importorskip("pocketsphinx")
    pytest.importorskip("pesq")
    rows = heard_classes(voice(), sounds=4)
    scores = [row.pesq_nb for row in rows[:5]]
    assert None not in scores and scores == sorted(scores, reverse=True)
    assert (rows[1].understood or 0) > (rows[4].understood or 0)


def test_a_dictionary_has_the_words_as_they_are_named(tmp_path: Path) -> None:
    pytest.importorskip("pocketsphinx")
    path = tmp_path / "own.dict"
    path.write_text("7 S EH V AH N\n3 TH R IY\n")
    clean = voice().speak("7")
    listener = Listener(["3", "7"], language=Language(dictionary=path))
    (understood,), _ = listener.hear([clean], clean, "7")
    assert understood > 0.5


def test_flips_that_change_nothing_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_calibration, "Listener", _KnowsTheSnr)
    outcomes = Laboratory.outcomes

    def unchanged(laboratory: Laboratory, events: Events, trials: int) -> np.ndarray:
        return outcomes(laboratory, Events(*(column[:0] for column in events)), trials)

    monkeypatch.setattr(Laboratory, "outcomes", unchanged)
    with pytest.raises(WorkbenchError, match="none of the flips"):
        heard_classes(voice(), sounds=2)
