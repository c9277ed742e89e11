"""Devices beside a clean run against an oracle that computes every frame by itself and shows it to all monitors."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds, split_frames
from random_strategies import random_strategy
from watching_strategies import watching_strategy

from workbench.errors import WorkbenchError
from workbench.healing.devices.device import Device
from workbench.healing.simulation import SimulationResult, simulate_many
from workbench.healing.strategies.named import NAMED, named
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.reference import Stream
from workbench.memory.faults.events import CLEAR, FLIP, Event
from workbench.memory.faults.transients import ACTIVATIONS, TransientSites
from workbench.memory.image import Image
from workbench.memory.tensors import read_tensor, stored_program, write_tensor
from workbench.memory.trials.truth import Strike
from workbench.memory.watches.input_gain import GainWatch
from workbench.memory.watches.monitor import Frame

FRAMES = 24
STREAMS = [name for name in NAMED if any(g.area.kind.stream for g in named(name).guards)]


def live_plainly(
    image: Image, inputs: dict, upsets: Sequence[Event], strategy: Strategy, starts: Sequence[int]
) -> tuple[np.ndarray, list[int], Device]:
    """(output codes, wrong bits after each frame, device with its histories in the state section)."""
    program, layout = image.program, image.layout
    device = Device(image, strategy, image.clean().data)
    places = [place for place in layout.places if place.section == "state"]
    heard, wrong_bits = [], []
    for frame in range(FRAMES):
        if frame in starts:
            device.silence()
        now = [upset for upset in upsets if upset.frame == frame]
        passing = [u.position for u in now if u.position >= 8 * layout.size_bytes]
        device.flip([u.position for u in now if u.stuck_at < 0 and u.position not in passing])
        for upset in now:
            if upset.stuck_at >= 0:
                device.stick(upset.position, upset.stuck_at)
        past = {
            (place.operator, place.tensor): read_tensor(device.data, place).astype(np.int64)
            for place in places
        }
        part = split_frames(program, inputs, frame, frame + 1)
        codes, states, seen = _computed(device, part, past, passing)
        for monitor, _ in device.monitors:
            device.observe(monitor, seen)
        for place in places:
            write_tensor(device.data, place, states[place.operator, place.tensor][0])
        device.heal()
        heard.append(device.fading.heard(codes[program.output][0], frame))
        if device.silenced:
            device.silence()
            device.silenced = False
        wrong_bits.append(len(device.wrong))
    return np.concatenate(heard), wrong_bits, device


def _computed(
    device: Device, part: dict, past: dict, passing: list[int]
) -> tuple[dict, dict, Frame]:
    """Codes, states and what monitors see of one frame, computed until no alarm asks for it again.

    passing: bits of codes that flip while they wait in their buffers.
    """
    reported: set[tuple[int, int]] = set()
    strike = Strike(
        TransientSites(device.layout.program, device.layout), [(p, FLIP) for p in passing]
    )
    came = {name: codes[0] for name, codes in part.items()}
    for _, watch in device.monitors:
        if isinstance(watch, GainWatch):
            part = watch.corrected(device.data, part)
    while True:
        stream = Stream(stored_program(device.data, device.layout))
        stream.states = {name: rows[None] for name, rows in past.items()}
        codes = stream.step(part, strike)
        seen = Frame({name: x[0] for name, x in codes.items()}, lambda *name: past[name], came)
        if not _alarmed(device, seen, reported):
            return codes, stream.states, seen


def _alarmed(device: Device, seen: Frame, reported: set[tuple[int, int]]) -> bool:
    for monitor, watch in device.monitors:
        for unit in watch.while_computed(device.data, seen, device.suspect[monitor]):
            if (monitor, unit) not in reported:
                reported.add((monitor, unit))
                if device.alarm(monitor, unit):
                    return True
    return False


def random_upsets(image: Image, rng: np.random.Generator) -> list[Event]:
    """Half of them in the working copy; stuck cells anywhere but in histories; some codes in passing."""
    layout, made = image.layout, []
    transients = TransientSites(image.program, layout)
    for place in rng.permutation([p for p in transients.places if p.section == ACTIVATIONS])[:2]:
        for _ in range(int(rng.integers(0, 3))):
            position = place.first + int(rng.integers(place.size))
            made.append(Event(int(rng.integers(FRAMES)), position))
    state = layout.sections["state"]
    for _ in range(int(rng.integers(0, 16))):
        size = layout.working_bytes if rng.random() < 0.5 else layout.size_bytes
        position = int(rng.integers(8 * size))
        history = state.start <= position >> 3 < state.stop
        action = CLEAR + int(rng.integers(2)) if rng.random() < 0.2 and not history else FLIP
        made.append(Event(int(rng.integers(FRAMES)), position, action))
    return sorted(made)


@pytest.mark.kernels
@settings(max_examples=12, deadline=None)
@given(seed=seeds, name=st.one_of(st.none(), st.sampled_from(STREAMS)), devices=st.integers(1, 3))
def test_devices_are_what_the_oracle_makes_of_them(seed: int, name: str, devices: int) -> None:
    program = random_program(seed)
    if not Image.of(program, areas=()).layout.working_bytes:
        return
    try:
        strategy = named(name, program) if name else random_strategy(seed, program)
        image = strategy.image(program)
    except WorkbenchError:  # a monitor would have nothing to watch
        return
    rng = np.random.default_rng([seed, 6])
    inputs = random_inputs(image.program, seed, FRAMES)
    starts = sorted({int(n) for n in rng.integers(0, FRAMES, rng.integers(0, 3))})
    schedules = [random_upsets(image, rng) for _ in range(devices)]
    results = simulate_many(image, inputs, schedules, strategy, word_starts=starts)
    assert_as_plainly(image, inputs, schedules, strategy, starts, results)


@pytest.mark.kernels
@settings(max_examples=25, deadline=None)
@given(seed=seeds, devices=st.integers(1, 3))
def test_behaviour_is_seen_many_frames_at_once_as_one_by_one(seed: int, devices: int) -> None:
    program = random_program(seed)
    if not Image.of(program, areas=()).layout.working_bytes:
        return
    strategy = watching_strategy(seed, program)
    image = strategy.image(program)
    rng = np.random.default_rng([seed, 8])
    inputs = random_inputs(image.program, seed, FRAMES)
    starts = sorted({int(n) for n in rng.integers(0, FRAMES, rng.integers(0, 3))})
    schedules = [random_upsets(image, rng) for _ in range(devices)]
    results = simulate_many(image, inputs, schedules, strategy, word_starts=starts)
    assert_as_plainly(image, inputs, schedules, strategy, starts, results)


def assert_as_plainly(
    image: Image,
    inputs: dict,
    schedules: Sequence[Sequence[Event]],
    strategy: Strategy,
    starts: Sequence[int],
    results: Sequence[SimulationResult],
) -> None:
    for upsets, result in zip(schedules, results, strict=True):
        codes, wrong_bits, device = live_plainly(image, inputs, upsets, strategy, starts)
        np.testing.assert_array_equal(result.codes, codes)
        assert list(result.log) == device.log and result.repeats == device.repeats
        assert result.wrong_bits.tolist() == wrong_bits
        np.testing.assert_array_equal(result.image.data, device.physical())
