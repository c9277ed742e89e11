"""The concurrency contract, an instruction at a time: a step may interrupt whoever reads the log, anywhere."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from batches import needs_emulator
from programs import random_inputs, random_program
from thoroughness import cases

from workbench.experiments.voices.voice import open_voice
from workbench.firmware.boards import CORES, Core
from workbench.firmware.design import RAM, Firmware
from workbench.firmware.emulation.emulate import emulate
from workbench.firmware.emulation.emulator import (
    RETURN,
    STACK_TOP,
    EmulatedMachine,
    Strike,
)
from workbench.firmware.toolchain import build_folder, compile_device, package_texts
from workbench.firmware.twins.twin import LOG_DTYPE, Twin, frames_of, log_entry
from workbench.firmware.writing.unit import unit_sources
from workbench.healing.strategies.named import scrub
from workbench.memory.faults.events import Event
from workbench.memory.image import Image

ROOM = 40
EVERY = cases(7, nightly=1)  # instructions between two interruptions; coprime to the loop's length
# The application's background: reads all that is there, with the numbers of the entries.
BACKGROUND = f"""#include "irq.h"
extern irq_instance irq_unit;
uint32_t numbers[{ROOM}];
wb_log_entry entries[{ROOM}];
uint32_t heard;
wb_counts counts;
void background(void);
void background(void)
{{
    uint32_t next = 0;
    heard = 0;
    while (heard < {ROOM}u && irq_log_next(&irq_unit, &next, &entries[heard])) {{
        numbers[heard++] = next - 1u;
    }}
    irq_counts(&irq_unit, &counts);
}}
"""


@contextmanager
def chip(core: Core) -> Iterator[tuple[EmulatedMachine, Firmware]]:
    """A model whose steps look at eight pages each, with the background task beside it."""
    program = next(
        p for p in map(random_program, range(99)) if Image.of(p).layout.working_bytes > 600
    )
    strategy = scrub("crc32", 8, unit_bytes=64)
    firmware = Firmware.of(strategy.image(program), strategy=strategy, weights=RAM, prefix="irq")
    device = package_texts("device")
    names = "background numbers entries heard counts irq_unit_init irq_unit_reset irq_unit_step"
    sources = {
        **unit_sources([firmware]),
        "background.c": BACKGROUND,
        "startup.c": device["device/startup.c"],
        "memory.c": device["device/memory.c"],
        "device.ld": f"{device['device/device.ld']}EXTERN({names})\n",
    }
    with build_folder(sources) as folder:
        elf = folder / "firmware.elf"
        compile_device(folder, elf, core=core, linker_script=folder / "device.ld")
        yield EmulatedMachine(elf, core), firmware


class Interrupter:
    """Runs a function, and another one in place of an interrupt before its n-th instruction."""

    def __init__(self, machine: EmulatedMachine) -> None:
        self.machine, self.uc, self.registers = machine, machine._uc, machine._registers
        self.count, self.stop_at = 0, -1
        self.uc.hook_add(machine._unicorn.UC_HOOK_CODE, self._instruction)

    def _instruction(self, uc, address, size, data) -> None:
        if self.count == self.stop_at:
            uc.emu_stop()
        self.count += 1

    def _start(self, at: int) -> None:
        self.uc.emu_start(at | self.machine._thumb, RETURN)

    def run(self, function: str, interrupt: str, after: int) -> bool:
        """Whether the function was long enough to be interrupted there."""
        self.count, self.stop_at = 0, after
        self.uc.reg_write(self.registers.stack, STACK_TOP)
        self.uc.reg_write(self.registers.link, RETURN | self.machine._thumb)
        self._start(self.machine.symbol(function))
        at = self.uc.reg_read(self.registers.counter)
        if at & ~1 == RETURN:
            return False
        self.stop_at = -1
        context = self.uc.context_save()
        self.uc.reg_write(self.registers.stack, (self.uc.reg_read(self.registers.stack) - 64) & ~7)
        self.uc.reg_write(self.registers.link, RETURN | self.machine._thumb)
        self._start(self.machine.symbol(interrupt))
        self.uc.context_restore(context)
        self._start(at)
        return True


@needs_emulator
@pytest.mark.parametrize("name", ["m0plus", "m4"])
def test_a_step_may_interrupt_whoever_reads_the_log(name: str) -> None:
    with chip(CORES[name]) as (machine, firmware):
        twin = Twin(machine, firmware)
        rng, size = np.random.default_rng(3), firmware.log_entries
        frames = frames_of(firmware, random_inputs(firmware.program, 1, 8))
        pages = firmware.layout.watches[0].units
        for codes in frames:  # the ring is full, and its next entry overwrites the oldest
            twin.flip(8 * 64 * rng.integers(pages, size=6) + rng.integers(64, size=6))
            twin.step(codes)
        assert len(twin.log) > size
        twin.flip(8 * 64 * page for page in range(pages))  # each of the next looks finds something
        before, known = machine._ram.copy(), list(twin.log)
        interrupter = Interrupter(machine)
        modulus = firmware.strategy.frame_modulus
        views = [machine.view(each, bytes_) for each, bytes_ in (("numbers", 4 * ROOM), ("entries", 12 * ROOM), ("heard", 4), ("counts", 24))]  # fmt: skip
        after, written = 0, set()
        while True:
            machine._ram[:] = before
            if not interrupter.run("background", "irq_unit_step", after):
                break
            twin.log = list(known)
            twin._collect_log()
            heard = int(views[2].view("<u4")[0])
            numbers = views[0].view("<u4")[:heard].tolist()
            entries = [log_entry(each, modulus) for each in views[1].view(LOG_DTYPE)[:heard]]
            assert entries == [twin.log[number] for number in numbers], after
            assert numbers == sorted(set(numbers)) and numbers[-1] >= len(known) - 1
            assert int(views[3].view("<u4")[0]) in (len(known), len(twin.log))
            written.add(len(twin.log) - len(known))
            after += EVERY
        assert after > 300 and written == {8}


@needs_emulator
def test_inputs_may_change_once_a_step_has_begun_and_the_output_is_written_once() -> None:
    """So that a DMA may fill the one while a frame is computed, and send the other."""
    with chip(CORES["m4"]) as (machine, firmware):
        program, unicorn = firmware.program, machine._unicorn
        codes = frames_of(firmware, random_inputs(program, 1, 1))[0]
        heard = Twin(machine, firmware).step(codes)
        quarter = machine.instructions // 4
        twin = Twin(machine, firmware)
        for name in program.inputs:
            signal = program.signal(name)
            size = signal.rate * signal.channels * signal.bits // 8
            given = machine.view(f"irq_unit_in_{firmware.inputs.of(name)}", size)
            machine.strikes += [Strike(quarter, given[n : n + 1], 0) for n in range(size)]
        written: list[int] = []
        output = program.signal(program.output)
        size = output.rate * output.channels * output.bits // 8
        first = machine.symbol("irq_unit_output")

        def seen(uc, access, address, count, value, data) -> None:
            written.extend(range(address, address + count))

        machine._uc.hook_add(unicorn.UC_HOOK_MEM_WRITE, seen, begin=first, end=first + size - 1)
        np.testing.assert_array_equal(twin.step(codes), heard)
        assert sorted(written) == list(range(first, first + size))


@needs_emulator
@pytest.mark.parametrize(("name", "said"), [("m0plus", r"(\d+) bytes\s+on a Cortex-M0\+"), ("m7", r"(\d+) on M7")])  # fmt: skip
def test_the_readme_bounds_the_stack(name: str, said: str) -> None:
    readme = package_texts("folder")["folder/README.md"]
    (bound,) = re.findall(said, readme)
    voice = open_voice()
    inputs = {each: codes[:, : 3 * voice.program.signal(each).rate] for each, codes in voice.inputs("7").items()}  # fmt: skip
    strategy, _ = voice.healer("relocating")
    upsets = [Event(0, 77), Event(1, 99999)]
    run = emulate(voice.image("relocating"), CORES[name], inputs, strategy=strategy, upsets=upsets)
    assert 0.9 * int(bound) < run.stack_bytes <= int(bound)
