"""What a device tells its application: the status of a step, counts, the log one by one, a hook, versions."""

import ctypes
import subprocess
from collections import Counter
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
from workbench.firmware.design import LOG_HEAD_BYTES, RAM, Firmware
from workbench.firmware.emulation.emulate import emulated_machine
from workbench.firmware.toolchain import WARNINGS, build_folder
from workbench.firmware.twins.host import HostMachine, host_machine
from workbench.firmware.twins.twin import (
    COUNT,
    LOG_DTYPE,
    VERDICTS,
    Status,
    Twin,
    frames_of,
    log_entry,
)
from workbench.firmware.writing.source import model_sources
from workbench.healing.log import LogEntry, Verdict
from workbench.healing.statuses import StepStatus, status_of
from workbench.healing.strategies.named import nothing, scrub
from workbench.memory.faults.events import Event
from workbench.memory.image import Image
from workbench.memory.places import BACKOFF

COUNT_OF_PROGRAMS, FRAMES = cases(40, nightly=120), 24


@pytest.fixture(scope="module")
def compiled() -> tuple[HostMachine, list[Firmware]]:
    firmwares = [f for f in random_firmwares(77, COUNT_OF_PROGRAMS) if f.weights == "ram"]
    return host_machine(firmwares), firmwares


def expected(news: list[LogEntry], waiting: bool) -> Status:
    """By what was written in a frame, and whether a unit waits after it."""
    worst = StepStatus.DEGRADED if waiting else StepStatus.OK
    return Status(max([worst, *map(status_of, news)]))


@settings(max_examples=60, deadline=None)
@given(data=st.data(), seed=seeds, count=st.integers(0, 60), stuck=st.booleans())
def test_a_status_says_what_was_written_and_what_waits(
    compiled, data, seed: int, count: int, stuck: bool
) -> None:
    machine, firmwares = compiled
    firmware = firmwares[data.draw(st.integers(0, len(firmwares) - 1), label="program")]
    waits = firmware.layout.sections[BACKOFF]
    upsets = [
        upset
        for upset in random_upsets(firmware.image, seed, frames=FRAMES, count=count, stuck=stuck and firmware.heals)
        if not waits.start <= upset.position // 8 < waits.stop
    ]  # fmt: skip
    twin = Twin(machine, firmware)
    try:
        for frame, codes in enumerate(frames_of(firmware, random_inputs(firmware.program, seed, FRAMES))):  # fmt: skip
            twin.begin_frame(frame, upsets, ())
            before = len(twin.log)
            twin.step(codes)
            waiting = bool(twin.image().data[waits.start : waits.stop].any())
            assert twin.status == expected(twin.log[before:], waiting and firmware.heals)
        if firmware.heals:
            tally = Counter(entry.verdict for entry in twin.log)
            assert [twin.log_word(VERDICTS + n) for n in range(len(Verdict))] == [
                tally[verdict] for verdict in Verdict
            ]
            assert twin.log_word(COUNT) == len(twin.log)
    finally:  # flash outlives the twin
        flash = 8 * firmware.layout.sections["golden"].start
        twin.flip(upset.position for upset in upsets if upset.position >= flash)


def test_every_status_is_met(compiled) -> None:
    machine, firmwares = compiled
    met = set()
    for seed, firmware in enumerate(firmwares):
        upsets = random_upsets(firmware.image, seed, frames=FRAMES, count=40)
        twin = Twin(machine, firmware)
        for frame, codes in enumerate(frames_of(firmware, random_inputs(firmware.program, seed, FRAMES))):  # fmt: skip
            twin.begin_frame(frame, upsets, ())
            twin.step(codes)
            met.add(twin.status)
        flash = 8 * firmware.layout.sections["golden"].start
        twin.flip(upset.position for upset in upsets if upset.position >= flash)
    assert met == set(Status) - {Status.BUSY}


def _scrubbed(prefix: str, pages: int = 4) -> Firmware:
    program = next(
        p for p in map(random_program, range(99)) if Image.of(p).layout.working_bytes > 600
    )
    strategy = scrub("crc32", pages, unit_bytes=64)
    return Firmware.of(strategy.image(program), strategy=strategy, weights=RAM, prefix=prefix)


def _head(twin: Twin) -> np.ndarray:
    start = twin.firmware.memory_bytes
    unit = twin.machine.view(f"{twin.firmware.prefix}_unit", start + LOG_HEAD_BYTES)
    return unit[start:]


def test_a_flip_before_every_frame_of_what_stands_before_the_log_changes_nothing() -> None:
    """All bits, one after the other: none is believed, and each is written back within 16 frames."""
    firmware = _scrubbed("guarded")
    frames = 8 * LOG_HEAD_BYTES
    bits = np.random.default_rng(4).integers(0, 8 * firmware.layout.working_bytes, frames // 3)
    upsets = [Event(3 * n, int(bit)) for n, bit in enumerate(bits)]
    inputs = random_inputs(firmware.program, 1, frames)
    machine = host_machine([firmware])
    clean = Twin(machine, firmware)
    clean.run(inputs, upsets)
    twin = Twin(machine, firmware)
    head = _head(twin)
    for frame, codes in enumerate(frames_of(firmware, inputs)):
        twin.begin_frame(frame, upsets, ())
        head[frame // 8] ^= 1 << frame % 8
        twin.step(codes)
    assert twin.log == clean.log and len(twin.log) > 99
    words = head.view("<u4").reshape(-1, 3)
    for codes in frames_of(firmware, random_inputs(firmware.program, 2, 16)):
        twin.step(codes)
    assert (words == words[:, :1]).all()


def test_counts_stop_and_never_wrap() -> None:
    firmware = _scrubbed("full")
    twin = Twin(host_machine([firmware]), firmware)
    _head(twin).view("<u4").reshape(-1, 3)[VERDICTS] = 2**32 - 2
    codes = frames_of(firmware, random_inputs(firmware.program, 1, 1))[0]
    for _ in range(3):
        twin.flip([3])
        for _ in range(firmware.layout.watches[0].units):
            twin.step(codes)
    assert len(twin.log) == 3 and twin.log_word(VERDICTS) == 2**32 - 1


class _Reader:
    """The application's side of a host library."""

    def __init__(self, twin: Twin) -> None:
        assert isinstance(twin.machine, HostMachine)
        prefix, library = twin.firmware.prefix, twin.machine._library
        unit = twin.machine.view(f"{prefix}_unit", 1)
        self._call, self._unit = library[f"{prefix}_log_next"], ctypes.c_void_p(unit.ctypes.data)
        self._modulus = twin.firmware.strategy.frame_modulus
        self.next = ctypes.c_uint32(0)

    def read(self) -> list[LogEntry]:
        entry, entries = np.zeros(1, LOG_DTYPE), []
        at = ctypes.c_void_p(entry.ctypes.data)
        while self._call(self._unit, ctypes.byref(self.next), at):
            entries.append(log_entry(entry[0], self._modulus))
        return entries


def test_the_log_is_read_entry_by_entry() -> None:
    firmware = _scrubbed("read")
    size, twin = firmware.log_entries, Twin(host_machine([firmware]), firmware)
    reader, late, lost = _Reader(twin), _Reader(twin), _Reader(twin)
    lost.next.value = 12345  # a cursor of another log
    heard: list[LogEntry] = []
    rng = np.random.default_rng(2)
    for codes in frames_of(firmware, random_inputs(firmware.program, 1, 300)):
        twin.flip(rng.integers(0, 8 * firmware.layout.working_bytes, 1).tolist())
        twin.step(codes)
        heard += reader.read()
        assert heard == twin.log
    assert len(heard) > 3 * size
    assert late.read() == lost.read() == heard[-size:]
    assert late.next.value == lost.next.value == reader.next.value == len(heard)
    assert late.read() == []
    for behind in range(size + 3):
        late.next.value = len(heard) - behind
        assert late.read() == heard[len(heard) - min(behind, size) :]


@needs_emulator
def test_an_emulated_core_returns_the_same() -> None:
    firmware = _scrubbed("chip", pages=1)
    inputs = random_inputs(firmware.program, 1, 40)
    upsets = random_upsets(firmware.image, 6, frames=40, count=60)
    seen = []
    for machine in (host_machine([firmware]), emulated_machine([firmware], CORES["m0plus"])):
        twin, statuses = Twin(machine, firmware), []
        for frame, codes in enumerate(frames_of(firmware, inputs)):
            twin.begin_frame(frame, upsets, ())
            twin.step(codes)
            statuses.append(twin.status)
        seen.append((statuses, twin.log))
    assert seen[0] == seen[1] and len(set(seen[0][0])) > 2


_APPLICATION = """#include <stdio.h>
#include "told.h"

static told_instance device;
void hear(told_instance *model, const wb_log_entry *entry);

void hear(told_instance *model, const wb_log_entry *entry)
{
    uint32_t next = 0;
    wb_log_entry last = *entry;
    while (told_log_next(model, &next, &last)) {
    }
    printf("%d %lu %d\\n", model == &device, (unsigned long)entry->unit, last.unit == entry->unit);
}

int main(void)
{
    static ARRAYS
    told_init(&device);
    ((unsigned char *)&device.memory)[70] ^= 4u;
    for (int frame = 0; frame < 30; frame++) {
        told_step(&device, ARGUMENTS);
    }
    return told_size() != sizeof device || TOLD_ABI != WB_ABI;
}
"""


def test_a_function_of_the_application_hears_of_each_entry(tmp_path: Path) -> None:
    firmware = _scrubbed("told")
    program = firmware.program
    names = [f"in_{firmware.inputs.of(name)}" for name in program.inputs]
    kinds = {8: "int8_t", 16: "int16_t", 32: "int32_t"}
    signals = [*map(program.signal, program.inputs), program.signal(program.output)]
    arrays = "\n    static ".join(
        f"{kinds[signal.bits]} {name}[{signal.rate * signal.channels}];"
        for signal, name in zip(signals, [*names, "output"], strict=True)
    )
    text = _APPLICATION.replace("static ARRAYS", f"static {arrays}")
    text = text.replace("ARGUMENTS", ", ".join([*names, "output"]))
    with build_folder({**model_sources(firmware), "main.c": text}) as folder:
        made = str(tmp_path / "told")
        subprocess.run(
            [*host_compiler(), *WARNINGS, "-DTOLD_ON_ENTRY=hear", f"-I{folder}", str(folder / "told.c"),
             str(folder / "main.c"), "-o", made],
            check=True,
        )  # fmt: skip
    done = subprocess.run([made], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "1 1 1\n")


@pytest.mark.parametrize(("macro", "value"), [("WB_ABI", "99"), ("WB_VERSION_MAJOR", "7")])
def test_a_runtime_of_another_export_is_refused(macro: str, value: str) -> None:
    image = Image.of(random_program(3))
    firmware = Firmware.of(image, strategy=nothing(), weights=RAM, prefix="other")
    with build_folder(model_sources(firmware)) as folder:
        header = folder / "runtime" / "wb_model.h"
        line = next(each for each in header.read_text().splitlines() if f"{macro} " in each)
        header.write_text(header.read_text().replace(line, f"#define {macro} {value}"))
        done = subprocess.run(
            [*host_compiler(), "-fsyntax-only", f"-I{folder}", str(folder / "other.c")],
            capture_output=True, text=True,
        )  # fmt: skip
    assert done.returncode and "runtime/ is of another export" in done.stderr


def test_a_model_without_a_healer_is_always_well() -> None:
    image = Image.of(random_program(3))
    firmware = Firmware.of(image, strategy=nothing(), weights=RAM, prefix="plain")
    twin = Twin(host_machine([firmware]), firmware)
    twin.run(random_inputs(firmware.program, 1, 4), [Event(1, 9)])
    assert twin.status == Status.OK
