"""An exported device whose healer takes golden pages from the version that is active in its store of versions."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

import numpy as np
import pytest
from programs import random_inputs, random_program

from workbench.cli import main
from workbench.firmware.design import Firmware
from workbench.firmware.exporting.export import export
from workbench.firmware.exporting.exported import exported_firmware
from workbench.firmware.exporting.versions import version_bytes, version_content
from workbench.firmware.toolchain import WARNINGS, compile_shared
from workbench.healing.log import Remedy, Verdict
from workbench.healing.strategies.named import named
from workbench.integer.program import Program
from workbench.integer.reference import run
from workbench.memory.image import Image
from workbench.versions.flash import Flash, Region
from workbench.versions.store import Design, Store
from workbench.versions.version import HEADER_BYTES, Status, version

KEY = bytes(range(7, 23))
SECTOR, SLOT, FRAMES = 512, 8192, 10
_DEVICE = """#include "model.h"
#include "store/wb_store.h"

enum { SECTOR = 512, SLOT = 8192 };
uint8_t flash_bytes[2 * SECTOR + 3 * SLOT];
model_instance device;
INPUT_TYPE input[MODEL_IN_INPUT_CODES];
OUTPUT_TYPE output[MODEL_OUTPUT_CODES];

static int flash_read(void *context, uint32_t address, uint8_t *bytes, uint32_t count)
{
    (void)context;
    wb_bytes_copy(bytes, flash_bytes + address, count);
    return 0;
}
static int flash_program(void *context, uint32_t address, const uint8_t *bytes, uint32_t count)
{
    (void)context;
    wb_bytes_copy(flash_bytes + address, bytes, count);
    return 0;
}
static int flash_erase(void *context, uint32_t address)
{
    (void)context;
    wb_bytes_fill(flash_bytes + address, 0xff, SECTOR);
    return 0;
}
static int flash_begin(void *context) { (void)context; return 0; }
static void flash_end(void *context) { (void)context; }

static const wb_flash flash = {flash_read, flash_program, flash_erase, flash_begin, flash_end, 0};
static const wb_region journal[2] = {{0, SECTOR, SECTOR}, {SECTOR, SECTOR, SECTOR}};
static const wb_region slots[WB_SLOTS] = {{2 * SECTOR, SLOT, SECTOR}, {2 * SECTOR + SLOT, SLOT, SECTOR},
                                          {2 * SECTOR + 2 * SLOT, SLOT, SECTOR}};
const WB_SLOT_BYTE *const model_slots[WB_SLOTS] = {flash_bytes + 2 * SECTOR + WB_HEADER_BYTES,
                                                   flash_bytes + 2 * SECTOR + SLOT + WB_HEADER_BYTES,
                                                   flash_bytes + 2 * SECTOR + 2 * SLOT + WB_HEADER_BYTES};
static const uint8_t key[WB_KEY_BYTES] = {7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22};
static const wb_store_design design = {
    .flash = &flash, .journal = journal, .slots = slots, .key = key, .product = MODEL_PRODUCT, .most_attempts = 3};
static wb_store store;

int start(void);
int start(void)
{
    wb_store_status status = wb_store_open(&store, &design);
    status = status == WB_STORE_OK ? wb_store_start(&store) : status;
    for (int busy = status == WB_STORE_OK; busy; busy = status == WB_STORE_BUSY) {
        status = wb_store_check(&store, 64);
    }
    if (status == WB_STORE_OK) {
        model_init(&device, wb_store_versions(&store));
    }
    return (int)status;
}

uint32_t versions(void);
uint32_t versions(void)
{
    return wb_store_versions(&store);
}

int install(const uint8_t *bytes, uint32_t count, uint32_t stop);
int install(const uint8_t *bytes, uint32_t count, uint32_t stop)
{
    wb_store_status status = wb_store_install(&store, bytes);
    if (status == WB_STORE_OK) {
        model_versions(&device, wb_store_versions(&store));
        status = wb_store_write(&store, bytes + WB_HEADER_BYTES, (stop ? stop : count) - WB_HEADER_BYTES);
    }
    if (status != WB_STORE_OK || stop) {
        return (int)status;
    }
    do {
        status = wb_store_commit(&store, 64);
    } while (status == WB_STORE_BUSY);
    return (int)status;
}

int confirm(void);
int confirm(void)
{
    return (int)wb_store_confirm(&store);
}

void step(void);
void step(void)
{
    model_step(&device, input, output);
}

uint32_t rank(void);
uint32_t rank(void)
{
    return model_rank(&device);
}
"""


def _one_input(program: Program) -> bool:
    return len(program.inputs) == 1 and 300 < Image.of(program).layout.working_bytes < 2000


def other_of(program: Program, seed: int) -> Program:
    """The same network with other weights."""
    image = Image.of(program)
    weights = image.layout.positions(("weights",))
    chosen = np.random.default_rng(seed).choice(weights, min(60, len(weights)), replace=False)
    return image.flip(chosen).to_program()


def _tells(program: Program) -> bool:
    """Whether one hears which weights it has."""
    if not _one_input(program):
        return False
    inputs = random_inputs(program, 4, FRAMES)
    heard = [run(p, inputs)[p.output] for p in (program, other_of(program, 1))]
    return not np.array_equal(*heard)


PROGRAM = next(p for p in map(random_program, range(999)) if _tells(p))
STRATEGY = named("versions", PROGRAM)
INPUTS = random_inputs(PROGRAM, 4, FRAMES)


def other(seed: int) -> Program:
    return other_of(PROGRAM, seed)


def firmware_of(program: Program) -> Firmware:
    return Firmware.of(STRATEGY.image(program), strategy=STRATEGY, weights="ram", prefix="model")


def sent(program: Program, sequence: int) -> bytes:
    firmware = firmware_of(program)
    return version(version_content(firmware), key=KEY, product=firmware.product, sequence=sequence)


class Exported:
    """The compiled folder, with the flash of a new device."""

    def __init__(self, folder: Path) -> None:
        name, signal = PROGRAM.inputs[0], PROGRAM.signal(PROGRAM.inputs[0])
        output = PROGRAM.signal(PROGRAM.output)
        macro = f"MODEL_IN_{firmware_of(PROGRAM).inputs.of(name).upper()}_CODES"
        text = _DEVICE.replace("MODEL_IN_INPUT_CODES", macro)
        text = text.replace("INPUT_TYPE", f"int{signal.bits}_t").replace(
            "OUTPUT_TYPE", f"int{output.bits}_t"
        )
        (folder / "device.c").write_text(text)
        compile_shared(folder, folder / "device.so", options=WARNINGS)
        self.library = ctypes.CDLL(str(folder / "device.so"))
        self.flash = self._view("flash_bytes", 2 * SECTOR + 3 * SLOT)
        self.flash[:] = 0xFF
        factory = sent(PROGRAM, 0)
        self.flash[2 * SECTOR : 2 * SECTOR + len(factory)] = np.frombuffer(factory, np.uint8)
        self.input = self._view("input", signal.rate * signal.channels * signal.bits // 8)
        self.output = self._view("output", output.rate * output.channels * output.bits // 8)
        layout = firmware_of(PROGRAM).layout
        self.working = self._view("device", layout.working_bytes)

    def _view(self, symbol: str, size: int) -> np.ndarray:
        return np.ctypeslib.as_array((ctypes.c_uint8 * size).in_dll(self.library, symbol))

    def says(self) -> np.ndarray:
        """The output for INPUTS, codes [rows, channels]."""
        name, output = PROGRAM.inputs[0], PROGRAM.signal(PROGRAM.output)
        codes = INPUTS[name][0].reshape(FRAMES, -1)
        heard = []
        for frame in codes:
            self.input.view(frame.dtype)[:] = frame
            self.library.step()
            heard.append(self.output.view(f"<i{output.bits // 8}").copy())
        return np.concatenate(heard).reshape(-1, output.channels)

    def install(self, sent: bytes, stop: int = 0) -> Status:
        return Status(self.library.install(sent, len(sent), stop))

    def lose(self, slot: int) -> None:
        """Words of the first page of a version in flash, so that nothing there restores it."""
        start = 2 * SECTOR + slot * SLOT + HEADER_BYTES
        self.flash[start : start + 12] ^= 0x49


@pytest.fixture
def device(tmp_path: Path) -> Exported:
    export(STRATEGY.image(PROGRAM), tmp_path, vectors={"one": INPUTS}, strategy=STRATEGY)
    return Exported(tmp_path)


def _expected(program: Program) -> np.ndarray:
    return run(STRATEGY.image(program).program, INPUTS)[PROGRAM.output][0]


def test_it_speaks_with_the_active_version_and_heals_from_it(device: Exported) -> None:
    assert device.library.start() == Status.OK
    np.testing.assert_array_equal(device.says(), _expected(PROGRAM))
    newer = other(1)
    assert not np.array_equal(_expected(newer), _expected(PROGRAM))
    assert device.install(sent(newer, 1)) == Status.OK
    assert device.library.start() == Status.OK and device.library.confirm() == Status.OK
    np.testing.assert_array_equal(device.says(), _expected(newer))
    whole = device.working.copy()
    device.working[[0, 4, 9]] ^= 0x12  # two words and more: golden pages alone help
    device.says()
    np.testing.assert_array_equal(device.working, whole)
    assert device.library.rank() == 0


def test_a_page_that_is_lost_in_flash_brings_the_version_before_it(device: Exported) -> None:
    device.library.start()
    device.install(sent(other(1), 1))
    device.library.start(), device.library.confirm()
    device.install(sent(other(2), 2))
    device.library.start(), device.library.confirm()
    for lost, (slot, program) in enumerate(((2, other(1)), (1, PROGRAM)), 1):
        device.lose(slot)
        device.working[[0, 4, 9]] ^= 0x12
        device.says()
        assert device.library.rank() == lost
        expected = firmware_of(program).image.working
        np.testing.assert_array_equal(device.working, expected)
    # The store comes to the same by itself: its tags are wrong, and it starts the factory's.
    assert device.library.start() == Status.OK and device.library.rank() == 0
    np.testing.assert_array_equal(device.says(), _expected(PROGRAM))


def test_a_slot_that_is_being_overwritten_is_none_to_fall_back_on(device: Exported) -> None:
    device.library.start()
    device.install(sent(other(1), 1))
    device.library.start(), device.library.confirm()
    device.install(sent(other(2), 2))
    device.library.start(), device.library.confirm()
    third = sent(other(3), 3)
    assert (
        device.install(third, stop=len(third)) == Status.OK
    )  # whole in slot 1, and never committed
    device.lose(2)
    device.working[[0, 4, 9]] ^= 0x12
    device.says()
    np.testing.assert_array_equal(device.working, firmware_of(PROGRAM).image.working)


def test_python_says_the_same_of_the_versions(device: Exported) -> None:
    regions = [Region(2 * SECTOR + slot * SLOT, SLOT, SECTOR) for slot in range(3)]
    design = Design(
        (Region(0, SECTOR, SECTOR), Region(SECTOR, SECTOR, SECTOR)), tuple(regions), KEY, firmware_of(PROGRAM).product
    )  # fmt: skip
    flash = Flash(len(device.flash), design.regions, corrects=False)
    flash.bits[:] = device.flash.tobytes()
    versions = device.library.versions
    for sequence in range(4):
        store = Store(flash, design)
        assert store.start() == device.library.start() == Status.OK
        assert store.versions() == versions()
        store.confirm(), device.library.confirm()
        new = sent(other(sequence), sequence + 1)
        assert store.install(new) == device.install(new) == Status.OK
        assert store.versions() == versions()


def test_another_network_or_another_healer_is_refused(device: Exported) -> None:
    assert device.library.start() == Status.OK
    stranger = next(
        p for p in map(random_program, range(999)) if _one_input(p) and p.name != PROGRAM.name
    )
    strategy = named("versions", stranger)
    foreign = Firmware.of(
        strategy.image(stranger), strategy=strategy, weights="ram", prefix="model"
    )
    assert foreign.product != firmware_of(PROGRAM).product == firmware_of(other(1)).product
    made = version(version_content(foreign), key=KEY, product=foreign.product, sequence=1)
    assert device.install(made) == Status.WRONG_PRODUCT


def test_the_command_makes_what_a_device_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, key, out = tmp_path / "fw", tmp_path / "key", tmp_path / "made.version"
    export(STRATEGY.image(PROGRAM), folder, vectors={"one": INPUTS}, strategy=STRATEGY)
    arguments = ["version", str(folder), "--key", str(key), "--sequence", "5", "--out", str(out)]
    for text in (KEY, KEY.hex().encode() + b"\n"):
        key.write_bytes(text)
        assert main(arguments) == 0
        assert out.read_bytes() == sent(PROGRAM, 5)
    said = capsys.readouterr().out
    assert (
        exported_firmware(folder).product.hex() in said
        and f"{version_bytes(firmware_of(PROGRAM)) + 64:,}" in said
    )
    key.write_bytes(KEY[:-1])
    assert main(arguments) == 2 and "holds no key" in capsys.readouterr().err
    plain = named("crc-scrub", PROGRAM)
    export(plain.image(PROGRAM), tmp_path / "plain", vectors={"one": INPUTS}, strategy=plain)
    key.write_bytes(KEY)
    assert main(["version", str(tmp_path / "plain"), *arguments[2:]]) == 2
    assert "weights compiled in" in capsys.readouterr().err


def test_the_readme_says_how(tmp_path: Path) -> None:
    export(STRATEGY.image(PROGRAM), tmp_path, vectors={"one": INPUTS}, strategy=STRATEGY)
    text = (tmp_path / "README.md").read_text()
    assert "model_init(&model_device, wb_store_versions(&store));" in text
    assert re.search(r"\| 3 versions: golden copies, checks \| flash \| [\d,]+ \|", text)
    assert (tmp_path / "store" / "wb_store.h").exists()
    assert Remedy.FALL_BACK.name in text and Verdict.HEALED.name in text
