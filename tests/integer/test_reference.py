"""The oracle itself: streaming, wrapping, saturation and shifts against their definitions."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds, split_frames

from workbench.errors import WorkbenchError
from workbench.integer.operators import Conv
from workbench.integer.operators.shifts import requantise, wrap_int32
from workbench.integer.program import Program
from workbench.integer.reference import Stream, run
from workbench.integer.signals import Signal


@settings(max_examples=60, deadline=None)
@given(seed=seeds, frames=st.integers(1, 9), cut=st.integers(0, 9))
def test_frame_by_frame_equals_whole_utterance(seed: int, frames: int, cut: int) -> None:
    program = random_program(seed)
    inputs = random_inputs(program, seed, frames, batch=2)
    whole = run(program, inputs)
    stream = Stream(program, batch=2)
    bounds = [0, min(cut, frames), *range(min(cut, frames) + 1, frames + 1)]
    parts = [
        stream.step(split_frames(program, inputs, a, b)) for a, b in itertools.pairwise(bounds)
    ]
    for name, codes in whole.items():
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts], axis=1), codes)


@given(st.integers(-(2**62), 2**62))
def test_wrap_is_unsigned_32_bit_arithmetic(x: int) -> None:
    expected = int(np.array([x % 2**32], np.uint32).view(np.int32)[0])
    assert wrap_int32(np.array([x]))[0] == expected


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-128, 127))
def test_requantise_clamps_its_shift_and_floors(accumulator: int, shift: int) -> None:
    field = min(max(shift, -15), 31)
    exact = accumulator * 2.0**-field  # both factors are exact in float64
    assert requantise(np.array([accumulator]), np.array([shift], np.int8))[0] == np.floor(exact)


def _one_conv(**changes: object) -> Program:
    conv = dict(
        name="conv", sources=("x",), target="y", weight=np.ones((2, 3, 4, 5), np.int8),
        bias=np.zeros(3, np.int32), shift=np.zeros(3, np.int8), low=-128, high=127,
    )  # fmt: skip
    conv.update(changes)
    return Program(
        "p",
        ("x",),
        "y",
        100.0,
        (Signal("x", 8, 5, 1, -7), Signal("y", 8, 3, 2, -7)),
        (Conv(**conv),),
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (dict(sources=("z",)), "no signal 'z'"),
        (dict(target="x"), "writes signal 'x' again"),
        (dict(weight=np.ones((1, 3, 4, 5), np.int8)), "rows a frame"),
        (dict(weight=np.ones((2, 3, 4, 6), np.int8)), "its source has 5"),
        (dict(bias=np.zeros(4, np.int32)), "needs bias as int32"),
        (dict(low=-200), "outside of -128..127"),
        (dict(weight_bits=4, weight=np.full((2, 3, 4, 5), 9, np.int8)), "outside of -8..7"),
    ],
)
def test_parts_that_do_not_fit_are_refused_by_name(changes: dict, words: str) -> None:
    with pytest.raises(WorkbenchError, match=words):
        _one_conv(**changes)


def test_inputs_are_checked() -> None:
    program = _one_conv()
    with pytest.raises(WorkbenchError, match="missing"):
        Stream(program).step({})
    with pytest.raises(WorkbenchError, match="takes integers"):
        Stream(program).step({"x": np.zeros((1, 4, 5))})
    with pytest.raises(WorkbenchError, match="leaves its range"):
        Stream(program).step({"x": np.full((1, 4, 5), 128)})


def test_only_one_channel_of_codes_is_a_sound() -> None:
    with pytest.raises(WorkbenchError, match="not a sound of one channel"):
        _one_conv().sound(np.zeros((4, 3), np.int8))
