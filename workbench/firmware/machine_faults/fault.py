"""A fault of the whole machine, and the sites and moments among which it is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.firmware.emulation.emulator import FLASH_START, RAM_START, STACK_TOP
from workbench.firmware.machine_faults.registers import Register

MEMORY, STACK, FLASH, REGISTER, SKIP = "RAM", "stack", "flash", "register", "skip"
KINDS = (MEMORY, STACK, FLASH, REGISTER, SKIP)


@dataclass(frozen=True)
class MachineFault:
    """One bit that flips, or one instruction that is not executed, while a frame is computed.

    kind: one of KINDS. frame: from 0. instruction: of that frame, from 0, before which it happens. address: of the
    byte of RAM, stack or flash. register: its name. bit: of the byte or register. What a kind has not is 0 or "".
    """

    kind: str
    frame: int
    instruction: int
    address: int = 0
    register: str = ""
    bit: int = 0


@dataclass(frozen=True, eq=False)
class Sites:
    """All that can be hit, and when.

    flash_bytes: code and constants. ram_bytes: variables, log and buffers. stack_bytes: the deepest that a clean
    run was. registers: of the core. instructions: int64 [frames] of a clean run, for those that can be hit.
    """

    flash_bytes: int
    ram_bytes: int
    stack_bytes: int
    registers: tuple[Register, ...]
    instructions: np.ndarray

    def draw(self, kind: str, *, seed: int, number: int) -> MachineFault:
        """Fault `number` of a kind: any instruction of the run and any bit, all equally likely."""
        rng = np.random.default_rng([seed, KINDS.index(kind), number])
        ends = np.cumsum(self.instructions)
        moment = int(rng.integers(ends[-1]))
        frame = int(np.searchsorted(ends, moment, side="right"))
        instruction = moment - int(ends[frame] - self.instructions[frame])
        if kind == SKIP:
            return MachineFault(kind, frame, instruction)
        if kind == REGISTER:
            sites = [(register.name, bit) for register in self.registers for bit in register.bits]
            name, bit = sites[int(rng.integers(len(sites)))]
            return MachineFault(kind, frame, instruction, register=name, bit=bit)
        start, size = {
            MEMORY: (RAM_START, self.ram_bytes),
            STACK: (STACK_TOP - self.stack_bytes, self.stack_bytes),
            FLASH: (FLASH_START, self.flash_bytes),
        }[kind]
        place = int(rng.integers(8 * size))
        return MachineFault(kind, frame, instruction, address=start + place // 8, bit=place % 8)
