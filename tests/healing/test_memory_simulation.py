"""A simulation of memory by events equals the simulation frame by frame."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds
from random_strategies import random_strategy

from workbench.healing.devices.device import Device
from workbench.healing.memory_simulation import memory_changes, memory_tells_all
from workbench.healing.simulation import simulate
from workbench.memory.faults.events import CLEAR, FLIP, Event
from workbench.memory.image import Image

FRAMES = 40


@settings(max_examples=40, deadline=None)
@given(seed=seeds, count=st.integers(0, 25))
def test_events_tell_what_frames_tell(seed: int, count: int) -> None:
    program = random_program(seed)
    assume(Image.of(program, areas=()).layout.working_bytes)
    strategy = random_strategy(seed, program)
    image = strategy.image(program)
    device = Device(image, strategy, image.data)
    assume(memory_tells_all(device))
    upsets = _upsets(image, seed, count)
    result = simulate(image, random_inputs(program, seed, FRAMES), upsets, strategy)
    events = memory_changes(device, upsets, FRAMES)
    assert device.log == list(result.log)
    state = image.layout.sections["state"]
    made, expected = device.physical(), result.image.data.copy()
    made[state.start : state.stop] = expected[state.start : state.stop] = 0
    np.testing.assert_array_equal(made, expected)
    for frame in range(FRAMES):
        hit = [u for u in upsets if u.frame == frame + 1]
        if not hit:  # an upset before a frame was not wrong after the last
            assert _count(events, frame + 1, image) == result.wrong_bits[frame]


def _count(events, frame: int, image: Image) -> int:
    """Bits of the working copy that are wrong when a frame is computed."""
    chosen = events.position[events.frame <= frame]
    chosen = chosen[chosen < 8 * image.layout.working_bytes]
    return int((np.unique(chosen, return_counts=True)[1] % 2).sum())


def _upsets(image: Image, seed: int, count: int) -> list[Event]:
    """Flips anywhere and stuck cells anywhere but in histories."""
    rng = np.random.default_rng([seed, 4])
    state = image.layout.sections["state"]
    made = []
    for _ in range(count):
        position = int(rng.integers(8 * image.layout.size_bytes))
        history = state.start <= position >> 3 < state.stop
        action = CLEAR + int(rng.integers(2)) if rng.random() < 0.2 and not history else FLIP
        made.append(Event(int(rng.integers(FRAMES)), position, action))
    return sorted(made)
