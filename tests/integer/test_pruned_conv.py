"""Pruned convolutions: their definition against a plain loop, and every fast engine against the reference."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_pruned_program, seeds
from trial_cases import FRAMES, check_against_the_truth, random_events

from workbench.errors import WorkbenchError
from workbench.integer.engine import Engine
from workbench.integer.frames import frames_of
from workbench.integer.native.frames import NativeFrames
from workbench.integer.operators import Conv, PrunedConv
from workbench.integer.program import Program
from workbench.integer.pruning import dense_program, prunable, pruned_program, with_dense
from workbench.integer.reference import Stream, run
from workbench.integer.reference_frames import ReferenceFrames
from workbench.integer.smooth import run_smooth, smooth_parameters
from workbench.integer.storage import load_program, save_program
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory


def plain_weights(conv: PrunedConv) -> np.ndarray:
    """The weights that count, block by block as the docstring says: int64 [rows, inputs]."""
    groups, kept = conv.kept.shape[:2]
    rows = np.zeros((4 * groups, 8 * conv.blocks), np.int64)
    for group in range(groups):
        used = spare = 0
        for block in range(conv.blocks):
            bit = int(conv.mask[group, block // 8]) >> (block % 8) & 1
            weights = np.zeros((4, 8), np.int64)
            if bit and used < kept:
                weights = conv.kept[group, used]
                used += 1
            else:
                if spare < conv.reserve.shape[1] and conv.mode[0] != 0:
                    weights = conv.reserve[group, spare]
                spare += 1
            rows[4 * group : 4 * group + 4, 8 * block : 8 * block + 8] = weights
    return rows


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_the_weights_that_count_are_those_of_the_definition(seed: int) -> None:
    for conv in random_pruned_program(seed).operators:
        if isinstance(conv, PrunedConv):
            expected = plain_weights(conv)
            np.testing.assert_array_equal(conv.dense.weight.reshape(expected.shape), expected)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_a_dense_program_says_the_same(seed: int) -> None:
    program = random_pruned_program(seed)
    inputs = random_inputs(program, seed, 4)
    codes, expected = run(dense_program(program), inputs), run(program, inputs)
    for name in expected:
        np.testing.assert_array_equal(codes[name], expected[name])


@settings(max_examples=60, deadline=None)
@given(seed=seeds, native=st.booleans())
def test_trials_are_the_truth(seed: int, native: bool) -> None:
    """Masks, modes and reserves are hit as often as weights, before and while the program runs."""
    program = random_pruned_program(seed, operators=3)
    image = Image.of(program)
    rng = np.random.default_rng(seed)
    if rng.random() < 0.3:
        image = image.flip(rng.integers(0, 8 * image.layout.size_bytes, 3))
    trials = int(rng.integers(1, 7))
    events = random_events(Sites(image), rng, trials)
    hit = image.layout.positions(("table", "mode", "reserve", "weights"))
    chosen = rng.random(len(events.position)) < 0.6
    events.position[chosen] = rng.choice(hit, int(chosen.sum()))
    lab = Laboratory(
        image, random_inputs(program, seed, FRAMES), engine="native" if native else "torch"
    )
    check_against_the_truth(lab, events, trials)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_frames_of_devices_equal_the_reference(seed: int) -> None:
    program = random_pruned_program(seed)
    image, rng = Image.of(program), np.random.default_rng(seed)
    from workbench.memory.changes import parameter_changes

    sections = ("weights", "bias", "shift", "table", "mode", "reserve")
    flips = rng.choice(image.layout.positions(sections), int(rng.integers(0, 9)), replace=False)
    changes = parameter_changes(program, image.layout, [flips])
    inputs = random_inputs(program, seed, 3)
    made = []
    for engine in (NativeFrames(program), ReferenceFrames(program)):
        codes, state = engine.step(inputs, engine.changed(changes), engine.silence())
        past = {
            n: engine.read_state(state, *n) for n in [(o.name, t.name) for o, t in program.states()]
        }
        made.append((codes[program.output], past))
    np.testing.assert_array_equal(made[0][0], made[1][0])
    for name, rows in made[1][1].items():
        np.testing.assert_array_equal(made[0][1][name], rows)
    expected = run(image.flip(flips).to_program(), inputs)[program.output][0]
    np.testing.assert_array_equal(made[0][0], expected)
    assert frames_of(program).program is not None


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_a_mode_is_one_byte_that_brings_the_weights_back(seed: int) -> None:
    """Pruned from a dense convolution and switched: un-pruned layers compute what they did before."""
    rng = np.random.default_rng(seed)
    program = dense_program(random_pruned_program(seed))
    masks = {}
    for conv in program.operators:
        if isinstance(conv, Conv) and conv.groups == 1 and conv.weight_bits == 8:
            up, out, taps, fan_in = conv.weight.shape
            if up * out % 4 == 0 and fan_in % 8 == 0 and taps * fan_in >= 16:
                bits = np.zeros((up * out // 4, taps * fan_in // 8), np.uint8)
                bits[:, rng.permutation(bits.shape[1])[: int(rng.integers(1, bits.shape[1]))]] = 1
                masks[conv.name] = np.packbits(bits, axis=1, bitorder="little")
    pruned = pruned_program(program, masks)
    assert prunable(pruned) == tuple(masks)
    inputs = random_inputs(program, seed, 3)
    whole = run(with_dense(pruned, masks), inputs)[program.output]
    np.testing.assert_array_equal(whole, run(program, inputs)[program.output])
    for name in masks:
        before, after = Image.of(pruned), Image.of(with_dense(pruned, [name]))
        assert (before.working != after.working).sum() == 1  # and its golden copy
        back = with_dense(with_dense(pruned, [name]), [])
        assert back.content_hash == pruned.content_hash
    assert run(pruned, inputs)[program.output].shape == whole.shape


def test_a_pruned_program_is_stored_and_read_again(tmp_path) -> None:
    for seed in range(8):
        program = random_pruned_program(seed)
        save_program(program, tmp_path / "one.program")
        again = load_program(tmp_path / "one.program")
        assert again.content_hash == program.content_hash
        Image.of(program).save(tmp_path / "one.image")
        assert Image.load(tmp_path / "one.image").content_hash == Image.of(program).content_hash


def a_pruned() -> tuple[Program, PrunedConv]:
    program = random_pruned_program(3)
    return program, next(o for o in program.operators if isinstance(o, PrunedConv))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda o: {"mask": o.mask[:, :0]}, "needs mask"),
        (lambda o: {"mask": np.zeros((len(o.mask), 90), np.int8)}, "needs mask as int8"),
        (lambda o: {"mode": np.zeros(2, np.int8)}, "needs mode"),
        (lambda o: {"kept": o.kept[..., :2]}, "needs kept blocks"),
        (lambda o: {"reserve": o.reserve[:, :, :1]}, "needs reserve blocks"),
        (lambda o: {"reserve": o.reserve.reshape(-1)}, "needs reserve blocks"),
        (lambda o: {"kept": np.zeros((), np.int8)}, "needs kept blocks"),
        (lambda o: {"taps": 77}, "taps cannot share"),
        (lambda o: {"up": 3}, "phases"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changed, message: str) -> None:
    program, conv = a_pruned()
    other = replace(conv, **changed(conv))
    operators = tuple(other if o is conv else o for o in program.operators)
    with pytest.raises(WorkbenchError, match=message):
        replace(program, operators=operators)


def test_masks_of_another_program_are_refused() -> None:
    program = dense_program(random_pruned_program(3))
    conv = next(o for o in program.operators if isinstance(o, Conv))
    with pytest.raises(WorkbenchError, match="of another program"):
        pruned_program(program, {"nobody": np.zeros((1, 1), np.uint8)})
    with pytest.raises(WorkbenchError, match=r"another program|multiples of 4"):
        pruned_program(program, {conv.name: np.zeros((77, 1), np.uint8)})
    with pytest.raises(WorkbenchError, match="no pruned layer"):
        with_dense(program, ["nobody"])


def test_a_change_of_something_unknown_is_refused() -> None:
    program, conv = a_pruned()
    stream = Engine(program).stream(1)
    from workbench.integer.changes import Change

    one = np.zeros(1, np.int64)
    with pytest.raises(WorkbenchError, match="has no parameter"):
        stream.step(random_inputs(program, 1, 2), {(conv.name, "weight"): Change(one, one, one)})
    assert isinstance(Stream(program), Stream)


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_gradients_of_kept_weights_are_those_of_the_dense_ones(seed: int) -> None:
    program = random_pruned_program(seed, operators=2)
    inputs = random_inputs(program, seed, 3)
    made = []
    for each in (program, dense_program(program)):
        parameters = smooth_parameters(each)
        y = run_smooth(each, parameters, inputs)
        y.square().sum().backward()
        made.append((y.detach().numpy(), parameters))
    np.testing.assert_array_equal(made[0][0], made[1][0])
    for conv in program.operators:
        if isinstance(conv, PrunedConv):
            kept, dense = (
                made[i][1][conv.name, field].grad for i, field in enumerate(("kept", "weight"))
            )
            if dense is None:  # behind a clamp that lets nothing through
                assert kept is None
                continue
            places = conv.places[:, : conv.kept.shape[1]]
            expected = np.where(places >= 0, dense.numpy().reshape(-1)[places], 0.0)
            # Sums of the same products, added in another order.
            np.testing.assert_allclose(kept.numpy(), expected, rtol=1e-12, atol=1e-12)
