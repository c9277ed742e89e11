"""`PREFIX_verify` finds all that is wrong, changes nothing, and knows when a constant of the model changed."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from batches import needs_emulator, random_firmwares, random_upsets
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds
from thoroughness import cases

from workbench.compilers import host_compiler
from workbench.firmware.boards import CORES
from workbench.firmware.design import RAM, Firmware
from workbench.firmware.emulation.emulate import emulated_machine
from workbench.firmware.toolchain import build_folder
from workbench.firmware.twins.host import HostMachine, host_machine
from workbench.firmware.twins.twin import Status, Twin
from workbench.firmware.writing.source import model_sources
from workbench.healing.devices.device import Device
from workbench.healing.strategies.named import flash_scrub, scrub
from workbench.memory.image import Image

FRAMES = 6


@pytest.fixture(scope="module")
def compiled() -> tuple[HostMachine, list[Firmware]]:
    firmwares = [f for f in random_firmwares(91, cases(40, nightly=120)) if f.heals]
    return host_machine(firmwares), firmwares


def expected(twin: Twin) -> int:
    """Units of a device's memory that are wrong, by the simulation's watches."""
    firmware = twin.firmware
    device = Device(twin.image(), firmware.strategy, firmware.image.data)
    device._follow()  # pages lie where the map says
    wrong = 0
    for guard, watch in device.guards:
        copies = guard.golden_is_witness and not guard.area.kind.flash
        wrong += sum(
            watch.wrong(device.data, unit) or (copies and watch.wrong(device.data, unit, golden=True))
            for unit in range(watch.units)
        )  # fmt: skip
    return wrong


@settings(max_examples=60, deadline=None)
@given(data=st.data(), seed=seeds, count=st.integers(0, 12))
def test_every_wrong_unit_is_counted_and_nothing_changes(
    compiled, data, seed: int, count: int
) -> None:
    machine, firmwares = compiled
    firmware = firmwares[data.draw(st.integers(0, len(firmwares) - 1), label="program")]
    upsets = random_upsets(firmware.image, seed, frames=FRAMES, count=count)
    later = np.random.default_rng(seed).integers(0, 8 * firmware.layout.size_bytes, count % 4)
    twin = Twin(machine, firmware)
    try:
        twin.run(random_inputs(firmware.program, seed, FRAMES), upsets)
        twin.flip(later.tolist())
        before, log = twin.image().data, twin.log_bytes()
        wrong = expected(twin)
        assert twin.verify() == (Status.DEGRADED if wrong else Status.OK, wrong)
        np.testing.assert_array_equal(twin.image().data, before)
        assert twin.log_bytes() == log
    finally:  # flash outlives the twin
        flash = 8 * firmware.layout.sections["golden"].start
        hits = [upset.position for upset in upsets] + later.tolist()
        twin.flip(position for position in hits if position >= flash)


def _firmware(prefix: str) -> Firmware:
    program = next(
        p for p in map(random_program, range(99)) if Image.of(p).layout.working_bytes > 600
    )
    strategy = flash_scrub()
    return Firmware.of(strategy.image(program), strategy=strategy, weights=RAM, prefix=prefix)


@needs_emulator
def test_a_changed_constant_is_found_on_a_core() -> None:
    """Any byte of the table of areas: function pointers, sizes and schedules."""
    firmware = _firmware("tables")
    machine = emulated_machine([firmware], CORES["m4"])
    areas = machine.view("tables_areas", 40)
    twin = Twin(machine, firmware)
    assert twin.verify() == (Status.OK, 0)
    start = firmware.layout.watches[0].area.unit_bytes
    at = int(np.flatnonzero(machine.view("tables_areas", 200).view("<u4") == start)[0])
    words = machine.view("tables_areas", 200).view("<u4")
    words[at + 6] ^= 4  # behind the size of a unit: what no check uses
    status, wrong = twin.verify()
    words[at + 6] ^= 4
    assert (status, wrong) == (Status.DEGRADED, 0) and len(areas)
    assert twin.verify() == (Status.OK, 0)


def test_a_step_takes_as_many_units_as_it_is_told(tmp_path: Path) -> None:
    program = next(
        p for p in map(random_program, range(99)) if Image.of(p).layout.working_bytes > 600
    )
    strategy = scrub("crc32", 1, unit_bytes=64)
    firmware = Firmware.of(strategy.image(program), strategy=strategy, weights=RAM, prefix="steps")
    text = """#include <stdio.h>
#include "steps.h"
static steps_instance device;
int main(void)
{
    const uint32_t sizes[3] = {1, 7, 1000000};
    steps_init(&device);
    for (int i = 0; i < 3; i++) {
        wb_verification at = {0};
        unsigned calls = 1;
        while (steps_verify(&device, &at, sizes[i]) == WB_BUSY) {
            calls++;
        }
        printf("%u %u %u\\n", calls, (unsigned)at.next, (unsigned)at.wrong);
    }
    return 0;
}
"""
    with build_folder({**model_sources(firmware), "main.c": text}) as folder:
        made = str(tmp_path / "steps")
        sources = [str(folder / "steps.c"), str(folder / "main.c")]
        subprocess.run([*host_compiler(), f"-I{folder}", *sources, "-o", made], check=True)
    lines = subprocess.run([made], capture_output=True, text=True, check=True).stdout.split("\n")
    units = firmware.layout.watches[0].units
    (ones, all_of, none), (sevens, *_), (once, *_) = (map(int, line.split()) for line in lines[:3])
    assert ones == all_of > units and none == 0
    assert (sevens, once) == (-(-all_of // 7), 1)
