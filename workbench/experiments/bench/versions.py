"""What a store of versions costs: instructions that prove a version, in bounded steps, and erasures over ten years.

Healing reads flash and never writes it; what wears it are installations and what the journal notes of starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.firmware.boards import Core
from workbench.firmware.emulation.emulator import EmulatedMachine
from workbench.firmware.exporting.store import STORE
from workbench.firmware.toolchain import build_folder, compile_device, package_texts
from workbench.memory.faults.arrivals import read_rate
from workbench.versions.flash import Flash, Region
from workbench.versions.journal import Kind
from workbench.versions.store import Design, Store
from workbench.versions.version import HEADER_BYTES, Status, version

_KEY, _PRODUCT = bytes(range(16)), b"measured"
_MOST_STEPS = 100_000
_UNIT = """/* SPDX-License-Identifier: Apache-2.0 */
#include "store/wb_store.h"

enum {{ SECTOR = 4096 }};
uint8_t unit_flash[2 * SECTOR + {room}u];
uint8_t unit_key[WB_KEY_BYTES];
uint32_t unit_status;

static int unit_read(void *context, uint32_t address, uint8_t *bytes, uint32_t count)
{{
    (void)context;
    wb_bytes_copy(bytes, unit_flash + address, count);
    return 0;
}}

static const wb_flash flash = {{.read = unit_read}};
static const wb_region journal[2] = {{{{0, SECTOR, SECTOR}}, {{SECTOR, SECTOR, SECTOR}}}};
static const wb_region slots[WB_SLOTS] = {{
    {{2 * SECTOR, {room}u, SECTOR}}, {{2 * SECTOR, {room}u, SECTOR}}, {{2 * SECTOR, {room}u, SECTOR}}}};
static const wb_store_design design = {{
    .flash = &flash, .journal = journal, .slots = slots, .key = unit_key,
    .product = {{'m', 'e', 'a', 's', 'u', 'r', 'e', 'd'}}, .most_attempts = 3}};
static wb_store store;

void unit_open(void);
void unit_open(void)
{{
    unit_status = (uint32_t)wb_store_open(&store, &design);
}}

void unit_check(void);
void unit_check(void)
{{
    unit_status = (uint32_t)wb_store_check(&store, {step}u);
}}
"""


@dataclass(frozen=True)
class Proof:
    """What it takes to prove that a version is whole.

    Args:
        core: Its name.
        content_bytes: Of the version.
        step_bytes: That are read in a call of `wb_store_check`.
        opened: Instructions of `wb_store_open` with a blank journal of two sectors of 4 KB.
        instructions: Of all calls together.
        worst_step: Of one of them.
        stack_bytes: Beside the store itself.
    """

    core: str
    content_bytes: int
    step_bytes: int
    opened: int
    instructions: int
    worst_step: int
    stack_bytes: int

    @property
    def per_byte(self) -> float:
        """Instructions a byte of the content."""
        return self.instructions / self.content_bytes

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "per_byte": self.per_byte}


def proofs(
    cores: list[Core],
    content_bytes: int,
    step_bytes: int,
    *,
    progress: Callable[[str], object] = lambda _: None,
) -> Iterator[Proof]:
    """Prove a version of random content on each core; WorkbenchError without compiler or emulator, and if it fails."""
    content = np.random.default_rng(0).integers(0, 256, content_bytes, np.uint8).tobytes()
    made = version(content, key=_KEY, product=_PRODUCT, sequence=0)
    for core in cores:
        progress(core.title)
        machine = _machine(core, len(made), step_bytes)
        flash = machine.view("unit_flash", 2 * 4096 + len(made))
        flash[:] = 0xFF
        flash[2 * 4096 :] = np.frombuffer(made, np.uint8)
        machine.view("unit_key", len(_KEY))[:] = np.frombuffer(_KEY, np.uint8)
        status = machine.view("unit_status", 4).view("<u4")
        machine.call("unit_open")
        opened = machine.instructions
        steps: list[int] = []
        status[0] = Status.BUSY
        while status[0] == Status.BUSY and len(steps) < _MOST_STEPS:
            machine.call("unit_check")
            steps.append(machine.instructions)
        if status[0] != Status.OK:
            raise WorkbenchError(
                f"the store on the {core.title} does not find a whole version whole (status {int(status[0])}); please "
                "report it with the compiler's version"
            )
        yield Proof(
            core.name, content_bytes, step_bytes, opened, sum(steps), max(steps), machine.stack_bytes
        )  # fmt: skip


def _machine(core: Core, room: int, step_bytes: int) -> EmulatedMachine:
    device = package_texts("device")
    symbols = "unit_open unit_check unit_flash unit_key unit_status"
    sources = {
        **package_texts(STORE),
        "unit.c": _UNIT.format(room=room, step=step_bytes),
        "wb_startup.c": device["device/startup.c"],
        "wb_memory.c": device["device/memory.c"],
        "device.ld": f"{device['device/device.ld']}EXTERN({symbols})\n",
    }
    with build_folder(sources) as folder:
        elf = folder / "firmware.elf"
        compile_device(folder, elf, core=core, linker_script=folder / "device.ld")
        return EmulatedMachine(elf, core)


@dataclass(frozen=True)
class Wear:
    """Erasures of flash.

    Args:
        years: Simulated.
        installations: That the device took, each started and confirmed.
        starts: Of the device.
        fallen_back: Starts that found the active version damaged.
        records: That the journal took.
        journal: Erasures of the journal sector that has most.
        slot: Erasures of the sector of a slot that has most.
        bound: Of a journal sector and of a slot's, that no such life exceeds.
    """

    years: float
    installations: int
    starts: int
    fallen_back: int
    records: int
    journal: int
    slot: int
    bound: tuple[int, int]


def wear(
    *, years: float, installations_a_year: int, rate: str, content_bits: int, sector_bytes: int = 4096, seed: int = 0
) -> Wear:  # fmt: skip
    """A life with a start a day, installations at even distances, and upsets of the flash that holds the active version.

    Args:
        years: Of 365 days.
        installations_a_year: New versions.
        rate: Of upsets of a bit and day, as `workbench lifetime` takes it; an upset of the active version is found by its
            tag at the next start.
        content_bits: Of a version, for the number of these upsets.
        sector_bytes: Of the journal; of slots the content of the simulation needs one.
        seed: Another one draws other upsets.
    """
    slots = [
        Region(2 * sector_bytes + n * sector_bytes, sector_bytes, sector_bytes) for n in range(3)
    ]
    journal = (
        Region(0, sector_bytes, sector_bytes),
        Region(sector_bytes, sector_bytes, sector_bytes),
    )
    design = Design(journal, (slots[0], slots[1], slots[2]), _KEY, _PRODUCT)
    flash = Flash(5 * sector_bytes, design.regions, corrects=False)
    content = bytes(64)
    factory = version(content, key=_KEY, product=_PRODUCT, sequence=0)
    flash.bits[slots[0].address : slots[0].address + len(factory)] = factory
    days = round(365 * years)
    install_days = {
        round(n * 365 / installations_a_year) for n in range(round(years * installations_a_year))
    }
    upset = np.random.default_rng([seed, 17]).poisson(read_rate(rate) * content_bits, days) > 0
    fallen = installed = 0
    for day in range(days):
        if upset[day]:
            active = Store(flash, design).state.active
            flash.bits[design.slots[active].address + HEADER_BYTES] ^= 1 if active else 0
        store = Store(flash, design)
        before = store.state.index
        _must(store.start())
        fallen += store.state.kind == Kind.FELL_BACK and store.state.index > before
        if day in install_days:
            installed += 1
            _must(store.install(version(content, key=_KEY, product=_PRODUCT, sequence=installed)))
            store = Store(flash, design)
            _must(store.start())
            _must(store.confirm())
    records = Store(flash, design).state.index
    erased = [[flash.erasures.get(each.address, 0) for each in part] for part in (journal, slots)]
    places = 2 * (sector_bytes // 64)
    bound = -(-records // places) + 1, installed
    return Wear(
        years, installed, days + installed, int(fallen), records, max(erased[0]), max(erased[1]), bound
    )  # fmt: skip


def _must(status: Status) -> None:
    if status is not Status.OK:
        raise WorkbenchError(f"the store refuses a plain life ({status.name}); please report it")
