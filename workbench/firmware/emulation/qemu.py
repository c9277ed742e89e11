"""Firmware on QEMU's Cortex-M55, which Unicorn does not have: output codes and instructions of every frame.

Reference: QEMU's machine mps3-an547 (Arm AN547), semihosting for the output. With `-icount shift=0` an
instruction takes a nanosecond of the machine's own time, and SysTick counts these in ticks of 31.25.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.compilers import gcc_compiler, zig_compiler
from workbench.errors import WorkbenchError
from workbench.firmware.design import Firmware, c_type
from workbench.firmware.toolchain import (
    GCC,
    WARNINGS,
    ZIG,
    build_folder,
    package_texts,
    run_compiler,
)
from workbench.firmware.twins.twin import frames_of
from workbench.firmware.writing.header import init_call
from workbench.firmware.writing.initialisers import numbers
from workbench.firmware.writing.unit import linked_sources
from workbench.integer.signals import code_dtype

_QEMU = "qemu-system-arm"
_NS_PER_TICK = 31.25  # at the machine's 32 MHz
_LONGEST_S = 600.0
_OPTIONS = ("-O2", "-fomit-frame-pointer", "-ffreestanding", "-ffunction-sections")


@dataclass(frozen=True, eq=False)
class QemuRun:
    """codes: of the output, [frames * rate, channels]. instructions: of each frame, float64 [frames], to a tick."""

    codes: np.ndarray
    instructions: np.ndarray


def has_qemu() -> bool:
    """Whether it is installed."""
    return shutil.which(_QEMU) is not None


def run_on_m55(
    firmwares: Sequence[Firmware],
    inputs: Sequence[Mapping[str, np.ndarray]],
    *,
    compiler: str = ZIG,
    defines: Sequence[str] = (),
) -> list[QemuRun]:
    """Run models with different prefixes, each on its inputs, one after the other.

    Args:
        firmwares: The models.
        inputs: Of each, whole numbers [1, frames * rate, channels] by name.
        compiler: "zig" or "gcc".
        defines: Macros for the compiler.

    Raises:
        WorkbenchError: A compiler or QEMU is missing, or inputs do not fit.
    """
    device = package_texts("device")
    sources = {name: device[f"device/{name}"] for name in ("m55.c", "m55.ld", "memory.c")}
    frames = [frames_of(firmware, given) for firmware, given in zip(firmwares, inputs, strict=True)]
    for number, (firmware, given) in enumerate(zip(firmwares, frames, strict=True)):
        sources |= linked_sources(firmware)
        sources[f"run_{number}.c"] = _runner(firmware, number, given)
    count = len(firmwares)
    calls = "".join(f"void run_{n}(void);\n" for n in range(count))
    body = "".join(f"    run_{n}();\n" for n in range(count))
    sources["runs.c"] = f"{calls}void run_all(void);\nvoid run_all(void)\n{{\n{body}}}\n"
    with build_folder(sources) as folder:
        elf = folder / "m55.elf"
        _compile(folder, elf, compiler, defines)
        lines = _output(elf)
    return [
        _collected(firmware, len(given), lines)
        for firmware, given in zip(firmwares, frames, strict=True)
    ]


def _compile(folder: Path, elf: Path, compiler: str, defines: Sequence[str]) -> None:
    if compiler == GCC:
        command = [gcc_compiler(), "-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=hard"]
        command += ["-nostartfiles", "-nolibc"]
    else:
        command = [*zig_compiler(), "-target", "thumb-freestanding-eabihf"]
        command += ["-mcpu=cortex_m55+mve", "-fno-sanitize=all"]
    macros = [f"-D{macro}" for macro in defines]
    link = ["-Wl,--gc-sections", "-T", str(folder / "m55.ld")]
    run_compiler([*command, *_OPTIONS, *WARNINGS, *macros, *link], folder, elf)


def _runner(firmware: Firmware, number: int, frames: Sequence[Mapping[str, np.ndarray]]) -> str:
    """A C function that computes the frames and prints ticks and codes of each."""
    program, name = firmware.program, firmware.prefix
    tables, arguments = [], []
    for given in program.inputs:
        signal, symbol = program.signal(given), f"given_{firmware.inputs.of(given)}"
        values = np.concatenate([frame[given].reshape(-1) for frame in frames])
        tables.append(
            f"static const {c_type(signal.bits)} {symbol}[] = {{\n{numbers(values)}\n}};\n"
        )
        arguments.append(f"{symbol} + frame * {signal.rate * signal.channels}u, ")
    output = program.signal(program.output)
    count = output.rate * output.channels
    return f"""#include "{name}.h"
{"".join(tables)}static {name}_instance device;
static {c_type(output.bits)} codes[{count}];
void run_{number}(void);
void m55_start(void);
void m55_stop(void);
void m55_print(const void *bytes, uint32_t count);
void run_{number}(void)
{{
    {init_call(firmware, "device")};
    for (uint32_t frame = 0; frame < {len(frames)}u; frame++) {{
        m55_start();
        {name}_step(&device, {"".join(arguments)}codes);
        m55_stop();
        m55_print(codes, sizeof codes);
    }}
}}
"""


def _output(elf: Path) -> list[str]:
    """What the machine prints: a line of hexadecimal digits each of ticks and of codes, in turn."""
    if not has_qemu():
        raise WorkbenchError(
            f"{_QEMU}, which runs the Cortex-M55, is not installed; install it (Debian: qemu-system-arm)"
        )
    command = [_QEMU, "-M", "mps3-an547", "-nographic", "-icount", "shift=0"]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(elf)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S)
    except subprocess.TimeoutExpired:
        raise WorkbenchError(
            "the emulated Cortex-M55 does not come back; please report it with the program"
        ) from None
    lines = (done.stdout + done.stderr).split()
    if done.returncode or "done" not in lines:
        raise WorkbenchError(
            f"the emulated Cortex-M55 stopped early ({' '.join(lines[-4:])[:200]!r}); please report it with "
            "the program"
        )
    return lines


def _collected(firmware: Firmware, frames: int, lines: list[str]) -> QemuRun:
    """Takes the model's lines from the front of `lines`."""
    output = firmware.program.signal(firmware.program.output)
    mine, lines[: 2 * frames] = lines[: 2 * frames], []
    stored = np.frombuffer(
        bytes.fromhex("".join(mine[1::2])), code_dtype(output.bits).newbyteorder("<")
    )
    ticks = np.array([int(line, 16) for line in mine[::2]], np.float64)
    return QemuRun(stored.reshape(-1, output.channels), ticks * _NS_PER_TICK)
