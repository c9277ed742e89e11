"""Warping equals the textbook recurrence; own recordings are nearest; level and filter do not count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.audio.neighbours import COEFFICIENTS, mfcc, warped_distances
from workbench.audio.recordings import load_words
from workbench.errors import WorkbenchError


def _textbook(test: np.ndarray, reference: np.ndarray) -> float:
    """Sakoe and Chiba's symmetric form, cell by cell."""
    best = np.full((len(test) + 1, len(reference) + 1), np.inf)
    best[0, 0] = 0.0
    for i, a in enumerate(test):
        for j, b in enumerate(reference):
            step = float(np.sqrt(((a - b) ** 2).sum()))
            best[i + 1, j + 1] = min(
                best[i, j + 1] + step, best[i + 1, j] + step, best[i, j] + 2 * step
            )
    return float(best[-1, -1] / (len(test) + len(reference)))


@settings(max_examples=40)
@given(st.integers(1, 9), st.lists(st.integers(1, 12), min_size=1, max_size=4), st.integers(0, 99))
def test_distances_are_those_of_the_recurrence(rows: int, lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    test, references = rng.normal(size=(rows, 3)), [rng.normal(size=(n, 3)) for n in lengths]
    expected = [_textbook(test, reference) for reference in references]
    np.testing.assert_allclose(warped_distances(test, references), expected, rtol=1e-12)


@given(st.integers(1, 20), st.lists(st.integers(1, 3), min_size=20, max_size=20))
def test_a_sound_said_more_slowly_is_the_same(frames: int, times: list[int]) -> None:
    sound = np.random.default_rng(frames).normal(size=(frames, 4))
    slow = np.repeat(sound, times[:frames], axis=0)
    assert warped_distances(slow, [sound])[0] == pytest.approx(0, abs=1e-12)


def test_a_recording_is_nearest_to_its_own_word_at_any_level_and_pace() -> None:
    words = [load_words()[str(digit)] for digit in range(10)]
    references = [mfcc(word) for word in words]
    assert references[0].shape == (1 + len(words[0]) // 160, COEFFICIENTS)
    for number, word in enumerate(words):
        noise = 1e-3 * np.random.default_rng(number).normal(size=len(word))
        slower = np.interp(np.arange(0, len(word) - 1, 0.93), np.arange(len(word)), word)
        for heard in (0.3 * (word + noise), slower):
            assert warped_distances(mfcc(heard), references).argmin() == number


def test_a_level_changes_no_coefficient() -> None:
    word = load_words()["3"] + 1e-2 * np.random.default_rng(0).normal(size=len(load_words()["3"]))
    np.testing.assert_allclose(mfcc(0.5 * word), mfcc(word), atol=0.3)


def test_nothing_to_compare_is_refused() -> None:
    one = np.zeros((1, 3))
    for test, references in ((one[:0], [one]), (one, []), (one, [one, one[:0]])):
        with pytest.raises(WorkbenchError, match="nothing to compare"):
            warped_distances(test, references)
