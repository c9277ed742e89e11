"""The batched engine against the reference: every signal, changed parameters, own inputs, frames."""

import numpy as np
import pytest
import torch
from devices import DEVICES
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds, split_frames

from workbench.errors import WorkbenchError
from workbench.integer.engine import Engine
from workbench.integer.engine_kernels import Change, ConvKernel
from workbench.integer.operators import Conv, Rescale
from workbench.integer.program import Program
from workbench.integer.reference import Stream, run
from workbench.integer.signals import Signal

Arrays = dict[tuple[str, str], np.ndarray]


def random_changes(
    program: Program, seed: int, trials: int
) -> tuple[dict[tuple[str, str], Change], list[Arrays]]:
    """Changes of some arrays in some trials, sparse and as whole arrays for each trial."""
    rng = np.random.default_rng([seed, 4])
    changes, whole = {}, [{} for _ in range(trials)]
    for operator, field, array in program.parameters():
        if rng.random() < 0.5:
            continue
        packed = isinstance(operator, Conv) and field == "weight" and operator.weight_bits == 4
        low, high = (-8, 7) if packed else (np.iinfo(array.dtype).min, np.iinfo(array.dtype).max)
        rows = []
        for trial in np.flatnonzero(rng.random(trials) < 0.6):
            count = int(rng.integers(1, array.size + 1))
            element = rng.permutation(array.size)[:count]
            value = rng.choice([low, high, 0, int(rng.integers(low, high + 1))], count)
            changed = array.copy().reshape(-1)
            changed[element] = value
            whole[trial][operator.name, field] = changed.reshape(array.shape)
            rows.append(np.stack([np.full(count, trial), element, value]))
        if rows:
            changes[operator.name, field] = Change(*np.concatenate(rows, axis=1))
    return changes, whole


@pytest.mark.torch_kernels
@pytest.mark.parametrize("device", DEVICES)
@settings(max_examples=60, deadline=None)
@given(seed=seeds, trials=st.integers(1, 4), own_inputs=st.booleans(), cut=st.integers(0, 5))
def test_every_signal_of_every_trial_equals_the_reference(
    device: str, seed: int, trials: int, own_inputs: bool, cut: int
) -> None:
    program = random_program(seed)
    inputs = random_inputs(program, seed, 5, batch=trials if own_inputs else 1)
    changes, whole = random_changes(program, seed, trials)
    stream = Engine(program, device).stream(trials)
    parts = [
        stream.signals(split_frames(program, inputs, a, b), changes)
        for a, b in ((0, cut), (cut, 5))
        if a < b
    ]
    for trial in range(trials):
        chosen = {name: x[trial : trial + 1] if own_inputs else x for name, x in inputs.items()}
        reference = Stream(program.with_parameters(whole[trial]))
        expected = reference.step(chosen)
        for name, codes in expected.items():
            joined = np.concatenate([part[name][trial] for part in parts])
            assert joined.dtype == codes.dtype
            np.testing.assert_array_equal(joined, codes[0], err_msg=name)
        for name, rows in reference.states.items():
            np.testing.assert_array_equal(stream.read_state(*name, trial), rows[0])


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_changes_come_and_go_and_a_reset_is_silence(seed: int) -> None:
    program = random_program(seed)
    inputs = random_inputs(program, seed, 3)
    changes, _ = random_changes(program, seed, 2)
    stream = Engine(program).stream(2)
    stream.step(inputs, changes)
    stream.reset()
    clean = run(program, inputs)[program.output]
    for codes in stream.step(inputs):
        np.testing.assert_array_equal(codes, clean[0])


def test_sums_beyond_float32_and_int32_are_exact() -> None:
    """Worst cases on purpose: full-scale int16 rows, extreme weights, biases at the edge."""
    weight = np.full((1, 2, 4, 16), -128, np.int8)
    weight[0, 1] = 127
    bias = np.array([2**31 - 1, -(2**31)], np.int32)
    signals = (Signal("x", 16, 16, 1, -7), Signal("y", 16, 2, 1, -7))
    for shift in (-15, 0, 15, 31):
        shifts = np.full(2, shift, np.int8)
        conv = Conv("conv", ("x",), "y", weight, bias, shifts, -(2**15), 2**15 - 1)
        program = Program("p", ("x",), "y", 100.0, signals, (conv,))
        rng = np.random.default_rng(5)
        for x in (
            np.full((1, 9, 16), -(2**15), np.int16),
            rng.integers(-(2**15), 2**15, (1, 9, 16)).astype(np.int16),
        ):
            expected = run(program, {"x": x})["y"][0]
            np.testing.assert_array_equal(Engine(program).stream().step({"x": x})[0], expected)


@pytest.mark.parametrize("changed", [False, True])
def test_large_partial_sums_that_cancel_keep_their_last_bit(changed: bool) -> None:
    """Sums run to 2**27, beyond float32's whole numbers, before their second half cancels them.

    changed: the clean weights are zero, and a fault makes them what they are.
    """
    weight = np.repeat(np.array([127, -127], np.int8), 32).reshape(1, 1, 1, 64)
    conv = Conv("conv", ("x",), "y", weight, np.zeros(1, np.int32), np.zeros(1, np.int8),
                -(2**15), 2**15 - 1)  # fmt: skip
    signals = (Signal("x", 16, 64, 1, -7), Signal("y", 16, 1, 1, -7))
    program = Program("p", ("x",), "y", 100.0, signals, (conv,))
    x = np.random.default_rng(6).integers(32_000, 32_004, (1, 50, 64)).astype(np.int16)
    expected = run(program, {"x": x})["y"]
    assert len(np.unique(expected)) > 10
    changes = {}
    if changed:
        program = program.with_parameters({("conv", "weight"): np.zeros_like(weight)})
        values = weight.reshape(-1).astype(np.int64)
        changes["conv", "weight"] = Change(np.zeros(64, np.int64), np.arange(64), values)
    np.testing.assert_array_equal(Engine(program).stream().step({"x": x}, changes), expected)


def test_rescale_is_exact_for_every_shift_and_code() -> None:
    x = np.arange(-(2**15), 2**15).astype(np.int16).reshape(1, -1, 1)
    signals = (Signal("x", 16, 1, 1, -7), Signal("y", 16, 1, 1, -7))
    for shift in range(-17, 34):
        rescale = Rescale("rescale", ("x",), "y", np.array([shift], np.int8), -(2**15), 2**15 - 1)
        program = Program("p", ("x",), "y", 100.0, signals, (rescale,))
        expected = run(program, {"x": x})["y"]
        np.testing.assert_array_equal(Engine(program).stream().step({"x": x}), expected)


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_no_frames_give_no_rows_and_leave_the_histories(seed: int) -> None:
    program = random_program(seed)
    inputs = random_inputs(program, seed, 2)
    expected = run(program, inputs)[program.output]
    stream = Engine(program).stream()
    steps = [
        stream.step(split_frames(program, inputs, a, b))
        for a, b in ((0, 0), (0, 1), (1, 1), (1, 2))
    ]
    assert [len(part[0]) for part in (steps[0], steps[2])] == [0, 0]
    np.testing.assert_array_equal(np.concatenate(steps, axis=1), expected)


def test_a_lower_matmul_precision_does_not_harm() -> None:
    program = random_program(11)
    inputs = random_inputs(program, 11, 4)
    torch.set_float32_matmul_precision("medium")
    try:
        codes = Engine(program).stream().step(inputs)
        conv = next(operator for operator in program.operators if isinstance(operator, Conv))
        kernel = ConvKernel(conv, program.sources(conv)[0].bits, torch.device("cpu"))
    finally:
        torch.set_float32_matmul_precision("highest")
    np.testing.assert_array_equal(codes, run(program, inputs)[program.output])
    assert kernel.matrix.dtype == torch.float64  # some processors would use bfloat16 for float32


def test_what_does_not_fit_is_refused_by_name() -> None:
    program = random_program(3)
    stream = Engine(program).stream(3)
    none = np.zeros(0, np.int64)
    with pytest.raises(WorkbenchError, match=r"no parameter nobody\.weight"):
        stream.step(random_inputs(program, 3, 1), {("nobody", "weight"): Change(none, none, none)})
    with pytest.raises(WorkbenchError, match="for 2 trials and there are 3"):
        stream.step(random_inputs(program, 3, 1, batch=2))
