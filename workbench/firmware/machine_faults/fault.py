"""A fault of the whole machine, and the sites and moments among which it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.firmware.emulation.emulator import FLASH_START, RAM_START, STACK_TOP
from workbench.firmware.machine_faults.registers import Register

MEMORY, STACK, FLASH, REGISTER, SKIP = "RAM", "stack", "flash", "register", "skip"
# A bit of stack or register, or an instruction, while the healer repairs a weight.
REPAIR = "repair"
KINDS = (MEMORY, STACK, FLASH, REGISTER, SKIP, REPAIR)


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

    @property
    def part(self) -> str:
        """What is hit: MEMORY (the stack too), FLASH, REGISTER or SKIP."""
        if self.register:
            return REGISTER
        if not self.address:
            return SKIP
        return MEMORY if self.address >= RAM_START else FLASH


@dataclass(frozen=True, eq=False)
class Sites:
    """All that can be hit, and when.

    flash_bytes: code and constants. ram_bytes: variables, log and buffers. stack_bytes: the deepest that a clean
    run was. registers: of the core. instructions: int64 [frames] of a clean run, for those that can be hit. repair:
    the frame in which the healer repairs a weight, and the instructions of it that it takes more than in a clean run,
    from the first to behind the last; None where it repairs none.
    """

    flash_bytes: int
    ram_bytes: int
    stack_bytes: int
    registers: tuple[Register, ...]
    instructions: np.ndarray
    repair: tuple[int, int, int] | None

    def draw(self, kind: str, *, seed: int, number: int) -> MachineFault:
        """Fault `number` of a kind: any of `instructions` and any bit, all equally likely.

        Of REPAIR any instruction of the repair; stack, register and skipped instruction are equally likely.
        """
        (fault,) = self.draws(kind, seed=seed, number=number, count=1)
        return fault

    def draws(self, kind: str, *, seed: int, number: int, count: int) -> list[MachineFault]:
        """So many faults of a kind, drawn like one and apart from each other, that strike one device, by time."""
        rng = np.random.default_rng([seed, KINDS.index(kind), number])
        return sorted(
            (self._drawn(rng, kind) for _ in range(count)),
            key=lambda fault: (fault.frame, fault.instruction),
        )

    def _drawn(self, rng: np.random.Generator, kind: str) -> MachineFault:
        if kind == REPAIR:
            assert self.repair is not None  # whoever draws has asked
            frame, first, behind = self.repair
            part = (STACK, REGISTER, SKIP)[int(rng.integers(3))]
            return MachineFault(
                kind, frame, int(rng.integers(first, behind)), **self._site(rng, part)
            )
        ends = np.cumsum(self.instructions)
        moment = int(rng.integers(ends[-1]))
        frame = int(np.searchsorted(ends, moment, side="right"))
        instruction = moment - int(ends[frame] - self.instructions[frame])
        return MachineFault(kind, frame, instruction, **self._site(rng, kind))

    def _site(self, rng: np.random.Generator, kind: str) -> dict[str, Any]:
        """Fields of a fault that say where it strikes."""
        if kind == SKIP:
            return {}
        if kind == REGISTER:
            sites = [(register.name, bit) for register in self.registers for bit in register.bits]
            name, bit = sites[int(rng.integers(len(sites)))]
            return {"register": name, "bit": bit}
        start, size = {
            MEMORY: (RAM_START, self.ram_bytes),
            STACK: (STACK_TOP - self.stack_bytes, self.stack_bytes),
            FLASH: (FLASH_START, self.flash_bytes),
        }[kind]
        place = int(rng.integers(8 * size))
        return {"address": start + place // 8, "bit": place % 8}
