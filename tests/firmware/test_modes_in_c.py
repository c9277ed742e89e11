"""Layers that are un-pruned for a while: simulation and C agree in samples, log and memory."""

from itertools import count

import numpy as np
import pytest
from batches import needs_emulator
from programs import random_inputs, random_pruned_program
from random_strategies import random_strategy, unpruning
from thoroughness import cases
from watching_strategies import watching_strategy

from workbench.firmware.boards import CORES
from workbench.firmware.design import Firmware
from workbench.firmware.emulation.emulate import emulated_machine
from workbench.firmware.twins.equivalence import first_difference, near_schedule
from workbench.firmware.twins.host import host_machine
from workbench.firmware.twins.twin import Machine, Twin
from workbench.healing.devices.device import Device
from workbench.healing.log import Remedy
from workbench.healing.simulation import simulate, simulate_many
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.pruning import prunable
from workbench.memory.faults.events import Event

FRAMES, COUNT = 24, cases(10, nightly=80)


def _firmware(number: int) -> Firmware:
    """Every other one is watched by monitors, after whose alarms layers are un-pruned."""
    program = random_pruned_program(500 + number)
    made = watching_strategy if number % 2 else random_strategy
    strategies = (unpruning(n, made(n, program), program) for n in count(number))
    strategy = next(s for s in strategies if not number % 2 or _asks(s))
    image = strategy.image(program)
    return Firmware.of(image, strategy=strategy, weights="ram", prefix=f"modes{number}")


def _asks(strategy: Strategy) -> bool:
    return any(g.area.kind.asks and Remedy.UNPRUNE in g.ladder for g in strategy.guards)


@pytest.fixture(scope="module")
def compiled() -> tuple[Machine, list[Firmware]]:
    firmwares = [_firmware(number) for number in range(COUNT)]
    return host_machine(firmwares), firmwares


def test_both_un_prune_alike(compiled: tuple[Machine, list[Firmware]]) -> None:
    """And everything happens that can: layers un-pruned by pages and monitors, pruned again, modes corrected."""
    machine, firmwares = compiled
    by, ended, corrected = set(), 0, 0
    for number, firmware in enumerate(firmwares):
        inputs = random_inputs(firmware.program, number, FRAMES)
        schedules = [
            near_schedule(firmware, seed, frames=FRAMES, stuck=seed % 3 == 2) for seed in range(6)
        ]
        assert first_difference(machine, firmware, inputs, schedules) is None
        for schedule in schedules:
            for entry in simulate(firmware.image, inputs, schedule, firmware.strategy).log:
                kind = firmware.strategy.guards[entry.area].area.kind
                if entry.remedy == Remedy.UNPRUNE:
                    by.add(kind.asks)
                    ended += entry.frame < FRAMES - 12
                corrected += kind.switches and entry.remedy == Remedy.CORRECT
    assert by == {False, True} and ended and corrected


@needs_emulator
def test_a_core_does_the_same(compiled: tuple[Machine, list[Firmware]]) -> None:
    """On the core that knows no word at an odd address."""
    firmware = compiled[1][0]
    machine = emulated_machine([firmware], CORES["m0plus"])
    inputs = random_inputs(firmware.program, 1, FRAMES)
    schedules = [near_schedule(firmware, seed, frames=FRAMES) for seed in range(3)]
    assert first_difference(machine, firmware, inputs, schedules) is None
    image = firmware.image
    modes = image.layout.positions(("mode",))
    assert first_difference(machine, firmware, inputs, [[]]) is None and len(modes)
    assert np.array_equal(image.data, image.clean().data)


def test_both_do_what_the_application_wants(compiled: tuple[Machine, list[Firmware]]) -> None:
    """Between words with upsets, some of which hit reserves: layers un-pruned and pruned, whose names and times may be wrong."""
    machine, firmwares = compiled
    answers = set()
    for number, firmware in enumerate(firmwares):
        rng = np.random.default_rng(number)
        image, program = firmware.image, firmware.program
        device, twin = Device(image, firmware.strategy, image.data), Twin(machine, firmware)
        reserve = image.layout.positions(("reserve",))
        for word in range(4):
            upsets = near_schedule(firmware, 7 * number + word, frames=8)
            upsets = [*upsets, *(Event(0, int(bit)) for bit in rng.choice(reserve, word % 2))]
            inputs = random_inputs(program, word, 8)
            (result,) = simulate_many(image, inputs, [upsets], firmware.strategy, devices=[device])
            twin.reset()
            assert np.array_equal(twin.run(inputs, upsets), result.codes)
            layers = len(prunable(program))
            for _ in range(3):
                layer, frames = int(rng.integers(layers + 1)), int(rng.choice([0, 1, 3, 2**32 - 1]))
                done = twin.unprune(layer, frames)
                assert done == device.unprune(layer, frames)
                answers.add((layer < layers, done))
        assert tuple(twin.log) == tuple(device.log)
    assert answers == {(True, True), (True, False), (False, False)}
