"""The generator against NumPy's, and draws against exact probabilities."""

import itertools
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import WorkbenchError
from workbench.memory.sampling import (
    _binomial_table,
    binomial_counts,
    counter_stream,
    counter_words,
    distinct,
    ragged_words,
)

labels = st.text(max_size=9)
indexes = st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(label=labels, index=indexes, count=st.integers(0, 13))
def test_words_are_those_of_the_counter_stream(label: str, index: list[int], count: int) -> None:
    words = counter_words(label, np.array(index), count)
    assert words.shape == (len(index), count) and words.dtype == np.uint64
    for row, number in zip(words, index, strict=True):
        np.testing.assert_array_equal(row, counter_stream(label, number).random_raw(count))


@settings(max_examples=40, deadline=None)
@given(index=indexes, data=st.data())
def test_words_from_anywhere_to_anywhere(index: list[int], data: st.DataObject) -> None:
    sizes = st.lists(st.integers(0, 11), min_size=len(index), max_size=len(index))
    counts, first = data.draw(sizes), data.draw(sizes)
    words = ragged_words("x", np.array(index), np.array(counts), np.array(first))
    streams = (counter_stream("x", i).random_raw(22)[f : f + c] for i, c, f in zip(index, counts, first, strict=True))  # fmt: skip
    np.testing.assert_array_equal(words, np.concatenate(list(streams)))


def test_many_blocks_are_the_same_as_few() -> None:
    words = counter_words("many", np.arange(20_000), 5)
    for number in (0, 8191, 8192, 19_999):
        np.testing.assert_array_equal(words[number], counter_stream("many", number).random_raw(5))


def test_numbers_below_zero_are_refused() -> None:
    with pytest.raises(WorkbenchError, match="no trial or device number -3; they run from 0"):
        counter_words("x", np.array([1, -3]), 2)
    with pytest.raises(WorkbenchError, match="no trial or device number"):
        counter_stream("x", 2**64)


@settings(max_examples=60, deadline=None)
@given(label=labels, size=st.integers(1, 50), data=st.data())
def test_distinct_numbers_by_the_plainest_way(label: str, size: int, data: st.DataObject) -> None:
    """Against drawing word by word and leaving out what was there before."""
    counts = np.array(data.draw(st.lists(st.integers(0, size), min_size=1, max_size=6)))
    stream, value, word = distinct(label, np.arange(len(counts)), counts, size)
    for number, count in enumerate(counts):
        expected: dict[int, int] = {}
        raw = counter_stream(label, number)
        while len(expected) < count:
            drawn = int(raw.random_raw())
            expected.setdefault(drawn % size, drawn)
        chosen = stream == number
        assert value[chosen].tolist() == sorted(expected)
        assert dict(zip(value[chosen].tolist(), word[chosen].tolist(), strict=True)) == expected


def test_every_set_is_drawn_equally_often() -> None:
    trials = 30_000
    _, value, _ = distinct("sets", np.arange(trials), np.full(trials, 3), 6)
    keys = (value.reshape(-1, 3) @ [36, 6, 1]).tolist()
    counts = [keys.count(a * 36 + b * 6 + c) for a, b, c in itertools.combinations(range(6), 3)]
    expected = trials / comb(6, 3)
    chi_squared = sum((count - expected) ** 2 / expected for count in counts)
    assert sum(counts) == trials and chi_squared < 19 + 5 * np.sqrt(2 * 19)


@settings(max_examples=60, deadline=None)
@given(size=st.integers(0, 40), numerator=st.integers(0, 64))
def test_counts_are_binomial_exactly(size: int, numerator: int) -> None:
    """Each threshold against the sum of exact probabilities."""
    p = Fraction(numerator, 64)
    lowest, thresholds = _binomial_table(size, p)
    bounds = [0, *(int(t) for t in thresholds), 2**64]
    for step, (below, upto) in enumerate(itertools.pairwise(bounds)):
        k = lowest + step
        exact = comb(size, k) * p**k * (1 - p) ** (size - k)
        assert abs(Fraction(upto - below, 2**64) - exact) < Fraction(3, 2**64)
    words = np.array([0, 2**63, 2**64 - 1], np.uint64)
    counts = binomial_counts(words, size, p)
    assert (counts >= 0).all() and (counts <= size).all() and (np.diff(counts) >= 0).all()


def test_large_counts_have_the_right_mean_and_spread() -> None:
    words = counter_words("n", np.arange(20_000), 1)[:, 0]
    for size, rate in ((721_384, 1e-3), (10**9, 1e-9), (5_000_000, 0.5)):
        counts = binomial_counts(words, size, Fraction(rate))
        mean, variance = size * rate, size * rate * (1 - rate)
        assert abs(counts.mean() - mean) < 5 * np.sqrt(variance / len(words))
        assert abs(counts.var() / variance - 1) < 0.1
