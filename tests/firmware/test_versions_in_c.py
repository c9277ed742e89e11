"""Devices with several versions of their parameters in flash: simulation and C agree, and no version is ever mixed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds
from random_strategies import strategy_of_versions
from thoroughness import cases

from workbench.firmware.design import Firmware
from workbench.firmware.twins.equivalence import near_schedule, random_schedule
from workbench.firmware.twins.host import host_machine
from workbench.firmware.twins.twin import Machine, Twin
from workbench.healing.devices.boot import booted
from workbench.healing.log import Remedy, Verdict, log_lines
from workbench.healing.simulation import SimulationResult, simulate
from workbench.healing.strategies.fitted import fitted
from workbench.healing.strategies.named import named
from workbench.integer.program import Program
from workbench.memory.faults.events import Event
from workbench.memory.image import Image

FRAMES = 14
COUNT = cases(16, nightly=64)


def _programs() -> list[Program]:
    programs = (random_program(seed, operators=3) for seed in range(999))
    return [p for p in programs if Image.of(p).layout.working_bytes > 60][:COUNT]


@pytest.fixture(scope="module")
def compiled() -> tuple[Machine, list[Firmware]]:
    firmwares = []
    for number, program in enumerate(_programs()):
        strategy = fitted(strategy_of_versions(number), program)
        image = strategy.image(program)
        firmwares.append(
            Firmware.of(image, strategy=strategy, weights="ram", prefix=f"kept{number}")
        )
    return host_machine(firmwares), firmwares


def other_weights(firmware: Firmware, seed: int) -> list[int]:
    """Bits to be flipped so that each slot but the first holds another version, whole and with checks of its own."""
    layout, data = firmware.layout, firmware.image.data
    golden, versions = layout.sections["golden"], layout.sections["versions"]
    size = versions.start - golden.start
    rng = np.random.default_rng([seed, 11])
    flips = []
    for slot in range(layout.versions - 1):
        made = data.copy()
        made[: layout.working_bytes] ^= rng.integers(0, 2, layout.working_bytes, np.uint8)
        made[golden.start : golden.stop] = made[: layout.working_bytes]
        for watch in layout.watches:
            for unit in range(watch.units):
                watch.sign(made, unit)
        start = versions.start + slot * size
        differs = np.unpackbits(
            data[start : start + size] ^ made[golden.start : versions.start], bitorder="little"
        )
        flips += (8 * start + np.flatnonzero(differs)).tolist()
    return flips


def run_both(
    machine: Machine,
    firmware: Firmware,
    flash: list[int],
    upsets: list[Event],
    seed: int,
    frames: int = FRAMES,
) -> SimulationResult:
    """The simulation of a device that starts with this flash, once the C has done the same."""
    inputs = random_inputs(firmware.program, seed, frames)
    Twin(machine, firmware).flip(flash)
    twin = Twin(machine, firmware)
    try:
        codes = twin.run(inputs, upsets)
        result = simulate(booted(firmware.image.flip(flash)), inputs, upsets, firmware.strategy)
        assert (twin.log, twin.repeats) == (list(result.log), result.repeats)
        np.testing.assert_array_equal(codes, result.codes)
        np.testing.assert_array_equal(twin.image().data, result.image.data)
        return result
    finally:  # flash outlives the twin
        golden = 8 * firmware.layout.sections["golden"].start
        twin.flip([*flash, *(u.position for u in upsets if u.position >= golden)])


@settings(max_examples=60, deadline=None)
@given(data=st.data(), seed=seeds, stuck=st.booleans(), others=st.booleans())
def test_same_samples_same_log_same_bytes(
    compiled, data, seed: int, stuck: bool, others: bool
) -> None:
    machine, firmwares = compiled
    firmware = data.draw(st.sampled_from(firmwares), label="program")
    upsets = [
        *near_schedule(firmware, seed, frames=FRAMES, stuck=stuck),
        *random_schedule(firmware.image, seed + 1, frames=FRAMES, count=data.draw(st.integers(0, 40))),
    ]  # fmt: skip
    place = firmware.layout.place("healer", "version").start
    if data.draw(st.booleans(), label="two copies of the variable are hit alike"):
        bit, frame = data.draw(st.integers(0, 11)), data.draw(st.integers(0, FRAMES - 1))
        upsets += [Event(frame, 8 * (place + 4 * copy) + bit) for copy in range(2)]
    flash = other_weights(firmware, seed) if others else []
    run_both(machine, firmware, flash, sorted(upsets), seed)


def lost_page(firmware: Firmware, slot: int, byte: int = 5) -> list[Event]:
    """Two words of the golden copy of the first unit in a slot, so that no code corrects it."""
    layout = firmware.layout
    golden, versions = layout.sections["golden"], layout.sections["versions"]
    size = versions.start - golden.start
    start = golden.start + slot * size
    return [Event(1, 8 * (start + at) + bit) for at in (byte % 8, 4) for bit in (0, 3, 6)]


def test_a_lost_page_brings_the_next_whole_version_and_never_a_mixture(compiled) -> None:
    machine, firmwares = compiled
    fell = 0
    for seed, firmware in enumerate(firmwares):
        layout = firmware.layout
        flash = other_weights(firmware, seed)
        started = firmware.image.flip(flash)
        golden, versions = layout.sections["golden"], layout.sections["versions"]
        size = versions.start - golden.start
        whole = [
            started.data[golden.start + slot * size :][: layout.working_bytes]
            for slot in range(layout.versions)
        ]
        for lost in range(1, layout.versions + 1):  # versions with a lost page
            upsets = [hit for slot in range(lost) for hit in lost_page(firmware, slot)]
            upsets += [
                Event(2, position)
                for byte in (0, 1)
                for position in (8 * byte + 2, 8 * byte + 5, 8 * (4 + byte) + 1)
            ]
            frames = layout.watches[0].units * 3 + 8
            result = run_both(machine, firmware, flash, sorted(upsets), seed, frames)
            fallen = [e for e in result.log if e.remedy == Remedy.FALL_BACK]
            if lost == layout.versions:
                assert not any(e.remedy == Remedy.FALL_BACK for e in result.log)
            elif fallen:
                fell += 1
                assert [(e.version, e.verdict) for e in fallen] == [(lost, Verdict.HEALED)]
                np.testing.assert_array_equal(result.image.working, whole[lost])
                name = "factory" if lost == layout.versions - 1 else "previous"
                lines = log_lines((fallen[0],), layout, frame_s=0.01)
                assert f"({name} version)" in lines[0]
    assert fell > 4


def test_the_strategy_by_name_restores_from_the_version_that_runs() -> None:
    """After a fall-back, a page is restored from the version that runs now, and the log has its rank."""
    program = next(p for p in _programs() if Image.of(p).layout.sections["weights"].size_bytes > 80)
    strategy = named("versions", program)
    firmware = Firmware.of(
        strategy.image(program), strategy=strategy, weights="ram", prefix="again"
    )
    layout, flash = firmware.layout, other_weights(firmware, 3)
    far = 8 * (layout.watches[0].stop - 16)
    frames = 2 * max(watch.units for watch in layout.watches) + 60
    upsets = [
        *lost_page(firmware, 0),
        *(Event(2, bit) for bit in (2, 5, 33, 70)),
        *(Event(frames // 2, bit) for bit in (far + 1, far + 40, far + 75)),
    ]
    result = run_both(host_machine([firmware]), firmware, flash, sorted(upsets), 3, frames)
    remedies = [(entry.remedy, entry.version) for entry in result.log]
    assert remedies == [(Remedy.FALL_BACK, 1), (Remedy.RESTORE, 1)]
