"""An emulated chip on which faults strike before any instruction, with a watchdog timer, and that can be taken back.

The emulator runs blocks of code that it has translated. A call pauses before the block that holds the
instruction; the bit flips by a hook before that instruction alone, or before the IT instruction that makes it
conditional; then the call goes on at full speed. A skipped instruction does nothing while its block runs once. A bit of
flash flips before the block.

The watchdog counts instructions. A program writes after how many it bites to WATCHDOG + 8, and to WATCHDOG the keys
0xcccc to start and 0xaaaa to feed it, as those of an STM32's independent watchdog. It bites where a block of code begins that
would take it beyond its time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from enum import Enum
from functools import partial
from itertools import takewhile
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
    covered_by,
    instructions_of,
    nothing_of,
    registers_of,
)

WATCHDOG = 0x4000_3000
_MOST_BLOCK_BYTES = 4096
_PAGE_BYTES = 4096


class Ending(Enum):
    """How a call ended."""

    RETURNED = "returned"
    CRASHED = "crash"
    HUNG = "hang"


class StruckMachine(EmulatedMachine):
    """A chip that faults strike.

    struck: name of the function that ran when the first fault of a call came. limit: of instructions, after which a call
    hangs while no watchdog runs.
    """

    def __init__(self, elf: Path, core: Core) -> None:
        super().__init__(elf, core)
        self._core = core
        self.registers = registers_of(core)
        self.struck = ""
        self._watchdog = np.zeros(_PAGE_BYTES // 4, np.uint32)
        self._map_watchdog()
        self._left = 0
        self._fresh = self._uc.context_save()
        self._damaged: dict[int, int] = {}  # bytes of flash as they were, by their index
        names = {at: name for name, at in self._symbols.items() if at and name[0] != "$"}
        self._starts = sorted(names)
        self._names = [names[at] for at in self._starts]

    def moment(self) -> np.ndarray:
        """A copy of all RAM but the stack, uint8 [ram_bytes], for `take_back`."""
        return self._ram[: self.ram_bytes].copy()

    def take_back(self, moment: np.ndarray) -> None:
        """RAM as it was at a moment, an empty stack, whole flash, and a core and a watchdog that were just reset."""
        self._ram[: self.ram_bytes] = moment
        self._ram[self.ram_bytes :] = STACK_PAINT
        for index, value in self._damaged.items():
            self._flash[index] = value
            self._forget(FLASH_START + index, 1)
        self._damaged = {}
        self._uc.context_restore(self._fresh)
        self.restart()

    @property
    def flash_is_whole(self) -> bool:
        """Whether no bit of flash has flipped since it was taken back."""
        return not self._damaged

    def watch(self, period: int) -> None:
        """Start the watchdog: it bites so many instructions after it was fed, from call to call, until it is stopped by 0."""
        self._counter.counts.watching = period
        self.restart()

    def restart(self) -> None:
        """What a reset does to the watchdog: all of its time is left."""
        self._left = self._counter.counts.watching or self.limit

    def run(self, function: str, *faults: MachineFault, sure: bool = True) -> Ending:
        """Call a function without arguments, and let faults, sorted by instruction, come while it runs.

        sure: whether one at least comes; WorkbenchError where it ends before.
        """
        uc, registers, counts = self._uc, self._registers, self._counter.counts
        self.struck = ""
        self._counter.arm([])
        counts.limit = self._left if counts.watching else self.limit
        uc.reg_write(registers.stack, STACK_TOP)
        uc.reg_write(registers.link, RETURN | self._thumb)
        ending = self._strike(self.symbol(function), faults, sure)
        self.instructions = counts.instructions
        self._left = max(0, counts.limit - counts.instructions)
        return ending

    def executed(self, function: str, symbol: str) -> list[tuple[int, int]]:
        """Call a function, and list what it executes of the code behind a symbol: number and address of each instruction.

        An instruction whose condition is false counts as well.
        """
        start = self.symbol(symbol)
        place = bisect_right(self._starts, start)
        stop = self._starts[place] if place < len(self._starts) else start + 1
        made: list[tuple[int, int]] = []

        def trace(_: Any, block: int, size: int, __: Any) -> None:
            instructions = instructions_of(self._flash[block - FLASH_START :][:size], self._core)
            first = self._counter.counts.instructions - len(instructions)  # it has been counted
            made.extend((first + n, block + each.start) for n, each in enumerate(instructions))

        hook = self._uc.hook_add(self._unicorn.UC_HOOK_BLOCK, trace, begin=start, end=stop - 1)
        self._forget(start, stop - start)
        try:
            self.run(function)
        finally:
            self._uc.hook_del(hook)
            self._forget(start, stop - start)
        return made

    @property
    def functions(self) -> list[str]:
        """Names of its functions, sorted."""
        return sorted(self._functions)

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

    def _map_watchdog(self) -> None:
        keeps = self._unicorn.UC_PROT_READ | self._unicorn.UC_PROT_WRITE
        registers = self._watchdog.ctypes.data
        self._uc.mem_map_ptr(WATCHDOG, _PAGE_BYTES, keeps, registers)
        self._counter.counts.watchdog = registers
        self._hook(
            self._unicorn.UC_HOOK_MEM_WRITE, "counter_watchdog", first=WATCHDOG, last=WATCHDOG
        )

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
        return Ending.RETURNED if at_end and counts.instructions <= counts.limit else Ending.HUNG

    def _strike(self, start: int, faults: Sequence[MachineFault], sure: bool) -> Ending:
        counts = self._counter.counts
        at, waiting = start, list(faults)
        while waiting:
            ending = self._go(at, pause=waiting[0].instruction)
            if ending is not None:
                if sure and len(waiting) == len(faults):
                    raise WorkbenchError(
                        f"there is no instruction {waiting[0].instruction:,} in this frame, which has "
                        f"{counts.instructions:,}; choose a smaller one"
                    )
                return ending
            at = counts.paused_at
            ending, came = self._through(at, counts.paused_bytes, waiting)
            waiting = waiting[came:]
            if ending is not None:
                return ending
            at = counts.paused_at
        ending = self._go(at)
        assert ending is not None  # nothing pauses it
        return ending

    def _through(
        self, block: int, size: int, faults: Sequence[MachineFault]
    ) -> tuple[Ending | None, int]:
        """Run a block once, or not yet where its flash flips first; how it ended, None for a pause, and how many came."""
        done = self._counter.counts.instructions
        code = self._flash[block - FLASH_START :][:size]
        covered = 0 if self._core.risc_v else covered_by(self._status())
        instructions = instructions_of(code, self._core, covered=covered)
        self.struck = self.struck or self.symbol_at(
            block + instructions[faults[0].instruction - done].start
        )
        if faults[0].part == FLASH:
            self._flip_flash(faults[0])
            return None, 1
        whole, hooks = code.copy(), []
        came = list(
            takewhile(
                lambda f: f.instruction < done + len(instructions) and f.part != FLASH, faults
            )
        )
        for fault in came:
            number = fault.instruction - done
            if fault.part == SKIP:
                each = instructions[number]
                code[each.start :][: each.size] = nothing_of(each, self._core)
                continue
            # The emulator has tested the condition of an instruction before its hook runs.
            earlier = (each for each in instructions[number::-1] if not each.conditional)
            at = block + next(earlier, instructions[0]).start
            flip = partial(self._flip, fault)
            hooks.append(self._uc.hook_add(self._unicorn.UC_HOOK_CODE, flip, begin=at, end=at))
        self._forget(block, size)
        try:
            return self._go(block, passes=1, pause=0), len(came)
        finally:
            code[:] = whole
            for hook in hooks:
                self._uc.hook_del(hook)
            self._forget(block, size)

    def _flip(self, fault: MachineFault, *_: Any) -> None:
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
