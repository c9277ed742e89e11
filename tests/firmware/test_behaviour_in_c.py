"""Monitors of behaviour in Python and C: equal samples, logs and memory under faults of everything."""

from batches import random_upsets
from programs import random_inputs, random_program
from thoroughness import cases
from twins import assert_same
from watching_strategies import watching_strategy

from workbench.firmware.design import Firmware
from workbench.firmware.twins.host import host_machine
from workbench.firmware.twins.permanent import permanent_faults
from workbench.healing.log import Diagnosis, Remedy
from workbench.healing.simulation import simulate
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.image import Image

FRAMES = 40


def test_permanent_faults_of_a_monitor_are_tried() -> None:
    """Nothing in the working copy shows for certain; what it stores is stuck or flipped."""
    program = random_program(0)
    strategy = Strategy("alone", watching_strategy(0, program).guards)
    number = next(n for n, area in enumerate(strategy.areas) if area.kind.asks)
    alone = Strategy("alone", (strategy.guards[number],))
    firmware = Firmware.of(alone.image(program), strategy=alone, weights="ram", prefix="alone")
    faults = list(permanent_faults(firmware))
    assert faults and all(len(fault) == 1 for fault in faults)


def test_both_implementations_tell_the_same_under_faults_of_everything() -> None:
    firmwares = []
    for seed in range(cases(16, nightly=200)):
        program = random_program(seed)
        if not Image.of(program, areas=()).layout.working_bytes:
            continue
        strategy = watching_strategy(seed, program)
        image = strategy.image(program)
        firmware = Firmware.of(image, strategy=strategy, weights="ram", prefix=f"watch{seed}")
        firmwares.append((firmware, seed))
    machine, seen = host_machine([firmware for firmware, _ in firmwares]), set()
    for firmware, seed in firmwares:
        for number in range(8):
            stuck = number % 4 == 3
            upsets = random_upsets(firmware.image, number, frames=FRAMES, count=12, stuck=stuck)
            upsets = upsets if number else []
            inputs = random_inputs(firmware.program, seed, FRAMES)
            result = simulate(firmware.image, inputs, upsets, firmware.strategy)
            assert_same(machine, firmware, inputs, upsets, result)
            for entry in result.log:
                if firmware.strategy.areas[entry.area].kind.asks:
                    seen.add((entry.diagnosis, entry.remedy))
    assert {
        (Diagnosis.MEMORY, Remedy.SCRUB),
        (Diagnosis.MOMENTARY, Remedy.RESET),
        (Diagnosis.DATA, Remedy.NONE),
        (Diagnosis.CHECK, Remedy.NONE),
    } <= seen
