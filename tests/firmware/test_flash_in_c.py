"""Damage of flash: pages of golden copy and checks, and weights that stay there, in simulation and C alike."""

import numpy as np
import pytest
from batches import needs_emulator, random_upsets
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds
from thoroughness import cases

from workbench.errors import WorkbenchError
from workbench.firmware.boards import CORES
from workbench.firmware.design import FLASH, RAM, Firmware
from workbench.firmware.emulation.emulate import emulated_machine
from workbench.firmware.twins.host import host_machine
from workbench.firmware.twins.twin import Machine, Twin
from workbench.healing.log import Diagnosis, Remedy, Verdict
from workbench.healing.simulation import SimulationResult, simulate
from workbench.healing.strategies.flash_scrub import flash_scrubbed, slowed
from workbench.healing.strategies.named import NAMED, crc_scrub, nothing
from workbench.healing.strategies.strategy import Guard, Policy, Strategy
from workbench.memory.faults.events import Event
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area

FRAMES, PROGRAMS = 20, cases(8, nightly=40)
PAGES = Area("crc32", unit_bytes=32)
MOVES = (Remedy.RELOCATE,)


def _strategies() -> list[Strategy]:
    """For weights in flash."""
    coded, flash = (
        Area("pq", unit_bytes=32, second="crc16"),
        Guard(Area("flash", unit_bytes=64), 2, ()),
    )
    return [
        Strategy("report", (Guard(PAGES, 3, ()),), Policy(persistence=2)),
        Strategy("relocate", (Guard(PAGES, 3, MOVES),), spare_pages=3),
        Strategy("both", (Guard(coded, 2, MOVES), flash), Policy(heals=2), spare_pages=2),
        Strategy("second", (Guard(coded, 4, (), every_frames=2), flash)),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def in_flash() -> tuple[Machine, list[Firmware]]:
    programs = [p for p in map(random_program, range(400)) if Image.of(p).layout.working_bytes > 99]
    firmwares = [
        Firmware.of(strategy.image(program), strategy=strategy, weights=FLASH, prefix=f"f{n}_{m}")
        for n, program in enumerate(programs[:PROGRAMS])
        for m, strategy in enumerate(_strategies())
    ]
    return host_machine(firmwares), firmwares


def _there(firmware: Firmware, upset: Event) -> bool:
    golden = firmware.layout.sections["golden"]
    return "golden" in firmware.in_flash or not golden.has(np.array([upset.position])).any()


def _same(machine: Machine, firmware: Firmware, upsets: list[Event], seed: int) -> SimulationResult:
    """The simulation's result, after the device gave the same."""
    inputs = random_inputs(firmware.program, seed, FRAMES)
    result = simulate(firmware.image, inputs, upsets, firmware.strategy)
    twin = Twin(machine, firmware)
    try:
        np.testing.assert_array_equal(twin.run(inputs, upsets), result.codes)
        assert (twin.log, twin.repeats) == (list(result.log), result.repeats)
        np.testing.assert_array_equal(twin.image().data, result.image.data)
    finally:  # flash outlives the twin
        layout = firmware.layout
        sram = range(8 * firmware.memory_start, 8 * layout.sram_bytes)
        twin.flip(upset.position for upset in upsets if upset.position not in sram)
    return result


@settings(max_examples=60, deadline=None)
@given(data=st.data(), seed=seeds, count=st.integers(0, 50))
def test_weights_in_flash_are_watched_as_the_simulation_says(
    in_flash, data, seed: int, count: int
) -> None:
    machine, firmwares = in_flash
    firmware = firmwares[data.draw(st.integers(0, len(firmwares) - 1), label="program")]
    upsets = random_upsets(firmware.image, seed, frames=FRAMES, count=count)
    _same(machine, firmware, [upset for upset in upsets if _there(firmware, upset)], seed)


def test_a_page_of_flash_moves_to_ram_and_what_nothing_moves_is_reported(in_flash) -> None:
    machine, firmwares = in_flash
    for firmware in firmwares[:4]:
        result = _same(machine, firmware, [Event(2, 77)], 1)
        (entry,) = [entry for entry in result.log if entry.area == 0]
        moved = firmware.strategy.spare_pages > 0
        assert entry.verdict == (Verdict.HEALED if moved else Verdict.UNHEALED)
        assert entry.remedy == (Remedy.RELOCATE if moved else Remedy.NONE)


@needs_emulator
def test_an_emulated_core_reads_the_moved_page(in_flash) -> None:
    _, firmwares = in_flash
    firmware = firmwares[1]
    machine = emulated_machine([firmware], CORES["m0plus"])
    assert _same(machine, firmware, [Event(2, 77), Event(5, 1000)], 3).log


def _latent(prefix: str) -> Firmware:
    program = next(
        p for p in map(random_program, range(99)) if Image.of(p).layout.working_bytes > 600
    )
    guards = (Guard(Area("crc32", unit_bytes=64), 2), Guard(Area("flash", unit_bytes=64), 1, ()))
    strategy = Strategy("latent", guards)
    return Firmware.of(strategy.image(program), strategy=strategy, weights=RAM, prefix=prefix)


def test_latent_damage_is_found_before_it_is_needed() -> None:
    firmware = _latent("latent")
    layout = firmware.layout
    golden, check = layout.sections["golden"], layout.sections["check"]
    sums = layout.place("flash_1", "sum").start
    machine, frames = host_machine([firmware]), layout.watches[1].units
    inputs = random_inputs(firmware.program, 1, frames)
    for address, diagnosis in (
        (golden.start + 70, Diagnosis.LATENT),
        (check.start + 5, Diagnosis.CHECK),
        (sums + 9, Diagnosis.CHECK),
    ):
        upsets = [Event(0, 8 * address + 3)]
        result = simulate(firmware.image, inputs, upsets, firmware.strategy)
        found = [entry for entry in result.log if entry.area == 1]
        assert [(entry.diagnosis, entry.remedy) for entry in found] == [(diagnosis, Remedy.NONE)]
        twin = Twin(machine, firmware)
        twin.run(inputs, upsets)
        assert twin.log == list(result.log)
        twin.flip([upsets[0].position])
        assert found[0].describe(layout, frame_s=0.01)["tensors"]


def test_pages_an_hour() -> None:
    guarded = flash_scrubbed(crc_scrub(), pages_per_hour=60, frame_rate_hz=125)
    assert guarded.name == "crc-scrub and flash"
    assert (guarded.guards[-1].per_frame, guarded.guards[-1].every_frames) == (1, 7500)
    fast = flash_scrubbed(nothing(), pages_per_hour=1_000_000, frame_rate_hz=125).guards[-1]
    assert (fast.per_frame, fast.every_frames) == (3, 1)
    slow = slowed(NAMED["crc-report"](), pages_per_hour=1000, frame_rate_hz=100)
    assert slow.guards[0].every_frames == 360
    for pages in (0.1, 10**9):
        with pytest.raises(WorkbenchError, match="cannot be looked through at"):
            flash_scrubbed(crc_scrub(), pages_per_hour=pages, frame_rate_hz=125)
    with pytest.raises(WorkbenchError, match="looks through flash already"):
        flash_scrubbed(guarded, pages_per_hour=60, frame_rate_hz=125)


def test_what_cannot_be_is_refused() -> None:
    program = random_program(3)
    flash = Guard(Area("flash"), 1, ())
    with pytest.raises(WorkbenchError, match="write it as the last guard"):
        Strategy("x", (flash, Guard(Area("crc32", unit_bytes=8)))).image(program)
    with pytest.raises(WorkbenchError, match="leave the sections out"):
        Area("flash", ("bias",))
    with pytest.raises(WorkbenchError, match=r"repair=\[\]"):
        Guard(Area("flash"), 1)
    for name in ("crc-scrub", "pq-scrub", "golden-scrub", "self-test", "abft", "radar"):
        strategy = NAMED[name]()
        with pytest.raises(WorkbenchError, match="weights in flash cannot be rewritten"):
            Firmware.of(Image.of(program), strategy=strategy, weights=FLASH, prefix="x")
