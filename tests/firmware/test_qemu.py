"""A second opinion: another compiler (GCC), another emulator (QEMU), the same samples and logs."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from batches import random_upsets
from programs import random_inputs, random_program
from random_strategies import random_strategy
from waiting import LIMIT_S

from workbench.experiments.voices.voice import open_voice
from workbench.firmware.design import RAM, Firmware
from workbench.firmware.toolchain import WARNINGS, build_folder
from workbench.firmware.twins.twin import frames_of
from workbench.firmware.writing.initialisers import numbers
from workbench.firmware.writing.source import model_sources
from workbench.healing.log import Diagnosis, LogEntry, Remedy, Verdict
from workbench.healing.simulation import simulate
from workbench.healing.strategies.variants import strategy_variant
from workbench.memory.faults.events import Event
from workbench.memory.image import Image

FRAMES = 12
SMALL = next(p for p in map(random_program, range(99)) if Image.of(p).layout.working_bytes > 600)
GCC, QEMU = "arm-none-eabi-gcc", "qemu-system-arm"
CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33")
needs_qemu = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in (GCC, QEMU)),
    reason=f"{GCC} or {QEMU}, which give a second opinion on the firmware, are not installed",
)

LINKER = """
MEMORY { CODE (rx) : ORIGIN = 0, LENGTH = 4M  DATA (rw) : ORIGIN = 0x20000000, LENGTH = 4M }
ENTRY(reset)
SECTIONS
{
    .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) } > CODE
    .data : { *(.data*) *(.bss*) *(COMMON) } > DATA
}
"""
# Semihosting: SYS_WRITE0 is 4, SYS_EXIT 0x18 with ADP_Stopped_ApplicationExit.
START = """
#include <stddef.h>
#include <stdint.h>
void reset(void);
void run(void);
void put(uint32_t word);
static void call(int what, const void *with)
{
    register int r0 __asm__("r0") = what;
    register const void *r1 __asm__("r1") = with;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}
void put(uint32_t word)
{
    static char text[10];
    for (int i = 0; i < 8; i++) {
        text[i] = "0123456789abcdef"[word >> (28 - 4 * i) & 15];
    }
    text[8] = '\\n';
    call(4, text);
}
void reset(void)
{
    run();
    call(0x18, (const void *)0x20026);
    for (;;) {
    }
}
__attribute__((section(".vectors"), used)) static const struct {
    uintptr_t stack;
    void (*first)(void);
} vectors = {0x20400000, reset};
"""


def _main(firmware: Firmware, number: int, inputs: dict, upsets: list[Event]) -> str:
    """A C function that runs one schedule and prints every output code and every log entry."""
    name, program = firmware.prefix, firmware.program
    arguments, tables = [], []
    for given in program.inputs:
        signal = program.signal(given)
        symbol = f"in_{number}_{firmware.inputs.of(given)}"
        kind = {8: "int8_t", 16: "int16_t", 32: "int32_t"}[signal.bits]
        values = inputs[given].reshape(-1)
        tables.append(f"static const {kind} {symbol}[] = {{\n{numbers(values)}\n}};")
        arguments.append(f"{symbol} + frame * {signal.rate * signal.channels}, ")
    hits = "".join(
        f"        if (frame == {u.frame}) ((unsigned char *)&device_{number}.memory)"
        f"[{u.position // 8}] ^= {1 << u.position % 8};\n"
        for u in upsets
    )
    output = program.signal(program.output)
    kind = {8: "int8_t", 16: "int16_t"}[output.bits]
    count = output.rate * output.channels
    return f"""
#include "{name}.h"
{chr(10).join(tables)}
static {name}_instance device_{number};
static {kind} output_{number}[{count}];
void run_{number}(void);
void put(uint32_t word);
void run_{number}(void)
{{
    {name}_init(&device_{number});
    for (uint32_t frame = 0; frame < {FRAMES}; frame++) {{
{hits}        {name}_step(&device_{number}, {"".join(arguments)}output_{number});
        for (uint32_t i = 0; i < {count}; i++) {{
            put((uint32_t)output_{number}[i]);
        }}
    }}
    wb_counts counts;
    wb_log_entry e;
    uint32_t next = 0;
    {name}_counts(&device_{number}, &counts);
    put(counts.written);
    while ({name}_log_next(&device_{number}, &next, &e)) {{
        put(e.frame);
        put(e.unit);
        put((uint32_t)e.area << 24 | (uint32_t)e.diagnosis << 16 | (uint32_t)e.remedy << 8 | e.verdict);
    }}
}}
"""


@needs_qemu
def test_gcc_and_qemu_log_the_same(tmp_path: Path) -> None:
    results, sources = [], {"start.c": START, "chip.ld": LINKER}
    for number in range(12):
        program = random_program(500 + number, operators=3 + number % 6)
        if not Image.of(program).layout.working_bytes:
            continue
        strategy = random_strategy(500 + number, program)
        firmware = Firmware.of(
            strategy.image(program), strategy=strategy, weights=RAM, prefix=f"q{number}"
        )
        inputs = random_inputs(program, number, FRAMES)
        sram = 8 * firmware.layout.sram_bytes
        upsets = [
            u for u in random_upsets(firmware.image, number, frames=FRAMES, count=10)
            if u.position < sram
        ][: firmware.log_entries]  # fmt: skip
        result = simulate(firmware.image, inputs, upsets, strategy)
        if len(result.log) > firmware.log_entries:
            continue  # the ring would hide the first
        sources |= model_sources(firmware) | {
            f"run_{number}.c": _main(firmware, number, inputs, upsets)
        }
        results.append((number, firmware, inputs, result))
    assert len(results) > 5 and sum(len(result.log) for *_, result in results) > 5
    calls = "\n".join(f"void run_{n}(void);" for n, *_ in results)
    body = "".join(f"    run_{n}();\n" for n, *_ in results)
    sources["run.c"] = f"{calls}\nvoid run(void);\nvoid run(void)\n{{\n{body}}}\n"
    words = iter(_run(sources, tmp_path / "device.elf"))
    for _, firmware, inputs, result in results:
        bits = firmware.program.signal(firmware.program.output).bits
        expected = [int(code) % 2**32 for code in result.codes.reshape(-1)]
        assert [next(words) for _ in expected] == expected, firmware.strategy
        assert len(frames_of(firmware, inputs)) == FRAMES and bits in (8, 16)
        entries = [_entry(next(words), next(words), next(words)) for _ in range(next(words))]
        assert entries == list(result.log)


def _run(sources: dict[str, str], elf: Path) -> list[int]:
    with build_folder(sources) as folder:
        files = sorted(str(path) for path in folder.glob("*.c"))
        subprocess.run(
            [GCC, "-mcpu=cortex-m4", "-mthumb", "-O2", "-std=gnu11", f"-I{folder}", "-nostartfiles",
             "-specs=nosys.specs", "-T", str(folder / "chip.ld"), *files, "-o", str(elf)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    done = subprocess.run(
        [QEMU, "-M", "mps2-an386", "-nographic", "-semihosting-config", "enable=on,target=native",
         "-kernel", str(elf)],
        capture_output=True, text=True, timeout=LIMIT_S,
    )  # fmt: skip
    assert "qemu" not in done.stderr, done.stderr[:500]
    return [int(line, 16) for line in (done.stdout + done.stderr).split()]


def _entry(frame: int, unit: int, rest: int) -> LogEntry:
    return LogEntry(
        frame, rest >> 24, unit, Diagnosis(rest >> 16 & 255), Remedy(rest >> 8 & 255),
        Verdict(rest & 255),
    )  # fmt: skip


@needs_qemu
@pytest.mark.parametrize("name", ["crc-scrub", "relocating", "abft-two-speeds", "parity-zero"])
def test_gcc_has_no_complaint_on_any_core(name: str, tmp_path: Path) -> None:
    """About the voice as it is exported, and other healers of a network that is small to compile."""
    program = open_voice().program if name == "crc-scrub" else SMALL
    strategy, _ = strategy_variant(name, program, {})
    image = strategy.image(program)
    firmware = Firmware.of(image, strategy=strategy, weights=RAM, prefix="model")
    with build_folder(model_sources(firmware)) as folder:
        for core in CORES:
            subprocess.run(
                [GCC, f"-mcpu={core}", "-mthumb", "-Os", *WARNINGS, f"-I{folder}", "-c",
                 str(folder / "model.c"), "-o", str(tmp_path / f"{core}.o")],
                check=True,
            )  # fmt: skip
    assert np.all([(tmp_path / f"{core}.o").stat().st_size > 10_000 for core in CORES])
