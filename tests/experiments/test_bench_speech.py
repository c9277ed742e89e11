"""Unseen texts and how a voice that says them is counted."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.audio.transcripts import transcripts
from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.bench import intelligibility, unseen_texts
from workbench.experiments.bench.intelligibility import Count, Listeners, rate_of
from workbench.experiments.bench.likeness import likeness
from workbench.experiments.bench.unseen_texts import (
    held_out_prompts,
    learnt_words,
    unseen_sentences,
    unseen_words,
    words_of,
)
from workbench.experiments.voices.voice import open_voice
from workbench.generators.speech.lexicon import lexicon


def words_that_were_learnt() -> set[str]:
    return {word for text in transcripts().values() for word in re.findall("[a-z']+", text.lower())}


def test_the_texts_were_not_learnt() -> None:
    said, others = unseen_words()
    assert len({*said, *others}) == len(said) + len(others) == 1000
    assert not words_that_were_learnt() & set(said)
    sentences, whole = unseen_sentences(), {text.lower() for text in transcripts().values()}
    assert len(set(sentences)) == 20 and not whole & set(sentences)
    words = [word for text in sentences for word in text.split()]
    assert all(lexicon().has(word) for word in words)
    assert sum(word not in words_that_were_learnt() for word in words) > 0.7 * len(words)
    assert len(held_out_prompts()) == 24
    learnt = learnt_words()
    assert len(learnt) == 50 and {transcripts()[each].lower() for each in learnt.values()} == set(
        learnt
    )
    assert not set(learnt.values()) & set(held_out_prompts()) and not set(learnt) & set(said)


def test_words_are_those_that_are_said() -> None:
    assert words_of("Press 7, then CRC.") == ("press", "seven", "then", "c", "r", "c")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=2, max_size=9))
def test_a_rate_is_errors_over_sizes(pairs: list[tuple[int, int]]) -> None:
    counts = [Count(f"text {n}", errors, size) for n, (errors, size) in enumerate(pairs)]
    rate = rate_of(counts)
    assert rate.rate == pytest.approx(sum(e for e, _ in pairs) / sum(s for _, s in pairs))
    assert rate.low is not None and rate.high is not None
    assert 0 <= rate.low <= rate.rate + 1e-9 and rate.high >= rate.rate - 1e-9
    # A second voice that says the same texts as well adds nothing that is not known already.
    twice = rate_of(counts * 2)
    assert (twice.low, twice.high) == pytest.approx((rate.low, rate.high))


def test_one_text_has_no_interval() -> None:
    assert rate_of([Count("a", 1, 4)]) == intelligibility.Rate(0.25, None, None)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """One text of each kind, so that listening takes a second."""
    for module in (intelligibility, unseen_texts):
        monkeypatch.setattr(module, "unseen_words", lambda: (("elephant",), ("river", "window")))
        monkeypatch.setattr(module, "unseen_sentences", lambda: ("seven four",))
        monkeypatch.setattr(module, "held_out_prompts", lambda: {"digits/7": "seven"})
        monkeypatch.setattr(module, "learnt_words", lambda: {"one": "digits/1"})


def test_what_is_heard_is_counted(few: None) -> None:
    voice, listeners = open_voice(generator="speech"), Listeners()
    silence = np.zeros(16_000, np.float32)
    (word,) = listeners.words(voice.speak)
    assert (word.text, word.size) == ("elephant", 5) and word.errors < 5
    (word,) = listeners.words(lambda text: voice.speak("window"))
    assert word.errors > 0
    (sentence,) = listeners.sentences(lambda text: silence)
    assert sentence == Count("seven four", 2, 2)
    (prompt,) = listeners.prompts(lambda text: voice.recordings[text])
    assert prompt == Count("seven", 0, 1)
    (learnt,) = listeners.learnt(lambda text: voice.recordings[text])
    assert (learnt.text, learnt.size) == ("one", 5) and learnt.errors < 3
    (phones,) = listeners.phones(voice.speak)
    assert phones.size == 8 and phones.errors < 8


def test_a_voice_is_nearer_to_itself_than_to_noise() -> None:
    voice = open_voice(generator="speech")
    rows = [("SIL", 0, 10), ("S", 10, 12), ("EH1", 22, 20), ("SIL", 42, 10)]
    noise = np.random.default_rng(0).normal(0, 0.1, 52 * 160 - 1)
    far = likeness(voice.program, noise, rows)
    near = likeness(voice.program, np.zeros(52 * 160 - 1), rows)
    assert far.log_mel_db > 0 and far.mfcc_dtw > 0 and near.log_mel_db > 0


def test_the_command_prints_and_writes(
    few: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = open_voice(generator="speech").folder
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "figures.json"
    assert main(["bench", "speech", "--checkpoint", str(folder), "--json", str(path)]) == 0
    said = capsys.readouterr().out
    figures = json.loads(path.read_text("utf-8"))
    assert set(figures) == {"seed0", "float twin"}
    assert set(figures["seed0"]) == set(intelligibility.TESTS)
    assert "float twin" in said and "workbench data fetch" in said


def test_a_voice_of_digits_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "speech", "--generator", "challenge"]) == 2
    assert "cannot say any text" in capsys.readouterr().err


def test_a_missing_list_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(unseen_texts, "data_folder", lambda: tmp_path)
    with pytest.raises(WorkbenchError, match="clone the repository again"):
        unseen_texts.unseen_sentences()
