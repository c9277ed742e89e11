"""An emulated chip on which a fault strikes before any instruction, and that can be taken back.

The emulator runs blocks of code that it has translated. A call pauses before the block that holds the
instruction; the bit flips by a hook before that instruction alone, or before the IT instruction that makes it
conditional; then the call goes on at full speed. A skipped instruction does nothing while its block runs once. A bit of
flash flips before the block.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.firmware.boards import Core
from workbench.firmware.emulation.emulator import (
    FLASH_START,
    NEVER,
    RAM_START,
    RETURN,
    STACK_PAINT,
    STACK_TOP,
    EmulatedMachine,
)
from workbench.firmware.machine_faults.fault import FLASH, REGISTER, SKIP, MachineFault
from workbench.firmware.machine_faults.registers import (
    COUNTER,
    Instruction,
    covered_by,
    instructions_of,
    nothing_of,
    registers_of,
)

_MOST_BLOCK_BYTES = 4096


class Ending(Enum):
    """How a call ended."""

    RETURNED = "returned"
    CRASHED = "crash"
    HUNG = "hang"


class StruckMachine(EmulatedMachine):
    """A chip that faults strike.

    struck: name of the function that ran when the last fault came. limit: of instructions, after which a call hangs.
    """

    def __init__(self, elf: Path, core: Core) -> None:
        super().__init__(elf, core)
        self._core = core
        self.registers = registers_of(core)
        self.struck = ""
        self._fresh = self._uc.context_save()
        self._damaged: dict[int, int] = {}  # bytes of flash as they were, by their index
        names = {at: name for name, at in self._symbols.items() if at and name[0] != "$"}
        self._starts = sorted(names)
        self._names = [names[at] for at in self._starts]

    def moment(self) -> np.ndarray:
        """A copy of all RAM but the stack, uint8 [ram_bytes], for `take_back`."""
        return self._ram[: self.ram_bytes].copy()

    def take_back(self, moment: np.ndarray) -> None:
        """RAM as it was at a moment, an empty stack, whole flash, and a core that was just reset."""
        self._ram[: self.ram_bytes] = moment
        self._ram[self.ram_bytes :] = STACK_PAINT
        for index, value in self._damaged.items():
            self._flash[index] = value
            self._forget(FLASH_START + index, 1)
        self._damaged = {}
        self._uc.context_restore(self._fresh)

    @property
    def flash_is_whole(self) -> bool:
        """Whether no bit of flash has flipped since it was taken back."""
        return not self._damaged

    def run(self, function: str, fault: MachineFault | None = None) -> Ending:
        """Call a function without arguments, and let a fault come while it runs.

        Raises WorkbenchError where it ends before the fault comes.
        """
        uc, registers = self._uc, self._registers
        self._counter.arm([])
        self._counter.counts.limit = self.limit
        uc.reg_write(registers.stack, STACK_TOP)
        uc.reg_write(registers.link, RETURN | self._thumb)
        start = self.symbol(function)
        ending = self._to_end(start) if fault is None else self._strike(start, fault)
        self.instructions = self._counter.counts.instructions
        return ending

    def symbol_at(self, address: int) -> str:
        """The symbol that an address belongs to."""
        return self._names[max(0, bisect_right(self._starts, address) - 1)]

    def address_of(self, view: np.ndarray) -> int:
        """Where a view of memory begins."""
        for memory, start in ((self._ram, RAM_START), (self._flash, FLASH_START)):
            offset = view.ctypes.data - memory.ctypes.data
            if 0 <= offset < len(memory):
                return start + offset
        raise ValueError("no view of this chip's memory")

    def _go(self, start: int, *, passes: int = 0, pause: int = NEVER) -> Ending | None:
        """Run from `start` on; None where it paused. passes, pause: see `counter.c`."""
        counts = self._counter.counts
        counts.passes, counts.pause, counts.paused_at = passes, pause, 0
        try:
            self._uc.emu_start(start | self._thumb, RETURN)
        except self._unicorn.UcError:
            return Ending.CRASHED
        if counts.paused_at:
            return None
        at_end = self._uc.reg_read(self._registers.counter) == RETURN
        return Ending.RETURNED if at_end and counts.instructions <= self.limit else Ending.HUNG

    def _to_end(self, start: int) -> Ending:
        ending = self._go(start)
        assert ending is not None  # nothing pauses it
        return ending

    def _strike(self, start: int, fault: MachineFault) -> Ending:
        counts = self._counter.counts
        if self._go(start, pause=fault.instruction) is not None:
            raise WorkbenchError(
                f"there is no instruction {fault.instruction:,} in this frame, which has {counts.instructions:,}; "
                "choose a smaller one"
            )
        block, size = counts.paused_at, counts.paused_bytes
        code = self._flash[block - FLASH_START :][:size]
        covered = 0 if self._core.risc_v else covered_by(self._status())
        instructions = instructions_of(code, self._core, covered=covered)
        number = fault.instruction - counts.instructions
        self.struck = self.symbol_at(block + instructions[number].start)
        if fault.part == FLASH:
            self._flip_flash(fault)
            return self._to_end(block)
        if fault.part == SKIP:
            ending = self._without(block, instructions[number])
        else:
            # The emulator has tested the condition of an instruction before its hook runs.
            earlier = (each for each in instructions[number::-1] if not each.conditional)
            ending = self._before(block, size, next(earlier, instructions[0]), fault)
        return ending or self._to_end(counts.paused_at)

    def _without(self, block: int, instruction: Instruction) -> Ending | None:
        """Run a block once, one of its instructions left out."""
        at = block + instruction.start
        place = self._flash[at - FLASH_START :][: instruction.size]
        stored = place.copy()
        place[:] = nothing_of(instruction, self._core)
        self._forget(at, instruction.size)
        try:
            return self._go(block, passes=1, pause=0)
        finally:
            place[:] = stored
            self._forget(at, instruction.size)

    def _before(
        self, block: int, size: int, instruction: Instruction, fault: MachineFault
    ) -> Ending | None:
        """Run a block once, the fault before one of its instructions."""
        at = block + instruction.start
        hook = self._uc.hook_add(
            self._unicorn.UC_HOOK_CODE, lambda *_: self._flip(fault), begin=at, end=at
        )
        self._forget(block, size)
        try:
            return self._go(block, passes=1, pause=0)
        finally:
            self._uc.hook_del(hook)
            self._forget(block, size)

    def _flip(self, fault: MachineFault) -> None:
        """Invert the bit of a fault, at once."""
        if fault.part != REGISTER:
            self._ram[fault.address - RAM_START] ^= 1 << fault.bit
            return
        number = next(each.number for each in self.registers if each.name == fault.register)
        value = self._uc.reg_read(number) ^ 1 << fault.bit
        self._uc.reg_write(number, value | self._thumb if fault.register == COUNTER else value)

    def _flip_flash(self, fault: MachineFault) -> None:
        index = fault.address - FLASH_START
        self._damaged.setdefault(index, int(self._flash[index]))
        self._flash[index] ^= 1 << fault.bit
        self._forget(fault.address, 1)

    def _forget(self, address: int, size: int) -> None:
        """Translate these bytes of code anew, and count their instructions again."""
        self._uc.ctl_remove_cache(address, address + size)
        self._counter.forget(address - _MOST_BLOCK_BYTES, address + size)

    def _status(self) -> Any:
        names = {each.name: each.number for each in self.registers}
        return self._uc.reg_read(names["flags"])
