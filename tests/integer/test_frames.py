"""Frames of one device in C against the plain reference: codes, states, changed parameters, any cut."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds, split_frames

from workbench.errors import WorkbenchError
from workbench.integer import frames
from workbench.integer.changes import Change, Changes
from workbench.integer.frames import frames_of
from workbench.integer.native.frames import NativeFrames
from workbench.integer.operators import Conv
from workbench.integer.program import Program
from workbench.integer.reference_frames import ReferenceFrames

FRAMES = 19  # more than are computed at once


def random_changes(program: Program, rng: np.random.Generator) -> Changes:
    """New values of up to eight elements of some parameters."""
    changes = {}
    for operator, field, array in program.parameters():
        if rng.random() < 0.5:
            packed = isinstance(operator, Conv) and field == "weight" and operator.weight_bits == 4
            low, high = (
                (-8, 7) if packed else (np.iinfo(array.dtype).min, np.iinfo(array.dtype).max)
            )
            element = rng.permutation(array.size)[:8]
            value = rng.choice([low, high, 0, int(rng.integers(low, high + 1))], len(element))
            changes[operator.name, field] = Change(np.zeros_like(element), element, value)
    return changes


def random_state(program: Program, rng: np.random.Generator) -> dict[tuple[str, str], np.ndarray]:
    """Any histories."""
    return {
        (operator.name, tensor.name): rng.integers(
            -(1 << tensor.bits - 1), 1 << tensor.bits - 1, tensor.shape
        )
        for operator, tensor in program.states()
    }


@pytest.mark.kernels
@settings(max_examples=40, deadline=None)
@given(seed=seeds, cut=st.integers(0, FRAMES), every=st.booleans())
def test_native_frames_are_those_of_the_reference(seed: int, cut: int, every: bool) -> None:
    program = random_program(seed)
    rng = np.random.default_rng([seed, 8])
    inputs = random_inputs(program, seed, FRAMES)
    past, changes = random_state(program, rng), random_changes(program, rng)
    recorded = None if every else (program.output,)
    made = []
    for engine in (NativeFrames(program), ReferenceFrames(program)):
        state, parts = engine.state_of(past), []
        for first, last in ((0, cut), (cut, FRAMES)):
            if first < last:
                part = split_frames(program, inputs, first, last)
                codes, after = engine.step(part, engine.changed(changes), state, recorded)
                assert engine.same(state, state) and set(codes) >= {program.output}
                state = after
                parts.append(codes)
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        states = {name: engine.read_state(state, *name) for name in past}
        made.append((joined, states))
    for native, reference in zip(*made, strict=True):
        assert set(native) == set(reference)
        for name, values in reference.items():
            assert native[name].dtype == values.dtype
            np.testing.assert_array_equal(native[name], values, err_msg=str(name))


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_states_are_read_as_they_were_written(seed: int) -> None:
    program = random_program(seed)
    rng = np.random.default_rng([seed, 9])
    past, new = random_state(program, rng), random_state(program, rng)
    for engine in (NativeFrames(program), ReferenceFrames(program)):
        state = engine.state_of(past)
        changes = {
            name: Change(np.zeros(1, np.int64), np.array([0]), values.reshape(-1)[:1])
            for name, values in new.items()
        }
        written = engine.written(state, changes)
        for name, values in past.items():
            np.testing.assert_array_equal(engine.read_state(state, *name), values)
            expected = values.copy()
            expected.reshape(-1)[0] = new[name].reshape(-1)[0]
            np.testing.assert_array_equal(engine.read_state(written, *name), expected)
        silent = engine.silence()
        assert all(not engine.read_state(silent, *name).any() for name in past)
        assert engine.same(engine.written(silent, {}), silent)


def test_an_engine_is_kept_for_the_next_device() -> None:
    one, other = random_program(1), random_program(2)
    assert frames_of(one) is frames_of(random_program(1))
    assert frames_of(one) is not frames_of(other)


def test_without_a_compiler_devices_run_on_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(program: Program) -> None:
        raise WorkbenchError("there is no C compiler")

    monkeypatch.setattr(frames, "NativeFrames", refused)
    monkeypatch.setattr(frames, "_kept", threading.local())
    assert isinstance(frames_of(random_program(3)), ReferenceFrames)
