"""Bytes between tensors flip as well: what a reset or a start-up makes of them is the same in Python and C."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, random_pruned_program, seeds
from watching_strategies import MAKERS

from workbench.firmware.design import Firmware
from workbench.firmware.twins.equivalence import Schedule, first_difference, random_schedule
from workbench.firmware.twins.host import host_machine
from workbench.firmware.twins.twin import Machine
from workbench.healing.log import Remedy
from workbench.healing.simulation import simulate
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.integer.program import Program
from workbench.memory.faults.events import Event
from workbench.memory.places import GOLDEN, RAM_CHECK
from workbench.memory.watches.areas import KINDS, Area
from workbench.memory.watches.behaviour import Behaviour
from workbench.memory.watches.fade import FadeArea
from workbench.memory.watches.modes import MODES, ModesArea

FRAMES, COUNT = 16, 6


def _firmware(number: int) -> Firmware:
    """Every other one has modes."""
    pruned = number % 2 == 0
    program = random_pruned_program(number) if pruned else random_program(number)
    strategy = _strategy(number, program, pruned=pruned)
    image = strategy.image(program)
    return Firmware.of(image, strategy=strategy, weights="ram", prefix=f"padded{number}")


def _strategy(number: int, program: Program, *, pruned: bool) -> Strategy:
    """A monitor of each kind that the program can have, nearly all of which RESET, and pages that REBOOT."""
    rng = np.random.default_rng([number, 9])
    areas = {area.code: area for area in (make(rng, program) for make in MAKERS)}.values()
    monitors = (
        Guard(area, ladder=(Remedy.RECALIBRATE if area.kind.corrects_inputs else Remedy.RESET,))
        for area in areas
    )
    pages = Guard(Area("crc32", unit_bytes=64), 4, (Remedy.REBOOT, *[Remedy.UNPRUNE] * pruned))
    modes = [Guard(ModesArea(MODES, hold=2), 1, (Remedy.CORRECT,))] * pruned
    fade = Guard(FadeArea("fade", frames=2), ladder=())
    return Strategy(f"padded {number}", (pages, *modes, *monitors, fade))


@pytest.fixture(scope="module")
def compiled() -> tuple[Machine, list[Firmware]]:
    firmwares = [_firmware(number) for number in range(COUNT)]
    return host_machine(firmwares), firmwares


def _schedule(firmware: Firmware, seed: int, *, stuck: bool = False) -> Schedule:
    """Random upsets, and one in every byte of RAM that no tensor has."""
    layout, rng = firmware.layout, np.random.default_rng(seed)
    between = np.ones(layout.sections[GOLDEN].start, bool)
    for place in layout.places:
        between[place.start : place.start + place.size_bytes] = False
    positions = [8 * int(address) + int(rng.integers(8)) for address in np.flatnonzero(between)]
    padding = [Event(int(rng.integers(FRAMES)), position) for position in positions]
    others = random_schedule(firmware.image, seed, frames=FRAMES, count=8, stuck=stuck)
    return tuple(sorted([*others, *padding]))


@settings(max_examples=60, deadline=None)
@given(number=st.integers(0, COUNT - 1), seed=seeds, stuck=st.booleans())
@example(number=2, seed=404, stuck=True)  # a cell that is stuck where a monitor forgets
def test_padding_ends_alike(
    compiled: tuple[Machine, list[Firmware]], number: int, seed: int, stuck: bool
) -> None:
    machine, firmwares = compiled
    firmware = firmwares[number]
    inputs = random_inputs(firmware.program, seed, FRAMES)
    schedule = _schedule(firmware, seed, stuck=stuck)
    assert first_difference(machine, firmware, inputs, [schedule]) is None


def test_every_kind_of_monitor_is_there_and_forgets(
    compiled: tuple[Machine, list[Firmware]],
) -> None:
    """So that the test above cannot pass for want of padding, resets and reboots."""
    firmwares, remedies = compiled[1], set()
    codes = {area.code for firmware in firmwares for area in firmware.strategy.areas}
    assert codes >= {name for name, kind in KINDS.items() if kind.asks or kind.switches}
    for firmware in firmwares:
        inputs = random_inputs(firmware.program, 0, FRAMES)
        log = simulate(firmware.image, inputs, _schedule(firmware, 0), firmware.strategy).log
        remedies |= {entry.remedy for entry in log}
    assert remedies >= {Remedy.RESET, Remedy.REBOOT}


@given(number=st.integers(0, COUNT - 1), seed=seeds)
def test_a_monitor_forgets_all_between_its_first_and_last_byte_and_nothing_else(
    compiled: tuple[Machine, list[Firmware]], number: int, seed: int
) -> None:
    """An oracle of what the loop in C writes; a reset leaves the frames to be wary for, and judges of inputs alone."""
    layout = compiled[1][number].layout
    before = np.random.default_rng(seed).integers(0, 256, layout.size_bytes, np.uint8)
    for watch in layout.watches:
        if isinstance(watch, Behaviour):
            owned = [each for each in watch.places if each.section == RAM_CHECK]
            first, last = owned[0].start, owned[-1].start + owned[-1].size_bytes
            expected, started, reset = (before.copy() for _ in range(3))
            expected[first:last] = 0
            watch.start_up(started, 0)
            watch.reset(reset)
            np.testing.assert_array_equal(started, expected)
            expected[first + 2 : first + 4] = before[first + 2 : first + 4]
            lasts = watch.area.code in ("input-check", "input-rhythm")
            np.testing.assert_array_equal(reset, before if lasts else expected)
