"""Logs that leave a device: decoded, refused where they are another's, kept over a warm reset."""

import json
from pathlib import Path

import numpy as np
import pytest
from batches import needs_emulator
from programs import random_inputs, random_program

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.firmware.design import LOG_ENTRY_BYTES, LOG_HEAD_BYTES, RAM, Firmware
from workbench.firmware.exporting.export import export
from workbench.firmware.exporting.exported import STRATEGY_FILE, exported_firmware
from workbench.firmware.twins.host import host_machine
from workbench.firmware.twins.log_file import MAGIC, read_log
from workbench.firmware.twins.twin import Twin
from workbench.healing.log import Remedy
from workbench.healing.strategies.named import nothing, scrub
from workbench.healing.strategies.strategy import Guard, Policy, Strategy
from workbench.healing.strategies.strategy_file import summary
from workbench.memory.faults.events import Event
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area
from workbench.sealed import sealed

PROGRAM = next(p for p in map(random_program, range(99)) if Image.of(p).layout.working_bytes > 600)
FRAMES = 60


def firmware(pages: int, prefix: str = "logs") -> Firmware:
    strategy = scrub("crc32", pages, unit_bytes=64)
    return Firmware.of(strategy.image(PROGRAM), strategy=strategy, weights=RAM, prefix=prefix)


@pytest.fixture
def device() -> Twin:
    made = firmware(4)
    twin = Twin(host_machine([made]), made)
    bits = np.random.default_rng(3).integers(0, 8 * made.layout.working_bytes, FRAMES)
    upsets = [Event(frame, int(bit)) for frame, bit in enumerate(bits)]
    twin.run(random_inputs(PROGRAM, 1, FRAMES), upsets)
    return twin


def test_a_log_is_read_from_a_dump(device: Twin) -> None:
    noise = np.random.default_rng(1).integers(0, 255, 500, np.uint8).tobytes()
    read = read_log(noise + device.log_bytes() + noise, device.firmware, "dump")
    assert len(device.log) > device.firmware.log_entries
    assert read.lost == len(device.log) - device.firmware.log_entries
    assert list(read.entries) == device.log[read.lost :]


def test_the_log_outlives_a_warm_reset_and_nothing_else(device: Twin) -> None:
    before = device.log_bytes()
    device.machine.call("logs_unit_init")
    assert device.log_bytes() == before
    head = device.machine.view("logs_unit", device.firmware.memory_bytes + LOG_HEAD_BYTES)[
        -LOG_HEAD_BYTES:
    ]
    whole = device.machine.view("logs_unit", device.firmware.memory_bytes + len(before))
    for damaged in range(LOG_HEAD_BYTES):  # a byte is outvoted, and written back
        head[damaged] ^= 0x10
        assert read_log(device.log_bytes(), device.firmware, "RAM").entries
        device.machine.call("logs_unit_init")
        assert device.log_bytes() == before
    for damaged in range(36):  # two copies of the magic or the build are not: it is none
        whole[-len(before) :] = np.frombuffer(before, np.uint8)
        head[[damaged, damaged + (4 if damaged % 12 < 8 else -4)]] ^= 0x10
        device.machine.call("logs_unit_init")
        assert read_log(device.log_bytes(), device.firmware, "RAM").entries == ()


def test_a_damaged_entry_is_left_out_and_the_rest_is_told(device: Twin) -> None:
    data, made = device.log_bytes(), device.firmware
    entries, lost, none, repeats = read_log(data, made, "x")
    assert none == () and repeats == 0 and lost > 0 and len(entries) == made.log_entries
    first = LOG_HEAD_BYTES + LOG_ENTRY_BYTES * (lost % made.log_entries)
    for byte in (7, 8, 9, 10, 11):  # a unit, an area, ... that there is not
        broken = data[: first + byte] + b"\x77" + data[first + byte + 1 :]
        assert read_log(broken, made, "x") == (entries[1:], lost, (lost,), 0)


def test_a_log_is_found_behind_what_looks_like_one(device: Twin) -> None:
    """The four bytes elsewhere in a dump, and the log of another model."""
    decoy = MAGIC.to_bytes(4, "little") + bytes(40)
    entries, *_ = read_log(decoy + device.log_bytes(), device.firmware, "x")
    assert list(entries) == device.log[-len(entries) :]


def test_what_is_no_log_is_refused(device: Twin) -> None:
    data, made = device.log_bytes(), device.firmware
    for wrong, text in (
        (b"nothing here", "holds no log: its 12 bytes"),
        (data[:150], "ends within the log: 18 bytes of"),
    ):
        with pytest.raises(WorkbenchError, match=text):
            read_log(wrong, made, "x")
    with pytest.raises(WorkbenchError, match=r"x is the log of build .* that were exported"):
        read_log(data, firmware(5), "x")
    bare = Firmware.of(nothing().image(PROGRAM), strategy=nothing(), weights=RAM, prefix="bare")
    with pytest.raises(WorkbenchError, match="none writes no log"):
        read_log(data, bare, "x")


def test_a_composed_strategy_is_read_by_its_folder(tmp_path: Path) -> None:
    """Exported from Python: the folder alone tells whose log it is."""
    guards = (
        Guard(
            Area("pq", ("weights",), 64, keep="ram", second="crc16"),
            3,
            (Remedy.CORRECT, Remedy.ZERO),
        ),
        Guard(Area("self-test", moments=2), 1, (), every_frames=9),
    )
    policy = Policy(persistence=2, heals=9, validate=True)
    strategy = Strategy("mine \u00e9", guards, policy, source='a "book"')
    folder = tmp_path / "out"
    inputs = random_inputs(PROGRAM, 1, FRAMES)
    made = export(
        strategy.image(PROGRAM), folder, vectors={"one": inputs}, strategy=strategy, prefix="own"
    )
    twin = Twin(host_machine([made]), made)
    twin.run(inputs, [Event(frame, 77 * frame) for frame in range(30)])
    read = exported_firmware(folder)
    assert read.strategy == strategy and read.build == made.build
    entries, *_ = read_log(twin.log_bytes(), read, "x")
    assert list(entries) == twin.log[-len(entries) :] and entries
    assert summary(strategy).startswith(
        "pq of 64 bytes with crc16 over weights, 3 a frame: correct, zero; "
    )
    path = folder / STRATEGY_FILE
    text = path.read_text()
    for edited, sentence in (
        ('{"prefix": "own"}', "has no sha256"),
        (text.replace("CORRECT", "RESTORE"), "was edited since it was written"),
        (resealed(text.replace("CORRECT", "PRAY")), "has no remedy 'PRAY'"),
        (resealed(text.replace('"prefix"', '"prefixes"')), "lacks the field 'prefix'"),
        (resealed(text.replace('"own"', '"../own"')), "own"),
        (resealed(text.replace('"per_frame": 3', '"per_frame": 2')), "belongs to build"),
    ):
        path.write_text(edited)
        with pytest.raises(WorkbenchError, match=sentence):
            exported_firmware(folder)
    with pytest.raises(WorkbenchError, match="no exported firmware that heals"):
        exported_firmware(tmp_path)


def resealed(text: str) -> str:
    return json.dumps(sealed(json.loads(text)))


@needs_emulator
def test_a_log_file_reads_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, figures, picture = tmp_path / "log.bin", tmp_path / "log.json", tmp_path / "log.png"
    words = [
        "emulate",
        "challenge",
        "--core",
        "m4",
        "--word",
        "7",
        "--upsets",
        "6",
        "--pages",
        "16",
    ]
    assert main([*words, "--log", str(log), "--json", str(tmp_path / "e.json")]) == 0
    capsys.readouterr()
    assert (
        main(["log", str(log), "--pages", "16", "--out", str(picture), "--json", str(figures)]) == 0
    )
    lines = capsys.readouterr().out.splitlines()
    expected = json.loads((tmp_path / "e.json").read_text())["cores"][0]["log"]
    assert json.loads(figures.read_text()) == {
        "lost": 0,
        "damaged": [],
        "repeats": 0,
        "entries": expected,
    }
    assert len(lines) == len(expected) + 1 and "memory upset, restored, healed" in lines[0]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(["log", str(log)]) == 2  # of another number of pages
    assert "is the log of build" in capsys.readouterr().err
    assert main(["log", str(tmp_path / "none.bin")]) == 2
    assert "cannot read" in capsys.readouterr().err
