"""Operators with tables and a past in the native engine: trials and frames of devices are those of the reference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import KERNELS_HERE
from listeners import any_sound, listener, listening_case
from programs import seeds, split_frames
from speaking_programs import speaking_case, speaking_inputs, speaking_program
from synthesisers import any_state, controls
from trial_cases import check_against_the_truth

from workbench.experiments.bench.synthesis import synthesiser
from workbench.integer.changes import Change
from workbench.integer.native.frames import NativeFrames
from workbench.integer.reference_frames import ReferenceFrames
from workbench.integer.sections import TABLE
from workbench.memory.faults.events import FLIP, Events, sorted_events
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory

FRAMES = 6
Case = Callable[[int, int], tuple[Image, dict[str, np.ndarray], Events, int]]


@pytest.mark.parametrize("case", [speaking_case, listening_case])
@pytest.mark.parametrize("kernels", KERNELS_HERE)
@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_trials_are_the_truth(kernels: str, case: Case, seed: int) -> None:
    image, inputs, events, trials = case(seed, FRAMES)
    lab = Laboratory(image, inputs, engine="native", kernels=kernels)
    check_against_the_truth(lab, events, trials)


@pytest.mark.parametrize("kernels", KERNELS_HERE)
@settings(max_examples=15, deadline=None)
@given(seed=seeds, cut=st.integers(1, 18), speaks=st.booleans())
def test_frames_of_devices_are_those_of_the_reference(
    kernels: str, seed: int, cut: int, speaks: bool
) -> None:
    rng = np.random.default_rng([seed, 23])
    program = speaking_program(seed) if speaks else listener(seed)
    inputs = speaking_inputs(program, rng, 19) if speaks else {"sound": any_sound(rng, 19)}
    past = any_state(program, rng)
    changes = {}
    for operator, field, array in program.parameters():
        if operator.PARAMETERS[field] == TABLE and rng.random() < 0.3:
            element = rng.permutation(array.size)[:4]
            limits = np.iinfo(array.dtype)
            value = rng.integers(limits.min, limits.max + 1, len(element))
            changes[operator.name, field] = Change(np.zeros_like(element), element, value)
    native, plain = NativeFrames(program, kernels=kernels), ReferenceFrames(program)
    states = native.state_of(past), plain.state_of(past)
    for first, last in ((0, cut), (cut, 19)):
        part = split_frames(program, inputs, first, last)
        codes, now = native.step(part, native.changed(changes), states[0])
        expected, after = plain.step(part, plain.changed(changes), states[1])
        for name, values in expected.items():
            np.testing.assert_array_equal(codes[name], values, err_msg=name)
        for name in past:
            np.testing.assert_array_equal(
                native.read_state(now, *name), plain.read_state(after, *name), err_msg=str(name)
            )
        states = now, after


def test_a_fault_of_the_past_is_over_where_voicing_changes() -> None:
    pitch = controls(12, share=np.repeat([[1.0] * 5, [0.0] * 5, [1.0] * 5], 4, axis=0))
    image = Image.of(synthesiser())
    phase = 8 * image.layout.place("voice", "phase").start + 30
    wave = 8 * image.layout.place("voice", "wave").start + 14
    events = sorted_events(np.arange(2), np.ones(2), np.array([phase, wave]), np.full(2, FLIP))
    lab = Laboratory(image, {"controls": pitch}, engine="native")
    differ = (lab.sounds(events, 2) != lab.clean).any(axis=2)  # [trials, samples]
    frames = [np.flatnonzero(row.reshape(12, 160).any(axis=1)).tolist() for row in differ]
    assert frames == [[1, 2, 3, 4], [1]]
