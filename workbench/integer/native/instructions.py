"""Which instructions the native engine can use, and which of them this processor has.

$WORKBENCH_KERNELS chooses, so that one machine can try what others run; results are the same with all
of them. "auto" takes the first of KERNELS that the processor has. x86-64: "vnni" (dot products of bytes,
AVX-512), "avx512", "avxvnni" (dot products of bytes, 256 bits), "avx2". 64-bit ARM: "dotprod" (dot
products of bytes), "neon". "plain" is plain C for any processor, and the definition of the others.
"""

from __future__ import annotations

import os
import platform
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workbench.errors import WorkbenchError

AUTO = "auto"
_VARIABLE = "WORKBENCH_KERNELS"
_X86, _ARM = ("x86_64", "amd64"), ("aarch64", "arm64")
_AVX2 = ("avx2", "bmi1", "bmi2")
_AVX512 = (*_AVX2, "avx512f", "avx512bw", "avx512vl", "avx512dq")


@dataclass(frozen=True)
class Instructions:
    """One choice of instructions.

    Attributes:
        machines: Names of `platform.machine()`, in lower case; empty for all.
        needs: Features that the processor must have, as /proc/cpuinfo of Linux names them.
        options: For GCC and clang.
        zig_cpu: For zig, which otherwise takes all that it finds; after the name of the baseline.
    """

    machines: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    zig_cpu: str = ""

    def run_here(self) -> bool:
        """Whether this processor has them."""
        machine = platform.machine().lower()
        return (not self.machines or machine in self.machines) and _features() >= set(self.needs)


def _x86(*needs: str) -> Instructions:
    named = [need.replace("_", "").replace("bmi1", "bmi") for need in needs]
    return Instructions(
        _X86, needs, tuple(f"-m{name}" for name in named), "".join(f"+{name}" for name in named)
    )


# The fastest first.
INSTRUCTIONS = {
    "vnni": _x86(*_AVX512, "avx512_vnni"),
    "avx512": _x86(*_AVX512),
    "avxvnni": _x86(*_AVX2, "avx_vnni"),
    "avx2": _x86(*_AVX2),
    "dotprod": Instructions(_ARM, ("asimd", "asimddp"), ("-march=armv8.2-a+dotprod",), "+dotprod"),
    "neon": Instructions(_ARM, ("asimd",)),
    "plain": Instructions(),
}
KERNELS = (AUTO, *INSTRUCTIONS)


def kernels_asked_for() -> str:
    """One of KERNELS: what $WORKBENCH_KERNELS says, "auto" when it says nothing; else WorkbenchError."""
    asked = os.environ.get(_VARIABLE) or AUTO
    if asked not in KERNELS:
        raise WorkbenchError(
            f"there are no kernels {asked!r}, which ${_VARIABLE} asks for; set it to one of "
            f"{', '.join(KERNELS)}"
        )
    return asked


def candidates(kernels: str) -> tuple[str, ...]:
    """What to compile, the fastest first, for one of KERNELS; WorkbenchError for what this processor lacks."""
    here = tuple(name for name, each in INSTRUCTIONS.items() if each.run_here())
    if kernels == AUTO:
        return here
    if kernels not in here:
        raise WorkbenchError(
            f"this processor does not have what the kernels {kernels!r} need; set ${_VARIABLE} to "
            f"one of {', '.join((AUTO, *here))}"
        )
    return (kernels,)


def compiler_options(kernels: str, *, zig: bool, machine: str | None = None) -> list[str]:
    """Options that make a compiler use these instructions. kernels: of INSTRUCTIONS."""
    chosen = INSTRUCTIONS[kernels]
    define = f"-DWB_USE_{kernels.upper()}"
    if not zig:
        return [define, *chosen.options]
    baseline = "x86_64" if (machine or platform.machine()).lower() in _X86 else "generic"
    return [define, f"-mcpu={baseline}{chosen.zig_cpu}"]


def processor_name() -> str:
    """As the processor calls itself; the kind of machine where it does not."""
    names = _told_by_linux("model name") or [platform.processor() or platform.machine()]
    return names[0]


@cache
def _features() -> frozenset[str]:
    if platform.system() == "Darwin":
        return _told_by_macos()
    return frozenset(" ".join(_told_by_linux("flags", "Features")).split())


def _told_by_linux(*properties: str) -> list[str]:
    """Values of these lines of /proc/cpuinfo, once each."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    pairs = (line.partition(":") for line in lines)
    return list(
        dict.fromkeys(value.strip() for name, _, value in pairs if name.strip() in properties)
    )


def _told_by_macos() -> frozenset[str]:
    """Under Linux's names: every 64-bit ARM there has `asimd`, and `asimddp` where FEAT_DotProd is 1."""
    names = ("machdep.cpu.features", "machdep.cpu.leaf7_features", "hw.optional.arm.FEAT_DotProd")
    told = {}
    for name in names:
        with suppress(OSError, subprocess.SubprocessError):
            told[name] = subprocess.run(
                ["sysctl", "-n", name], capture_output=True, text=True, check=True
            ).stdout.strip()
    arm = ["asimd"] if platform.machine().lower() in _ARM else []
    if told.pop(names[-1], "0") == "1":
        arm.append("asimddp")
    x86 = " ".join(told.values()).lower().replace("avx512vnni", "avx512_vnni").split()
    return frozenset(arm + x86)
