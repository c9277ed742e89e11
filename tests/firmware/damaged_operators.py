"""Programs of one operator with tables and state: what damage makes of them, in C and in the reference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from workbench.firmware.design import Firmware
from workbench.firmware.twins.twin import Machine, Twin
from workbench.integer.reference import Stream, run
from workbench.memory.image import Image, flip_bits
from workbench.memory.places import STATE
from workbench.memory.tensors import write_tensor


def assert_damaged_tables_mean_the_same(
    machine: Machine, firmware: Firmware, hit: np.ndarray, codes: np.ndarray
) -> None:
    """With these bits of the working copy flipped, for `codes` [1, frames * rate, channels]."""
    program = firmware.program
    inputs = {program.inputs[0]: codes}
    expected = run(firmware.image.flip(hit).to_program(), inputs)[program.output][0]
    if not firmware.copies:
        hit = hit + 8 * firmware.layout.sections["golden"].start
    twin = Twin(machine, firmware)
    twin.flip(hit.tolist())
    try:
        np.testing.assert_array_equal(twin.run(inputs), expected)
    finally:  # flash outlives the twin
        if not firmware.copies:
            twin.flip(hit.tolist())


def _assert_next_frame_same(
    twin: Twin, stream: Stream, firmware: Firmware, codes: np.ndarray
) -> None:
    """Codes [1, rate, channels] of one frame."""
    name, output = firmware.program.inputs[0], firmware.program.output
    expected = stream.step({name: codes})[output][0]
    np.testing.assert_array_equal(twin.step({name: codes[0]}), expected)


def assert_damaged_state_means_the_same(
    machine: Machine,
    firmware: Firmware,
    rng: np.random.Generator,
    codes: Callable[[np.random.Generator, int], np.ndarray],
) -> None:
    """Over four frames of `codes(rng, 1)`, up to 400 bits of state hit before each; state is the same after each."""
    program, layout = firmware.program, firmware.layout
    state = layout.sections[STATE]
    twin, stream = Twin(machine, firmware), Stream(program)
    for _ in range(4):
        data = twin.image().data.copy()
        hit = np.unique(rng.integers(8 * state.start, 8 * state.stop, rng.integers(0, 400)))
        flip_bits(data, hit)
        twin.flip(hit.tolist())
        stream.states = Image(program, layout, data).states()
        _assert_next_frame_same(twin, stream, firmware, codes(rng, 1))
        data = data.copy()
        for place in layout.places:
            if place.section == STATE:
                write_tensor(data, place, stream.states[place.operator, place.tensor][0])
        np.testing.assert_array_equal(twin.image().data, data)


def assert_same_while_damaged(
    machine: Machine,
    firmware: Firmware,
    rng: np.random.Generator,
    flips: int,
    frames: list[np.ndarray],
) -> None:
    """Over `frames`, each [1, rate, channels]: bits of tables flipped before the first, of state after each."""
    twin = Twin(machine, firmware)
    hit = rng.integers(0, 8 * firmware.layout.working_bytes, flips)
    twin.flip(hit.tolist())
    stream = Stream(firmware.image.flip(hit).to_program())
    state = firmware.layout.sections[STATE]
    for frame in frames:
        _assert_next_frame_same(twin, stream, firmware, frame)
        twin.flip(rng.integers(8 * state.start, 8 * state.stop, flips).tolist())
        stream.states = twin.image().states()
