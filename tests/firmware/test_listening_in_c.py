"""Front end and blend in C: equal under random sounds, state and damage, on this machine and on every core."""

from __future__ import annotations

import numpy as np
import pytest
from batches import listening_firmwares, needs_emulator, random_upsets
from damaged_operators import (
    assert_damaged_state_means_the_same,
    assert_damaged_tables_mean_the_same,
    assert_same_while_damaged,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from listeners import any_sound
from programs import seeds
from twins import assert_same

from workbench.firmware.boards import CORES
from workbench.firmware.design import Firmware
from workbench.firmware.emulation.emulate import emulated_machine
from workbench.firmware.emulation.emulator import EmulatedMachine
from workbench.firmware.twins.host import host_machine
from workbench.firmware.twins.twin import Machine
from workbench.healing.simulation import simulate

BARE, IN_FLASH = 0, 1  # of `listening_firmwares`


@pytest.fixture(scope="module")
def compiled() -> tuple[Machine, list[Firmware]]:
    made = listening_firmwares()
    return host_machine(made), made


@settings(max_examples=40, deadline=None)
@given(seed=seeds, number=st.sampled_from([BARE, IN_FLASH]), flips=st.integers(0, 30))
def test_damaged_tables_mean_the_same(compiled, seed: int, number: int, flips: int) -> None:
    machine, made = compiled
    firmware = made[number]
    rng = np.random.default_rng(seed)
    hit = rng.integers(0, 8 * firmware.layout.working_bytes, flips)
    assert_damaged_tables_mean_the_same(machine, firmware, hit, any_sound(rng, 5))


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_damaged_state_means_the_same(compiled, seed: int) -> None:
    machine, made = compiled
    rng = np.random.default_rng(seed)
    assert_damaged_state_means_the_same(machine, made[BARE], rng, any_sound)


@settings(max_examples=10, deadline=None)
@given(seed=seeds, number=st.integers(2, 3))
def test_it_is_healed_as_in_the_simulation(compiled, seed: int, number: int) -> None:
    machine, made = compiled
    firmware = made[number]
    inputs = {"sound": any_sound(np.random.default_rng(seed), 8)}
    upsets = random_upsets(firmware.image, seed, frames=8, count=12, stuck=True)
    result = simulate(firmware.image, inputs, upsets, firmware.strategy)
    assert_same(machine, firmware, inputs, upsets, result)


@pytest.fixture(scope="module", params=CORES.values(), ids=CORES)
def chip(request: pytest.FixtureRequest) -> tuple[EmulatedMachine, Firmware]:
    firmware = listening_firmwares()[BARE]
    return emulated_machine([firmware], request.param), firmware


@needs_emulator
@settings(max_examples=4, deadline=None)
@given(seed=seeds, flips=st.sampled_from([0, 4, 40]))
def test_every_core_hears_the_same(chip, seed: int, flips: int) -> None:
    machine, firmware = chip
    rng = np.random.default_rng(seed)
    assert_same_while_damaged(machine, firmware, rng, flips, np.split(any_sound(rng, 3), 3, axis=1))
