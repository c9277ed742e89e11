"""Promise 1: a Brevitas module in evaluation mode and its program give the same codes everywhere."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from programs import seeds, split_frames
from random_modules import (
    BLOCK_ROWS,
    Example,
    random_example,
    tiny_challenge,
)

from workbench.errors import WorkbenchError
from workbench.generators.challenge import GENERATOR
from workbench.generators.challenge.network import Challenge
from workbench.integer.lowered_generator import lower_generator
from workbench.integer.lowering.layer_check import disagreements
from workbench.integer.lowering.lower import Lowered, lower
from workbench.integer.lowering.weights import polyphase
from workbench.integer.operators import Add, Conv, Rescale, Table
from workbench.integer.program import Program
from workbench.integer.reference import Stream, run
from workbench.integer.signals import INT32_MAX
from workbench.training.checkpoint import load_checkpoint
from workbench.training.checkpoint_files import shipped_checkpoint


def _lower(example: Example) -> Lowered:
    try:
        return lower(example.module, example.ways, name="random", input_rate_hz=100.0, check=False)
    except WorkbenchError as error:  # about one in a thousand has a bias that fills int32 by itself
        assume("beyond int32" not in str(error))
        raise


@pytest.mark.torch_kernels
@settings(max_examples=10, deadline=None)
@given(seed=seeds, steps=st.integers(1, 6), cut=st.integers(0, BLOCK_ROWS))
def test_every_layer_of_a_random_module_gives_the_same_codes(
    seed: int, steps: int, cut: int
) -> None:
    example = random_example(seed, steps=steps, blocks=1)
    assume(example.alive())
    lowered = _lower(example)
    differing = disagreements(example.module, lowered, example.inputs)
    assert lowered.program.output in differing
    assert differing == dict.fromkeys(differing, 0)
    _check_accumulators(lowered.program)
    _check_frames(lowered, example, cut)


def _check_accumulators(program: Program) -> None:
    """Every clean accumulator fits int32, as lowering has proved in another way."""
    for operator in program.operators:
        if isinstance(operator, Conv):
            assert operator.accumulator_bound(program.sources(operator)[0].bits) <= INT32_MAX


def _check_frames(lowered: Lowered, example: Example, cut: int) -> None:
    """One frame at a time up to the end, after a first part of any length, equals all at once."""
    program, codes = lowered.program, lowered.codes(example.inputs)
    whole = run(program, codes)
    first = program.inputs[0]
    frames = codes[first].shape[1] // program.signal(first).rate
    stream = Stream(program, batch=len(codes[first]))
    bounds = [0, *range(min(cut, frames), frames + 1)] if cut else [*range(frames + 1)]
    parts = [stream.step(split_frames(program, codes, a, b)) for a, b in itertools.pairwise(bounds)]
    for name, expected in whole.items():
        joined = np.concatenate([part[name] for part in parts], axis=1)
        np.testing.assert_array_equal(joined, expected)


@settings(max_examples=5, deadline=None)
@given(seed=seeds, steps=st.integers(1, 5))
def test_float32_is_exact_where_accumulators_stay_below_24_bits(seed: int, steps: int) -> None:
    example = random_example(seed, steps=steps, blocks=1, simple=True)
    assume(example.alive())
    lowered = _lower(example)
    program = lowered.program
    for operator in program.operators:
        if isinstance(operator, Conv):
            assume(operator.accumulator_bound(program.sources(operator)[0].bits) < 2**24)
    differing = disagreements(example.module, lowered, example.inputs, dtype=torch.float32)
    assert differing == dict.fromkeys(differing, 0)


def test_saturation_and_ties_really_happen_in_these_modules() -> None:
    """Every kind of rounding and clamping that the random modules are meant to try."""
    seen: dict[str, int] = dict.fromkeys(
        ("conv saturates", "conv ties", "conv shifts left", "rescale saturates", "rescale ties",
         "rescale shifts left", "add saturates", "int4", "16 bits", "grouped", "polyphase",
         "missing taps", "strided", "table", "wide sum"), 0,
    )  # fmt: skip
    for seed in range(24):
        example = random_example(seed, steps=1 + seed % 5, blocks=1)
        if example.alive():
            _count(_lower(example), example, seen)
        if min(seen.values()) > 0:
            return
    raise AssertionError(seen)


def _count(lowered: Lowered, example: Example, seen: dict[str, int]) -> None:
    program = lowered.program
    values = {
        name: codes.astype(np.int64)
        for name, codes in run(program, lowered.codes(example.inputs)).items()
    }
    for operator in program.operators:
        sources = [values[name] for name in operator.sources]
        target = program.target(operator)
        seen["16 bits"] += target.bits == 16
        seen["table"] += isinstance(operator, Table)
        if isinstance(operator, Add):
            total = sources[0] + sources[1]
            seen["add saturates"] += int((total != values[operator.target]).sum())
            seen["wide sum"] += operator.name.endswith(".wide")
        if isinstance(operator, Rescale):
            shift = int(operator.shift[0])
            seen["rescale shifts left"] += shift < 0
            if shift > 0:
                seen["rescale ties"] += int((sources[0] % (1 << shift) == 1 << (shift - 1)).sum())
            seen["rescale saturates"] += int(
                ((sources[0] * 2.0**-shift) > values[operator.target] + 0.5).sum()
            )
        if isinstance(operator, Conv):
            _count_conv(operator, sources[0], values[operator.target], seen)


def _count_conv(conv: Conv, x: np.ndarray, y: np.ndarray, seen: dict[str, int]) -> None:
    padded = np.pad(x, ((0, 0), (conv.history, 0), (0, 0)))
    accumulator = _accumulators(conv, padded)
    shift = conv.shift.astype(np.int64)
    right = np.maximum(shift, 0)
    # The rounding constant is in the bias, so a tie is an accumulator without a remainder.
    seen["conv ties"] += int(((accumulator % (1 << right) == 0) & (right > 0)).sum())
    seen["conv saturates"] += int((np.floor(accumulator * 2.0**-shift) > y).sum())
    seen["conv shifts left"] += int((shift < 0).sum())
    seen["int4"] += conv.weight_bits == 4
    seen["grouped"] += conv.groups > 1
    seen["polyphase"] += conv.up > 1
    seen["missing taps"] += conv.up > 1 and bool((conv.weight == 0).all(axis=(1, 3)).any())
    seen["strided"] += conv.stride > 1


def _accumulators(conv: Conv, padded: np.ndarray) -> np.ndarray:
    """The convolution by torch, another way than the reference's: int64 [batch, time, out]."""
    signal = torch.from_numpy(padded).double().transpose(1, 2)
    phases = [
        F.conv1d(
            signal,
            torch.from_numpy(conv.weight[u].astype(float)).transpose(1, 2),  # [out, in, taps]
            torch.from_numpy(conv.bias.astype(float)),
            stride=conv.stride,
            dilation=conv.dilation,
            groups=conv.groups,
        )
        for u in range(conv.up)
    ]
    joined = torch.stack(phases, dim=-1)  # [batch, out, time, up]
    return joined.flatten(2).transpose(1, 2).long().numpy()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 5), st.integers(1, 9), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), seeds
)  # fmt: skip
def test_polyphase_form_is_the_transposed_convolution(
    stride: int, kernel: int, dilation: int, groups: int, fan: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.integers(-9, 10, (groups * fan, 2, kernel))
    x = rng.integers(-9, 10, (1, groups * fan, 7))
    phases = polyphase(weight, stride, dilation, groups)
    conv = Conv(
        "up", ("x",), "y", phases.astype(np.int8), np.zeros(2 * groups, np.int32),
        np.zeros(2 * groups, np.int8), -(2**15), 2**15 - 1, groups=groups,
    )  # fmt: skip
    padded = np.pad(x.transpose(0, 2, 1), ((0, 0), (conv.history, 0), (0, 0)))
    expected = F.conv_transpose1d(
        torch.from_numpy(x).double(), torch.from_numpy(weight).double(),
        stride=stride, dilation=dilation, groups=groups,
    ).numpy()[..., : 7 * stride]  # fmt: skip
    # Shorter than 7 * stride where the kernel is shorter than the stride.
    length = expected.shape[-1]
    actual = _accumulators(conv, padded).transpose(0, 2, 1)
    np.testing.assert_array_equal(actual[..., :length], expected)


# -- challenge ----------------------------------------------------------------------------------


@pytest.mark.parametrize("trunk_weight_bits", [8, 4])
def test_challenge_gives_the_same_codes_in_every_layer(trunk_weight_bits: int) -> None:
    _check_challenge(tiny_challenge(trunk_weight_bits))


def test_shipped_challenge_gives_the_same_codes_in_every_layer() -> None:
    model, _ = load_checkpoint(shipped_checkpoint())
    _check_challenge(model)


def _check_challenge(model: Challenge) -> None:
    lowered = lower_generator(GENERATOR, model)
    program = lowered.program
    inputs = GENERATOR.tensors(model.config, model.config.words)
    assert disagreements(model, lowered, inputs) == dict.fromkeys(
        (operator.target for operator in program.operators if operator.kind != "embed"), 0
    )
    for name, codes in lowered.codes(inputs).items():
        np.testing.assert_array_equal(
            codes, GENERATOR.encode(model.config, model.config.words)[name]
        )
    assert program.sample_rate_hz == 16_000
    assert program.frame_rate_hz * model.config.samples_per_frame == 16_000
    _check_accumulators(program)
    with torch.no_grad():
        sound = model.double()(**inputs).value[:, 0].numpy()
    codes = run(program, lowered.codes(inputs))[program.output]
    for word, expected in zip(codes, sound, strict=True):
        heard = program.sound(word)
        np.testing.assert_array_equal(heard, np.clip(expected, -1, 1).astype(np.float32))
