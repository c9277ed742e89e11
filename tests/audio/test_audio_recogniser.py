"""The recogniser understands the shipped digits, and answers the same whatever it heard before."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pocketsphinx
import pytest

from workbench.audio.recogniser import (
    DIGIT_WORDS,
    VARIANTS,
    Language,
    Recogniser,
    answers,
    digit_recogniser,
    recognise_words,
)
from workbench.audio.recordings import load_recordings
from workbench.errors import WorkbenchError

WORDS = tuple(DIGIT_WORDS.values())


@pytest.fixture(scope="module")
def digits() -> list[np.ndarray]:
    voice = load_recordings(prefix="digits/")
    return [voice[f"digits/{digit}"] for digit in DIGIT_WORDS]


def test_the_shipped_digits_are_understood(digits: list[np.ndarray]) -> None:
    result = recognise_words(digits, WORDS)
    assert np.mean(result.per_wave) >= 0.9
    assert len(result.heard) == len(result.per_wave) == 10
    assert {len(heard) for heard in result.heard} == {len(VARIANTS)}


def test_digits_are_read_out_in_english_alone() -> None:
    assert answers(["7", "seven", "left"]) == {"7": "seven", "seven": "seven", "left": "left"}
    assert answers(["7"], Language(Path("hmm"))) == {"7": "seven"}  # its dictionary is English
    assert answers(["7"], Language(dictionary=Path("a.dict"))) == {"7": "7"}


def test_noise_is_not_understood(digits: list[np.ndarray]) -> None:
    generator = np.random.default_rng(0)
    noise = [generator.standard_normal(len(wave)) for wave in digits]
    assert np.mean(recognise_words(noise, WORDS).per_wave) <= 0.3


def test_what_was_heard_before_does_not_matter(digits: list[np.ndarray]) -> None:
    recogniser = digit_recogniser()
    alone = [Recogniser(WORDS).recognise(wave) for wave in digits[:3]]
    loud = np.random.default_rng(0).standard_normal(30_000)
    for wave, answer in zip(digits[:3], alone, strict=True):
        recogniser.recognise(loud)
        assert recogniser.recognise(wave) == answer


def test_the_level_does_not_matter(digits: list[np.ndarray]) -> None:
    recogniser = digit_recogniser()
    for wave in digits[:3]:
        assert recogniser.recognise(0.125 * wave) == recogniser.recognise(wave)


def test_other_words_and_phrases() -> None:
    voice = load_recordings(prefix="phonetic/")
    words = ["alpha", "bravo", "charlie", "delta", "echo", "fox trot"]
    recogniser = Recogniser(words)
    heard = [recogniser.recognise(voice[f"phonetic/{word[0]}_p"]) for word in words]
    assert sum(answer == word for answer, word in zip(heard, words, strict=True)) >= 5


def test_silence_is_an_answer_or_none() -> None:
    assert digit_recogniser().recognise(np.zeros(8000)) in ("", *WORDS)


@pytest.mark.parametrize("bad", [np.zeros(0), np.zeros((2, 99)), np.full(99, np.inf)])
def test_what_is_no_signal_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(WorkbenchError, match="cannot listen"):
        digit_recogniser().recognise(bad)


@pytest.mark.parametrize("words", [["one", "qqqz"], ["One"], [""], []])
def test_words_not_in_the_dictionary_are_refused(words: list[str]) -> None:
    with pytest.raises(WorkbenchError, match="dictionary lacks"):
        Recogniser(words)


def test_words_that_cannot_be_understood_are_left_out_by_name(digits: list[np.ndarray]) -> None:
    listener = Recogniser(["one", "qqqz", "two", "a(2)", 'say "one"'], leave_out=True)
    assert listener.words == ("one", "two")
    assert list(listener.left_out) == ["qqqz", "a(2)", 'say "one"']
    assert listener.recognise(digits[1]) == "one"
    with pytest.raises(WorkbenchError, match="dictionary lacks 'qqqz'"):
        Recogniser(["qqqz"], leave_out=True)


def test_a_dictionary_of_ones_own(tmp_path: Path, digits: list[np.ndarray]) -> None:
    own = tmp_path / "own.dict"
    own.write_text("über W AH N\nzwei T UW\n", encoding="utf-8")
    listener = Recogniser(["über", "zwei"], language=Language(dictionary=own))
    assert [listener.recognise(digits[n]) for n in (1, 2)] == ["über", "zwei"]
    with pytest.raises(WorkbenchError, match="dictionary lacks 'one'"):
        Recogniser(["one"], language=Language(dictionary=own))


def _copy_of_the_model(folder: Path) -> Path:
    return Path(shutil.copytree(pocketsphinx.get_model_path("en-us/en-us"), folder / "hmm"))


@pytest.mark.parametrize("damage", ["mdef", "means", "feat.params"])
def test_a_damaged_model_ends_in_a_sentence(damage: str, tmp_path: Path) -> None:
    """Some of them end the process that loads them: pocketsphinx calls exit."""
    hmm = _copy_of_the_model(tmp_path)
    (hmm / damage).write_bytes(b"-garbage " * 9)
    with pytest.raises(WorkbenchError, match=r"pocketsphinx cannot load .*hmm") as refusal:
        Recogniser(WORDS, language=Language(acoustic_model=hmm))
    assert "\n" not in str(refusal.value)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    for language, missing in (
        (Language(acoustic_model=tmp_path / "hmm"), "folder of an acoustic model"),
        (Language(dictionary=tmp_path), "file for --dict"),
        (Language(language_model=tmp_path / "lm"), "file for --lm"),
    ):
        with pytest.raises(WorkbenchError, match=f"there is no {missing}"):
            Recogniser(WORDS, language=language)


def test_questions_that_do_not_fit_are_refused(digits: list[np.ndarray]) -> None:
    with pytest.raises(WorkbenchError, match="do not fit"):
        recognise_words(digits, WORDS[:9])
    with pytest.raises(WorkbenchError, match="do not fit"):
        recognise_words([], [])
    with pytest.raises(WorkbenchError, match="does not choose among ten"):
        recognise_words(digits[:1], ["ten"])


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(WorkbenchError, match=r"pocketsphinx.*\[speech\]"):
        Recogniser(WORDS)
