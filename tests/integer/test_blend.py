"""Shapes from scores: a softmax in integers, total under every table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from programs import seeds

from workbench.errors import WorkbenchError
from workbench.integer.operators import Blend
from workbench.integer.program import Program
from workbench.integer.reference import run
from workbench.integer.signals import Signal


def blender(shapes: np.ndarray, exponent: int = -4) -> Program:
    """A program that is nothing but the operator."""
    scores = Signal("scores", 8, shapes.shape[0], 1, exponent)
    face = Signal("face", 8, shapes.shape[1], 1, -7)
    mix = Blend.softmax("mix", "scores", "face", exponent=exponent, shapes=shapes)
    return Program("blender", ("scores",), "face", 100.0, (scores, face), (mix,))


def shown(program: Program, scores: np.ndarray) -> np.ndarray:
    """Codes [rows, shapes]."""
    return run(program, {"scores": scores[None]})["face"][0]


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_it_is_a_softmax(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = rng.integers(-128, 128, (rng.integers(1, 20), rng.integers(1, 6))).astype(np.int8)
    scores = rng.integers(-128, 128, (40, len(shapes)))
    likely = np.exp(scores / 16 - (scores / 16).max(axis=1, keepdims=True))
    expected = likely @ shapes / likely.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shown(blender(shapes), scores), expected, atol=0.51)


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_any_table_gives_codes_within_the_shapes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = rng.integers(-128, 128, (5, 4)).astype(np.int8)
    weight = rng.integers(-32768, 32768, 256).astype(np.int16)
    program = blender(shapes).with_parameters({("mix", "weight"): weight})
    codes = shown(program, rng.integers(-128, 128, (30, 5)))
    low, high = np.minimum(shapes.min(axis=0), 0), np.maximum(shapes.max(axis=0), 0)
    assert (codes >= low).all()
    assert (codes <= high).all()


def test_no_weight_at_all_is_a_face_at_rest() -> None:
    none = {("mix", "weight"): np.full(256, -1, np.int16)}
    program = blender(np.full((2, 3), 100, np.int8)).with_parameters(none)
    assert not shown(program, np.array([[3, 4]])).any()


def test_too_many_classes_are_refused() -> None:
    program = blender(np.zeros((256, 1), np.int8))
    wide = replace(program.signals[0], channels=257)
    with pytest.raises(WorkbenchError, match="operator mix: knows 256 classes at most"):
        replace(program, signals=(wide, program.signals[1]))
