"""The recogniser understands the shipped digits, and answers the same whatever it heard before."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from workbench.audio.recogniser import (
    DIGIT_WORDS,
    VARIANTS,
    Recogniser,
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
    assert {len(answers) for answers in result.heard} == {len(VARIANTS)}


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
