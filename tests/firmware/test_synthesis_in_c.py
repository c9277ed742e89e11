"""The synthesiser in C: equal under random controls, state and damage, on this machine and on every core."""

from __future__ import annotations

import numpy as np
import pytest
from batches import needs_emulator, random_upsets, synthesising_firmwares
from damaged_operators import (
    assert_damaged_state_means_the_same,
    assert_damaged_tables_mean_the_same,
    assert_same_while_damaged,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import seeds
from synthesisers import any_controls, controls
from twins import assert_same

from workbench.firmware.boards import CORES
from workbench.firmware.design import Firmware
from workbench.firmware.emulation.emulate import emulated_machine
from workbench.firmware.emulation.emulator import EmulatedMachine
from workbench.firmware.twins.host import host_machine
from workbench.firmware.twins.twin import Machine
from workbench.healing.simulation import simulate

BARE, IN_FLASH = 0, 1  # of `synthesising_firmwares`


@pytest.fixture(scope="module")
def compiled() -> tuple[Machine, list[Firmware]]:
    made = synthesising_firmwares()
    return host_machine(made), made


@settings(max_examples=40, deadline=None)
@given(seed=seeds, number=st.sampled_from([BARE, IN_FLASH]), flips=st.integers(0, 20))
def test_damaged_tables_mean_the_same(compiled, seed: int, number: int, flips: int) -> None:
    machine, made = compiled
    firmware = made[number]
    rng = np.random.default_rng(seed)
    hit = rng.integers(0, 8 * firmware.layout.working_bytes, flips)
    assert_damaged_tables_mean_the_same(machine, firmware, hit, any_controls(rng, 3))


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_damaged_state_means_the_same(compiled, seed: int) -> None:
    machine, made = compiled
    rng = np.random.default_rng(seed)
    assert_damaged_state_means_the_same(machine, made[BARE], rng, any_controls)


@settings(max_examples=10, deadline=None)
@given(seed=seeds, number=st.integers(2, 3))
def test_it_is_healed_as_in_the_simulation(compiled, seed: int, number: int) -> None:
    machine, made = compiled
    firmware = made[number]
    inputs = {"controls": any_controls(np.random.default_rng(seed), 8)}
    upsets = random_upsets(firmware.image, seed, frames=8, count=12, stuck=True)
    result = simulate(firmware.image, inputs, upsets, firmware.strategy)
    assert_same(machine, firmware, inputs, upsets, result)


@pytest.fixture(scope="module", params=CORES.values(), ids=CORES)
def chip(request: pytest.FixtureRequest) -> tuple[EmulatedMachine, Firmware]:
    firmware = synthesising_firmwares()[BARE]
    return emulated_machine([firmware], request.param), firmware


@needs_emulator
@settings(max_examples=4, deadline=None)
@given(seed=seeds, flips=st.sampled_from([0, 4, 40]))
def test_every_core_says_the_same(chip, seed: int, flips: int) -> None:
    machine, firmware = chip
    rng = np.random.default_rng(seed)
    codes = any_controls(rng, 3)
    codes[:, 0] = controls(1, f0_hz=64.0)[:, 0]  # as many harmonics as there can be
    assert_same_while_damaged(machine, firmware, rng, flips, np.split(codes, 3, axis=1))
