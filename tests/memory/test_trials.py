"""A trial is the truth: flips in the engine equal flipped bytes in the reference (promise 3)."""

import numpy as np
import pytest
from devices import DEVICES
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds

from workbench.errors import WorkbenchError
from workbench.integer.engine import Engine
from workbench.integer.reference import Stream
from workbench.memory.changes import locate
from workbench.memory.image import Image
from workbench.memory.places import SECTIONS
from workbench.memory.trials.batches import run_trials


def speak_plainly(image: Image, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """Output codes [rows, channels] of the reference on the bytes of `image`."""
    stream = Stream(image.to_program())
    stream.states = image.states()
    return stream.step(inputs)[image.program.output][0]


def random_faults(image: Image, rng: np.random.Generator, section: str) -> np.ndarray:
    """A few bits of one section, sometimes all bits of an element, sometimes one bit twice."""
    place = image.layout.sections[section]
    if not place.size_bytes:
        return np.zeros(0, np.int64)
    positions = rng.integers(8 * place.start, 8 * place.stop, int(rng.integers(1, 9)))
    if rng.random() < 0.3:
        positions = np.concatenate([positions, positions[:1]])
    if rng.random() < 0.3:
        byte = 8 * int(rng.integers(place.start, place.stop))
        positions = np.concatenate([positions, np.arange(byte, byte + 8)])
    return positions


@pytest.mark.parametrize("section", SECTIONS)
@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_flips_of_a_section_equal_flipped_bytes(section: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = Image.of(random_program(seed))
    inputs = random_inputs(image.program, seed, 4)
    faults = [random_faults(image, rng, section) for _ in range(3)]
    for codes, positions in zip(run_trials(image, faults, inputs), faults, strict=True):
        np.testing.assert_array_equal(codes, speak_plainly(image.flip(positions), inputs))


@settings(max_examples=60, deadline=None)
@given(seed=seeds, count=st.integers(1, 11), before=st.integers(0, 30))
def test_flips_anywhere_on_an_image_that_is_faulty_already(
    seed: int, count: int, before: int
) -> None:
    rng = np.random.default_rng(seed)
    image = Image.of(random_program(seed))
    bits = 8 * image.layout.size_bytes
    image = image.flip(rng.integers(0, bits, before))
    inputs = random_inputs(image.program, seed, 3)
    faults = [rng.integers(0, bits, int(rng.integers(0, 60))) for _ in range(count)]
    faults[0] = image.flipped()  # flips everything back
    for codes, positions in zip(run_trials(image, faults, inputs), faults, strict=True):
        np.testing.assert_array_equal(codes, speak_plainly(image.flip(positions), inputs))


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_locating_many_bits_agrees_with_the_name_of_each(seed: int) -> None:
    layout = Image.of(random_program(seed)).layout
    rng = np.random.default_rng(seed)
    positions = rng.integers(0, 8 * layout.size_bytes, 40)
    for position, number, element, bit in zip(positions, *locate(layout, positions), strict=True):
        site = layout.site(int(position))
        if not site.operator:
            assert number == -1
            continue
        place = layout.places[number]
        assert (place.section, place.operator, place.tensor) == (
            site.section, site.operator, site.tensor,
        )  # fmt: skip
        assert np.unravel_index(element, place.shape) == site.index
        assert bit == site.bit


@pytest.mark.parametrize("device", DEVICES)
def test_the_size_of_a_block_changes_nothing(device: str) -> None:
    image = Image.of(random_program(8))
    inputs = random_inputs(image.program, 8, 3)
    rng = np.random.default_rng(8)
    faults = [rng.integers(0, 8 * image.layout.size_bytes, 9) for _ in range(7)]
    expected = run_trials(image, faults, inputs)
    engine = Engine(image.program, device)
    engine.trials_at_once = 3
    np.testing.assert_array_equal(run_trials(image, faults, inputs, engine=engine), expected)


def test_what_does_not_fit_is_refused() -> None:
    image = Image.of(random_program(8))
    inputs = random_inputs(image.program, 8, 3)
    for position in (-1, 8 * image.layout.size_bytes):
        with pytest.raises(WorkbenchError, match="lies outside of the image"):
            run_trials(image, [np.array([position])], inputs)
