"""The sample of `measure --classes`: words take turns, unknown words are left out, intervals can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from voices import voice

from workbench.audio.scales import BY_SNR
from workbench.cli import main
from workbench.experiments.campaigns import class_calibration
from workbench.experiments.campaigns.class_calibration import (
    ClassHeard,
    _chosen,
    _row,
    _Trial,
    heard_classes,
)
from workbench.memory.faults.bits import Flips
from workbench.memory.faults.plan import Plan

PLAN = Plan(Flips(1), 0)
MISSING = "its dictionary lacks the word"
ratios = st.sampled_from([30.0, 25.0, 12.0, 0.0])


@given(
    drawn=st.lists(st.tuples(st.sampled_from("abcde"), ratios), max_size=60),
    sounds=st.integers(2, 12),
    seed=st.integers(0, 99),
)
def test_words_take_turns_in_every_class(
    drawn: list[tuple[str, float]], sounds: int, seed: int
) -> None:
    trials = [_Trial(word, PLAN, n, ratio) for n, (word, ratio) in enumerate(sorted(drawn))]
    chosen = _chosen(trials, sounds, np.random.default_rng(seed), BY_SNR)
    assert chosen == _chosen(trials, sounds, np.random.default_rng(seed), BY_SNR)
    assert len({trial.number for trial in chosen}) == len(chosen)
    assert all(np.isfinite(trial.fidelity_db) for trial in chosen)

    def of_class(code: int, among: list[_Trial]) -> Counter[str]:
        return Counter(
            trial.word
            for trial in among
            if np.isfinite(trial.fidelity_db)
            and BY_SNR.quality(np.array([trial.fidelity_db]))[0] == code
        )

    for code in range(1, 5):
        there, taken = of_class(code, trials), of_class(code, chosen)
        assert taken.total() == min(sounds, there.total())
        # A word has fewer than another only by one, or because it has no more.
        most = max(taken.values(), default=0)
        assert all(taken[word] >= min(most - 1, there[word]) for word in there)


def test_seeds_prefer_no_word() -> None:
    trials = [_Trial(word, PLAN, n, 30.0) for word in "abcde" for n in range(9)]
    first = {_chosen(trials, 2, np.random.default_rng(seed), BY_SNR)[0].word for seed in range(50)}
    assert first == set("abcde")


@given(scores=st.lists(st.floats(1, 4.55), min_size=1, max_size=5), hits=st.integers(0, 5))
def test_intervals_stay_within_what_can_be_measured(scores: list[float], hits: int) -> None:
    row = _row("x", np.full(len(scores), hits / 5), np.array(scores))
    assert row.understood_low is not None and row.understood_high is not None
    assert 0 <= row.understood_low <= row.understood_high <= 1
    assert (row.pesq_low is None) == (row.pesq_high is None) == (len(scores) < 2)
    if row.pesq_low is not None and row.pesq_high is not None:
        assert 1 <= row.pesq_low <= row.pesq_high <= 4.55


def test_words_that_the_recogniser_lacks_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = voice().utterances[0]

    class Deaf:
        left_out = {lacking: MISSING}  # noqa: RUF012

        def __init__(self, words: Sequence[str], **_: object) -> None: ...

        def hear(
            self, sounds: Sequence[np.ndarray], clean: np.ndarray, word: str
        ) -> tuple[np.ndarray, np.ndarray]:
            assert word != lacking
            return np.array([0.6]), np.array([2.0])

    monkeypatch.setattr(class_calibration, "Listener", Deaf)
    rows = heard_classes(voice(), sounds=2)
    assert rows[0].sounds == len(voice().utterances) - 1
    assert all(row.left_out == {lacking: MISSING} for row in rows)
    assert not any(np.isnan(row.understood or 0) for row in rows)


def test_the_command_says_what_is_left_out_and_why_pesq_is_absent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        ClassHeard(
            3, 0.4, 0.2, 0.6, 0, None, None, None, name="broken", left_out={"sieben": MISSING}
        ),
        ClassHeard(
            0, None, None, None, 0, None, None, None, name="degraded", left_out={"sieben": MISSING}
        ),
    ]
    monkeypatch.setattr("workbench.commands.class_table.heard_classes", lambda *_, **__: rows)
    monkeypatch.setattr("workbench.commands.class_table._absent", lambda: "")
    assert main(["measure", "challenge", "--classes"]) == 0
    said = capsys.readouterr().out
    assert f"without 'sieben' ({MISSING})" in said
    assert "degraded: none of the flips drawn" in said
    assert "PESQ-NB has no value; PESQ refuses every sound of broken" in said
