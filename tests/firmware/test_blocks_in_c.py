"""Pruned convolutions in C: all codes equal on this machine and on every emulated core, whatever a fault does."""

import numpy as np
import pytest
from batches import needs_emulator
from cores import BUILDS, machine_of
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_pruned_program, seeds
from thoroughness import cases

from workbench.firmware.design import Firmware
from workbench.firmware.twins.equivalence import first_difference
from workbench.firmware.twins.host import host_machine
from workbench.firmware.twins.twin import Machine, Twin
from workbench.healing.log import Remedy
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.named import nothing
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.operators import PrunedConv
from workbench.integer.reference import run
from workbench.memory.faults.events import Event
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area

COUNT = cases(16, nightly=48)
_LADDER = Remedy.CORRECT, Remedy.RESTORE, Remedy.RELOCATE
_MOVING = Strategy("moving", (Guard(Area("pq", ("weights",), 64), 2, _LADDER),), spare_pages=3)


def _firmware(number: int) -> Firmware:
    """Of every four, one reads weights in flash, and one has pages that may move."""
    program = random_pruned_program(900 + number)
    strategy = _MOVING if number % 4 == 3 else nothing()
    image = strategy.image(program) if strategy.heals else Image.of(program, areas=())
    weights = "flash" if number % 4 == 1 else "ram"
    return Firmware.of(image, strategy=strategy, weights=weights, prefix=f"blocks{number}")


FIRMWARES = [_firmware(number) for number in range(COUNT)]


@pytest.fixture(scope="module", params=BUILDS, ids=str)
def machine(request: pytest.FixtureRequest) -> Machine:
    return machine_of(request.param, FIRMWARES)


@needs_emulator
@settings(max_examples=cases(60, nightly=600), deadline=None)
@given(number=st.integers(0, COUNT - 1), seed=seeds, flips=st.sampled_from([0, 1, 5, 40]))
def test_every_code_is_equal(machine: Machine, number: int, seed: int, flips: int) -> None:
    """Weights, masks, modes and reserves are hit alike; modes are any byte."""
    firmware = FIRMWARES[number]
    program, layout = firmware.program, firmware.layout
    rng = np.random.default_rng(seed)
    places = [
        p
        for p in layout.places
        if p.section in ("weights", "table", "mode", "reserve", "bias", "shift")
    ]
    if not firmware.copies:  # of other operators, compilers know the parameters that lie in flash
        pruned = {o.name for o in program.operators if isinstance(o, PrunedConv)}
        places = [p for p in places if p.operator in pruned]
    chosen = [places[i] for i in rng.integers(0, len(places), flips)]
    positions = [int(rng.integers(8 * p.start, 8 * (p.start + p.size_bytes))) for p in chosen]
    if firmware.strategy.heals:  # what is healed, the other tests compare
        positions = [p for p in positions if not layout.sections["weights"].has(np.array([p]))[0]]
    inputs = random_inputs(program, seed, 3)
    expected = run(firmware.image.flip(positions).to_program(), inputs)[program.output][0]
    golden, working = 8 * layout.sections["golden"].start, 8 * layout.working_bytes
    # With weights in flash the golden copy is what is read.
    hit = [p + (golden if p < working and not firmware.copies else 0) for p in positions]
    twin = Twin(machine, firmware)
    twin.flip(hit)
    try:
        np.testing.assert_array_equal(twin.run(inputs), expected)
    finally:
        twin.flip(p for p in hit if p >= golden)  # flash outlives the twin


@needs_emulator
def test_weights_that_moved_are_found() -> None:
    """A page whose cells are stuck lies elsewhere, and sounds the same."""
    machine = host_machine(FIRMWARES)
    for firmware in FIRMWARES[3::4]:
        place = next(p for p in firmware.layout.places if p.tensor == "kept")
        inputs = random_inputs(firmware.program, 1, 60)
        expected = run(firmware.program, inputs)[firmware.program.output][0]
        twin = Twin(machine, firmware)
        cell = firmware.image.data[place.start]
        twin.stick(8 * place.start, 1 - int(cell & 1))
        codes = twin.run(inputs)
        remedies = [entry.remedy for entry in twin.log]
        assert Remedy.RELOCATE in remedies
        healed = 1 + next(e.frame for e in twin.log if e.remedy == Remedy.RELOCATE)
        # Histories forget what was heard before; the longest of these programs have fewer frames.
        rate = firmware.program.signal(firmware.program.output).rate
        after = (healed + 40) * rate
        np.testing.assert_array_equal(codes[after:], expected[after:])


def test_the_batch_has_everything() -> None:
    """So that the tests above cannot pass for want of something to test."""
    convs = [o for f in FIRMWARES for o in f.program.operators if isinstance(o, PrunedConv)]
    for varies in ("up", "taps", "dilation", "stride", "out_channels", "blocks"):
        assert len({getattr(conv, varies) for conv in convs}) > 1, varies
    assert {int(conv.mode[0]) for conv in convs} == {0, 1, -7}
    bits = {f.program.sources(o)[0].bits for f in FIRMWARES for o in f.program.operators}
    assert bits == {8, 16}
    counts = [np.bitwise_count(conv.mask.view(np.uint8)).sum(axis=1) for conv in convs]
    assert any(
        (count != conv.kept.shape[1]).any() for count, conv in zip(counts, convs, strict=True)
    )


@needs_emulator
def test_simulation_and_device_agree_when_modes_and_reserves_are_hit() -> None:
    """In samples, log and memory, with a healer and without."""
    machine = host_machine(FIRMWARES)
    for number, firmware in enumerate(FIRMWARES):
        if firmware.weights == "flash":
            continue
        rng, layout = np.random.default_rng(number), firmware.layout
        cells = layout.positions(("mode", "reserve", "table", "weights", "bias"))
        modes = layout.positions(("mode",))
        schedules = [
            tuple(
                sorted(
                    Event(int(rng.integers(12)), int(rng.choice(where)))
                    for where in (modes, modes, cells, layout.positions(("reserve",)), cells)
                )
            )
            for _ in range(4)
        ]
        inputs = random_inputs(firmware.program, number, 12)
        assert first_difference(machine, firmware, inputs, schedules) is None
