"""Weights that are code words: all of them, in range, and moved by as little as possible."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_program, seeds

from workbench.errors import WorkbenchError
from workbench.integer.operators import Conv
from workbench.memory.codes.ecc import ECC, InPlace
from workbench.memory.codes.in_place import _REACH, _search, in_place_program
from workbench.memory.image import Image
from workbench.memory.watches.words import WordsInPlace

NONE = np.zeros(0, np.uint8)


@settings(max_examples=20, deadline=None)
@given(seed=seeds, code=st.sampled_from(["in-place64", "in-place128", "in-place256"]))
def test_all_words_are_code_words(seed: int, code: str) -> None:
    program = random_program(seed)
    words = ECC[code]
    assert isinstance(words, InPlace)
    try:
        made = in_place_program(program, code)
    except WorkbenchError as error:
        assert "too few elements" in str(error)
        return
    image = Image.of(made, areas=())
    section = image.layout.sections["weights"]
    whole = section.size_bytes // words.word_bytes * words.word_bytes
    assert not words.wrong(image.data[section.start : section.start + whole], NONE)
    for before, after in zip(program.operators, made.operators, strict=True):
        if isinstance(before, Conv):
            assert isinstance(after, Conv)
            moved = after.weight.astype(int) - before.weight
            assert np.abs(moved).max(initial=0) <= _REACH[before.weight_bits]
            np.testing.assert_array_equal(after.bias, before.bias)
    again = in_place_program(made, code)
    assert again.content_hash == made.content_hash  # a code word is its own nearest


def test_a_code_of_ones_own_moves_weights_as_well() -> None:
    """Under a name that no code of the workbench has."""
    program = random_program(0)
    kind = WordsInPlace("mine", InPlace(8))
    made, usual = kind.prepared(program), in_place_program(program, "in-place64")
    assert made.content_hash == usual.content_hash


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_nothing_nearer_is_a_code_word(seed: int) -> None:
    """Against every change of the eight weights by at most one step; larger ones cost more than seven."""
    code = ECC["in-place64"]
    row = np.random.default_rng(seed).integers(0, 256, 8).astype(np.uint8)
    made = _search(row[None], np.full(8, 8), code)[0]
    assert not code.wrong(made, NONE)
    cost = int(((made.view(np.int8).astype(int) - row.view(np.int8)) ** 2).sum())
    weights = row.view(np.int8).astype(int)
    for change in product((-1, 0, 1), repeat=8):
        if np.dot(change, change) < cost:
            moved = weights + change
            if moved.min() >= -128 and moved.max() <= 127:
                assert code.wrong(moved.astype(np.int8).view(np.uint8), NONE)


@pytest.mark.parametrize("code", ["in-place64", "in-place128", "in-place256"])
def test_every_single_flip_of_the_voice_is_corrected(code: str) -> None:
    """Of a sample of 3,000 of its bits, as they are stored."""
    from workbench.experiments.voices.voice import open_voice

    words = ECC[code]
    image = Image.of(in_place_program(open_voice().program, code), areas=())
    section = image.layout.sections["weights"]
    clean = image.data[section.start : section.stop].reshape(-1, words.word_bytes)
    rng = np.random.default_rng(5)
    for word, bit in zip(
        rng.integers(0, len(clean), 3000), rng.integers(0, 8 * words.word_bytes, 3000), strict=True
    ):
        damaged = clean[word].copy()
        damaged[bit >> 3] ^= 1 << (bit & 7)
        words.correct(damaged, NONE)
        np.testing.assert_array_equal(damaged, clean[word])
