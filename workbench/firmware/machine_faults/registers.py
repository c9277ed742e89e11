"""Registers of a core whose bits can flip, and how its instructions lie in flash."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench.firmware.boards import Core
from workbench.firmware.emulation.emulator import component

COUNTER = "pc"
_WORD_BITS = 32
_FLAGS = range(28, 32)  # overflow, carry, zero, negative


class Register(NamedTuple):
    """number: that the emulator knows it by. bits: that it has."""

    name: str
    number: int
    bits: range


def registers_of(core: Core) -> tuple[Register, ...]:
    """Of the program, the counter and, on Arm, the flags: whatever an instruction can read or write."""
    word, addresses = range(_WORD_BITS), range(1, _WORD_BITS)  # instructions lie at even addresses
    if core.risc_v:
        names = component("unicorn.riscv_const")
        general = [(f"x{n}", getattr(names, f"UC_RISCV_REG_X{n}")) for n in range(1, 32)]
        counter = names.UC_RISCV_REG_PC
        flags = []
    else:
        names = component("unicorn.arm_const")
        general = [(f"r{n}", getattr(names, f"UC_ARM_REG_R{n}")) for n in range(13)]
        general += [("sp", names.UC_ARM_REG_SP), ("lr", names.UC_ARM_REG_LR)]
        counter = names.UC_ARM_REG_PC
        flags = [Register("flags", names.UC_ARM_REG_CPSR, _FLAGS)]
    return (
        *(Register(name, number, word) for name, number in general),
        Register(COUNTER, counter, addresses),
        *flags,
    )


class Instruction(NamedTuple):
    """start, size: where it lies in its block, bytes. conditional: whether an IT instruction covers it."""

    start: int
    size: int
    conditional: bool


def instructions_of(code: np.ndarray, core: Core, *, covered: int = 0) -> list[Instruction]:
    """The instructions of a block of code, uint8 [bytes].

    covered: how many of the first an IT instruction before the block makes conditional.
    """
    found, at = [], 0
    while at < len(code):
        first = int(code[at]) | int(code[at + 1]) << 8
        two = first & 3 == 3 if core.risc_v else first >> 11 >= 0x1D
        found.append(Instruction(at, 4 if two else 2, covered > 0))
        covered = max(0, covered - 1)
        if not core.risc_v and first & 0xFF00 == 0xBF00 and first & 15:
            covered = 4 - (first & -first).bit_length() + 1  # by the lowest bit of its mask
        at += found[-1].size
    return found


def nothing_of(instruction: Instruction, core: Core) -> np.ndarray:
    """What does nothing in the place of an instruction, uint8 [size]."""
    if core.risc_v:
        code = b"\x01\x00" * (instruction.size // 2)  # C.NOP
    elif instruction.conditional and instruction.size == 4:
        code = b"\xaf\xf3\x00\x80"  # NOP.W: two would be one too many for the IT instruction
    else:
        code = b"\x00\xbf" * (instruction.size // 2)  # NOP; a Cortex-M0+ has no wide one
    return np.frombuffer(code, np.uint8)


def covered_by(status: int) -> int:
    """How many instructions an IT instruction still covers, from the status register as the emulator has it."""
    state = status >> 25 & 3 | status >> 8 & 0xFC
    mask = state & 15
    return 4 - (mask & -mask).bit_length() + 1 if mask else 0
