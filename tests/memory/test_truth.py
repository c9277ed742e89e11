"""`play` against independent ways to the same sound: flipped bytes, healing's simulation, by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds

from workbench.errors import WorkbenchError
from workbench.healing.simulation import simulate
from workbench.healing.strategies.named import nothing
from workbench.integer.operators import Conv, Rescale
from workbench.integer.program import Program
from workbench.integer.reference import Stream, run
from workbench.integer.signals import Signal
from workbench.memory.faults.events import CLEAR, FLIP, SET, Event, Events, sorted_events
from workbench.memory.faults.transients import Sites, TransientPlace
from workbench.memory.image import Image
from workbench.memory.trials.truth import play


def happen(*events: tuple[int, int, int]) -> Events:
    """Events of one trial from (frame, position, action)."""
    frame, position, action = np.array(events, np.int64).reshape(-1, 3).T
    return sorted_events(np.zeros(len(frame), np.int64), frame, position, action)


def spoken(image: Image, inputs: dict[str, np.ndarray]) -> np.ndarray:
    stream = Stream(image.to_program())
    stream.states = image.states()
    return stream.step(inputs)[image.program.output][0]


@settings(max_examples=60, deadline=None)
@given(seed=seeds, before=st.integers(0, 20))
def test_flips_at_the_start_equal_flipped_bytes(seed: int, before: int) -> None:
    rng = np.random.default_rng(seed)
    image = Image.of(random_program(seed))
    bits = 8 * image.layout.size_bytes
    image = image.flip(rng.integers(0, bits, before))
    inputs = random_inputs(image.program, seed, 4)
    np.testing.assert_array_equal(play(image, inputs, happen()), spoken(image, inputs))
    positions = rng.integers(0, bits, 20)
    codes = play(image, inputs, happen(*((0, p, FLIP) for p in positions)))
    np.testing.assert_array_equal(codes, spoken(image.flip(positions), inputs))


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_stored_flips_over_time_equal_the_simulation_of_healing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = Image.of(random_program(seed))
    frames = 6
    inputs = random_inputs(image.program, seed, frames)
    bits = 8 * image.layout.size_bytes
    image = image.flip(rng.integers(0, bits, 3))
    hits = [(int(f), int(p)) for f, p in zip(rng.integers(0, frames, 9), rng.integers(0, bits, 9), strict=True)]  # fmt: skip
    result = simulate(image, inputs, [Event(f, p) for f, p in hits], nothing())
    codes = play(image, inputs, happen(*((f, p, FLIP) for f, p in hits)))
    np.testing.assert_array_equal(codes, result.codes)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_stuck_parameters_equal_bytes_that_hold_the_value(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = Image.of(random_program(seed))
    inputs = random_inputs(image.program, seed, 4)
    candidates = image.layout.positions()
    if not len(candidates):
        return
    positions = np.unique(rng.choice(candidates, 12))
    actions = rng.choice([CLEAR, SET], len(positions))
    stored = image.data[positions >> 3] >> (positions & 7) & 1
    differing = positions[stored != (actions == SET)]
    stuck = play(image, inputs, happen(*((0, p, a) for p, a in zip(positions, actions, strict=True))))  # fmt: skip
    np.testing.assert_array_equal(stuck, spoken(image.flip(differing), inputs))
    # A later flip and the same flip again: from then on nothing is different, if nothing remembers.
    once = happen((1, positions[0], FLIP), (1, positions[0], FLIP))
    np.testing.assert_array_equal(play(image, inputs, once), spoken(image, inputs))


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_a_flipped_activation_equals_the_code_seen_by_all_later_readers(seed: int) -> None:
    """Against a run of the whole utterance in which the activation is replaced by hand."""
    rng = np.random.default_rng(seed)
    program = random_program(seed)
    image = Image.of(program)
    frames = 4
    inputs = random_inputs(program, seed, frames)
    sites = Sites(image)
    for place in sites.transients.places:
        if place.signal is None:
            continue
        frame, element = int(rng.integers(frames)), int(rng.integers(np.prod(place.shape)))
        bit = int(rng.integers(place.bits))
        position = place.first + element * place.bits + bit
        played = play(image, inputs, happen((frame, position, FLIP)))
        np.testing.assert_array_equal(played, by_hand(program, inputs, place, frame, element, bit))


def by_hand(
    program: Program,
    inputs: dict[str, np.ndarray],
    place: TransientPlace,
    frame: int,
    element: int,
    bit: int,
) -> np.ndarray:
    """Operators before `place.number` on clean codes, then the others on the flipped ones."""
    assert place.signal is not None
    values = {**inputs, **run(program, inputs)}
    codes = values[place.signal].copy()
    rows = codes[0].reshape(-1, *place.shape)
    code = rows[frame].reshape(-1)[element : element + 1]
    code ^= np.array([1 << bit], np.int64).astype(code.dtype)
    values[place.signal] = codes
    for operator in program.operators[place.number :]:
        step = Program(
            name="step",
            inputs=tuple(dict.fromkeys(operator.sources)),
            output=operator.target,
            frame_rate_hz=100.0,
            signals=tuple(program.signal(n) for n in dict.fromkeys((*operator.sources, operator.target))),
            operators=(operator,),
        )  # fmt: skip
        values[operator.target] = run(step, {n: values[n] for n in operator.sources})[
            operator.target
        ]
    return values[program.output][0]


def small() -> Program:
    """y = (x[t - 1] * 1 + x[t] * 1 + 0) >> 0, then a Rescale that copies; one channel, rate 1."""
    signals = tuple(Signal(name, 8, 1, 1, -7) for name in ("x", "y", "z"))
    ones = np.ones((1, 1, 2, 1), np.int8)
    conv = Conv("conv", ("x",), "y", ones, np.zeros(1, np.int32), np.zeros(1, np.int8), -128, 127)
    copy = Rescale("copy", ("y",), "z", np.zeros(1, np.int8), -128, 127)
    return Program("small", ("x",), "z", 100.0, signals, (conv, copy))


def heard(*events: tuple[int, int, int]) -> list[int]:
    image = Image.of(small())
    x = np.array([1, 2, 3, 4, 5], np.int8).reshape(1, 5, 1)
    return play(image, {"x": x}, happen(*events))[:, 0].tolist()


def test_every_kind_of_event_by_hand() -> None:
    """Every expected list is worked out on paper."""
    sites = Sites(Image.of(small()))
    layout, transients = sites.layout, sites.transients
    assert heard() == [1, 3, 5, 7, 9]
    # The history keeps the flipped code: both outputs that see x[2] do.
    x4 = transients.position("conv", "input:x", (0, 0), 4)
    assert heard((2, x4, FLIP)) == [1, 3, 5 + 16, 7 + 16, 9]
    assert heard((2, x4, CLEAR)) == heard()
    x0 = transients.position("conv", "input:x", (0, 0), 0)
    assert heard((0, x0, CLEAR)) == [0, 2, 5, 7, 9]
    assert heard((1, x0, SET), (2, x0, SET)) == [1, 4, 6, 7, 9]
    # A sum: before requantising, of one frame; it saturates where its sign bit flips.
    sum9 = transients.position("conv", "accumulator", (0, 0, 0), 9)
    assert heard((3, sum9, FLIP)) == [1, 3, 5, 127, 9]
    sign = transients.position("conv", "accumulator", (0, 0, 0), 31)
    assert heard((3, sign, FLIP)) == [1, 3, 5, -128, 9]
    assert heard((3, sign, FLIP), (3, sign, FLIP)) == heard()
    # The last buffer, and the one before it, whose reader passes it on.
    for position in (
        transients.position("output", "input:z", (0, 0), 7),
        transients.position("copy", "input:y", (0, 0), 7),
    ):
        assert heard((1, position, FLIP)) == [1, 3 - 128, 5, 7, 9]
    # Memory: a weight from a frame on, also stuck; a history at once, and stuck for good.
    old = layout.position("conv", "weight", (0, 0, 0, 0), 0)
    assert heard((2, old, FLIP)) == heard((2, old, CLEAR)) == [1, 3, 3, 4, 5]
    assert heard((2, old, SET)) == heard()
    assert heard((2, old, CLEAR), (4, old, FLIP)) == [1, 3, 3, 4, 9]
    cell = layout.position("conv", "history", (0, 0), 0)
    assert heard((2, cell, FLIP)) == [1, 3, 6, 7, 9]
    assert heard((1, cell, SET)) == [1, 3, 6, 7, 10]
    assert heard((1, cell, CLEAR)) == [1, 2, 5, 6, 9]
    assert heard((1, cell, SET), (2, cell, FLIP)) == [1, 3, 5, 7, 10]
    # What no sound depends on, and what comes too late.
    assert heard((1, 8 * layout.sections["golden"].start, FLIP)) == heard()
    assert heard((9, old, FLIP)) == heard()


def test_what_cannot_be_played_is_refused() -> None:
    image = Image.of(small())
    x = np.zeros((1, 3, 1), np.int8)
    for frame, position in ((-1, 0), (0, -1), (0, Sites(image).size)):
        with pytest.raises(WorkbenchError, match="lies outside of time or of the"):
            play(image, {"x": x}, happen((frame, position, FLIP)))
    two = Events(np.array([0, 1]), np.zeros(2, int), np.zeros(2, int), np.zeros(2, np.uint8))
    with pytest.raises(WorkbenchError, match="several trials"):
        play(image, {"x": x}, two)
