"""Monitors of behaviour in Python and C: equal samples, logs and memory under faults of everything."""

from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from batches import random_upsets
from programs import random_inputs, random_program
from thoroughness import cases
from twins import assert_same
from voices import voice
from watching_strategies import watching_strategy

from workbench.firmware.boards import CORES
from workbench.firmware.design import Firmware
from workbench.firmware.emulation.emulate import emulated_machine
from workbench.firmware.twins.equivalence import near_schedule
from workbench.firmware.twins.host import host_machine
from workbench.firmware.twins.permanent import permanent_faults
from workbench.healing.log import Diagnosis, Remedy
from workbench.healing.simulation import simulate
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.integer.reference import run
from workbench.memory.image import Image
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.areas import KINDS
from workbench.memory.watches.behaviour import Behaviour
from workbench.memory.watches.behaviour_area import BehaviourArea
from workbench.memory.watches.conditioned import ConditionedArea

FRAMES = 40


def firmwares_of(seeds: Iterable[int]) -> Iterator[tuple[Firmware, int]]:
    """Firmware of random programs that monitors watch, with the seed of each."""
    for seed in seeds:
        program = random_program(seed)
        if Image.of(program).layout.working_bytes:
            strategy = watching_strategy(seed, program)
            image = strategy.image(program)
            yield Firmware.of(image, strategy=strategy, weights="ram", prefix=f"watch{seed}"), seed


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
    firmwares = list(firmwares_of(range(cases(24, nightly=200))))
    machine, seen, spoke = host_machine([each for each, _ in firmwares]), set(), set()
    for firmware, seed in firmwares:
        for number in range(8):
            stuck = number % 4 == 3
            upsets = random_upsets(firmware.image, number, frames=FRAMES, count=12, stuck=stuck)
            if number > 5:  # among them what monitors store
                upsets = list(near_schedule(firmware, number, frames=FRAMES, stuck=stuck))
            upsets = upsets if number else []
            inputs = random_inputs(firmware.program, seed, FRAMES)
            result = simulate(firmware.image, inputs, upsets, firmware.strategy)
            assert_same(machine, firmware, inputs, upsets, result)
            for entry in result.log:
                if firmware.strategy.areas[entry.area].kind.asks:
                    seen.add((entry.diagnosis, entry.remedy))
                    spoke.add(firmware.strategy.areas[entry.area].code)
    assert {
        (Diagnosis.MEMORY, Remedy.SCRUB),
        (Diagnosis.MOMENTARY, Remedy.RESET),
        (Diagnosis.DATA, Remedy.NONE),
        (Diagnosis.DATA, Remedy.RECALIBRATE),
        (Diagnosis.COMPUTE, Remedy.NONE),
        (Diagnosis.CHECK, Remedy.NONE),
    } <= seen
    assert spoke == {name for name, kind in KINDS.items() if kind.asks}


def test_cores_that_compare_several_codes_at_once_tell_what_python_does() -> None:
    """Signals whose codes fill words, 8 and 16 bits wide, beyond their ranges in all frames; sums lie in the image."""
    program, rng = voice().program, np.random.default_rng(5)
    inputs = {name: codes[:, 20:32] for name, codes in voice().inputs("7").items()}
    codes = run(program, inputs)
    kind = {"program": program.content_hash[:16], "drift": 0, "limit": 30_000}
    drift = [*rng.integers(0, 400, 6), *rng.integers(5, 40, 6), 0, 0]
    features = ConditionedArea(
        "feature-cusum", signals=(program.output,), baseline=tuple(map(int, drift)), **kind
    )
    firmwares = []
    for number, name in enumerate(("conv_in", "up0", "last.0.conv", "up2")):
        seen = codes[name][0].astype(np.int64)
        low, high = np.sort(rng.integers(seen.min(), seen.max(), (2, seen.shape[1])), axis=0)
        if number == 1:
            low[0] = 127  # the excess is more than has room
        baseline = (*low.tolist(), *high.tolist(), 0)
        markers = BehaviourArea("hidden-markers", signals=(name,), baseline=baseline, **kind)
        strategy = Strategy("alone", (Guard(markers, ladder=()), Guard(features, ladder=())))
        image = strategy.image(program)
        firmwares.append(Firmware.of(image, strategy=strategy, weights="ram", prefix=f"m{number}"))
    machine = emulated_machine(firmwares, CORES["m4"])
    for firmware in firmwares:
        result = simulate(firmware.image, inputs, [], firmware.strategy)
        watch = firmware.layout.watches[0]
        assert isinstance(watch, Behaviour)
        assert read_tensor(result.image.data, watch.place("state"))[0] > 12
        assert_same(machine, firmware, inputs, [], result)


def test_a_watchdog_counts_every_code_that_is_a_step_beyond() -> None:
    """Ranges a step or two within the codes, and scores far from their ends, whose sum lies in the image."""
    program, rng = voice().program, np.random.default_rng(7)
    inputs = {name: codes[:, 20:32] for name, codes in voice().inputs("7").items()}
    codes, firmwares = run(program, inputs), []
    for number, names in enumerate((("conv_in", "up2"), ("trunk.0.conv", "up0"), ("up1", "up2"))):
        baseline: list[int] = []
        for name in names:
            seen = codes[name][0].astype(np.int64)
            within = rng.integers(0, 3, (2, seen.shape[1]))
            baseline += [*(seen.min(axis=0) + within[0]), *(seen.max(axis=0) - within[1])]
        network = [
            rng.integers(0, 20, 16),
            rng.integers(-9, 9, 4),
            rng.integers(1, 8, 4),
            [0],
            [2, 4],
        ]
        learned = [*baseline, 0, 0, *(each for part in network for each in part)]
        area = BehaviourArea(
            "watchdog", program=program.content_hash[:16], signals=names,
            baseline=tuple(map(int, learned)), drift=0, limit=30_000,
        )  # fmt: skip
        strategy = Strategy("alone", (Guard(area, ladder=()),))
        image = strategy.image(program)
        firmwares.append(Firmware.of(image, strategy=strategy, weights="ram", prefix=f"w{number}"))
    machine = host_machine(firmwares)
    for firmware in firmwares:
        result = simulate(firmware.image, inputs, [], firmware.strategy)
        watch = firmware.layout.watches[0]
        assert isinstance(watch, Behaviour)
        level = int(read_tensor(result.image.data, watch.place("state"))[0])
        assert 12 < level < 12 * 60
        assert_same(machine, firmware, inputs, [], result)


@pytest.mark.parametrize("core", ["m0plus", "m4", "m33", "rv32imc"])
def test_emulated_cores_tell_the_same_when_what_monitors_store_is_damaged(core: str) -> None:
    """Ranges and limits are constants of the program, which a compiler must not take for known."""
    firmwares = list(firmwares_of(range(2, 5)))
    machine = emulated_machine([firmware for firmware, _ in firmwares], CORES[core])
    for firmware, seed in firmwares:
        for number in range(3):
            upsets = near_schedule(firmware, number, frames=FRAMES, stuck=number % 3 == 2)
            inputs = random_inputs(firmware.program, seed, FRAMES)
            result = simulate(firmware.image, inputs, upsets, firmware.strategy)
            assert_same(machine, firmware, inputs, upsets, result)
