"""An emulated Cortex-M or RISC-V core that runs one firmware file: flash read-only, RAM apart, instructions counted.

Reference: Unicorn 2 (QEMU's translator). It counts instructions, not cycles.
"""

from __future__ import annotations

import ctypes
import importlib
import io
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from workbench.errors import WorkbenchError
from workbench.firmware.boards import Core
from workbench.firmware.toolchain import WARNINGS, build_folder, compile_shared, package_texts

# As in device/device.ld.
FLASH_START, FLASH_BYTES = 0x0800_0000, 2 << 20
RAM_START, RAM_BYTES = 0x2000_0000, 1 << 20
# Where functions return to: nothing lies there, and the emulator stops.
RETURN = FLASH_START + FLASH_BYTES - 16
STACK_TOP = RAM_START + RAM_BYTES
STACK_PAINT = 0xA5
_THUMB = 1
_TIMES = ("load", "load_after", "store", "block", "jump", "accumulate")  # of `Timing`
_BLOCK = np.dtype([("size", "u4"), ("instructions", "u4"), ("cycles", "u4")])
NEVER = 2**64 - 1  # an instruction that no call reaches
_MOST_INSTRUCTIONS = 2_000_000_000  # of a call; nothing that comes back takes as many
_ENABLE_FPU = 0x4000_0000
_EXTRA = "pip install 'self-healing-audio-workbench[mcu]'"


class _Registers(NamedTuple):
    """Numbers of the stack pointer, the link register and the program counter."""

    stack: int
    link: int
    counter: int


class Strike(NamedTuple):
    """A bit that flips while a function runs, after so many of its instructions."""

    after: int
    byte: np.ndarray  # uint8 [1], a view of RAM
    bit: int


class StuckCell(NamedTuple):
    """A bit that is always 0 or always 1."""

    byte: np.ndarray  # uint8 [1], a view of RAM
    bit: int
    value: int


class _Upset(ctypes.Structure):
    _fields_ = (
        ("after", ctypes.c_uint64),
        ("byte", ctypes.c_void_p),
        ("mask", ctypes.c_uint8),
    )


class _Cell(ctypes.Structure):
    _fields_ = (
        ("byte", ctypes.c_void_p),
        ("mask", ctypes.c_uint8),
        ("value", ctypes.c_uint8),
    )


class _Times(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint32) for name in _TIMES)


class _Counts(ctypes.Structure):
    _fields_ = (
        ("flash", ctypes.c_void_p),
        ("flash_start", ctypes.c_uint64),
        ("flash_bytes", ctypes.c_uint64),
        ("known", ctypes.c_void_p),
        ("risc_v", ctypes.c_uint64),
        ("times", _Times),
        ("end", ctypes.c_uint64),
        ("cycles", ctypes.c_uint64),
        ("instructions", ctypes.c_uint64),
        ("upsets", ctypes.POINTER(_Upset)),
        ("waiting", ctypes.c_uint64),
        ("flash_reads", ctypes.c_uint64),
        ("stuck", ctypes.POINTER(_Cell)),
        ("stuck_count", ctypes.c_uint64),
        ("limit", ctypes.c_uint64),
        ("stop", ctypes.c_void_p),
        ("passes", ctypes.c_uint64),
        ("pause", ctypes.c_uint64),
        ("paused_at", ctypes.c_uint64),
        ("paused_bytes", ctypes.c_uint64),
        ("watchdog", ctypes.c_void_p),
        ("watching", ctypes.c_uint64),
    )


class _Counter:
    """The memory of the native hooks, device/counter.c."""

    def __init__(self, flash: np.ndarray, core: Core) -> None:
        self._known = np.zeros(FLASH_BYTES // 2, _BLOCK)
        self.counts = _Counts(
            flash=flash.ctypes.data,
            flash_start=FLASH_START,
            flash_bytes=FLASH_BYTES,
            known=self._known.ctypes.data,
            risc_v=core.risc_v,
            times=_Times(*(getattr(core.timing, name) for name in _TIMES)),
            pause=NEVER,
        )

    def arm(self, strikes: Sequence[Strike]) -> None:
        """Count from zero, and let these bits, sorted by time, flip when it has come."""
        upsets = (_Upset(s.after, s.byte.ctypes.data, 1 << s.bit) for s in strikes)
        self._upsets = (_Upset * len(strikes))(*upsets)
        self.counts.instructions = self.counts.cycles = self.counts.flash_reads = 0
        self.counts.upsets = self._upsets
        self.counts.waiting = len(strikes)

    def forget(self, start: int, stop: int) -> None:
        """Count blocks that begin at these addresses anew: their code has changed."""
        first = max(0, start - FLASH_START) // 2
        self._known["size"][first : max(0, stop - FLASH_START + 1) // 2] = 0

    def hold(self, cells: Sequence[StuckCell]) -> None:
        """Let these cells, and no others, be stuck."""
        packed = (_Cell(c.byte.ctypes.data, 1 << c.bit, c.value) for c in cells)
        self._cells = (_Cell * len(cells))(*packed)
        self.counts.stuck = self._cells
        self.counts.stuck_count = len(cells)


@cache
def _hooks() -> Any:
    """The native functions that run at every jump and every read, compiled once for a process."""
    source = package_texts("device")["device/counter.c"]
    with build_folder({"counter.c": source}) as folder:
        compile_shared(folder, folder / "counter.so", options=WARNINGS)
        return ctypes.CDLL(str(folder / "counter.so"))


class EmulatedMachine:
    """A chip with a firmware in its flash; see `twin.Machine`.

    flash_bytes, ram_bytes: what the firmware occupies, the stack not counted.
    strikes: bits that flip during the next call. instructions: of the last call. cycles: estimated for them by
    the core's timing, with memory that never waits. flash_reads: bytes
    that it read of what is counted (the chip is slower then). limit: of instructions, after which a call
    is given up. Flash that is written to stops the chip.
    """

    def __init__(self, elf: Path, core: Core, *, counted: Mapping[str, int] | None = None) -> None:
        """counted: symbol -> size in bytes of constants whose reads are counted."""
        self._unicorn = component("unicorn")
        self._registers = _registers(core)
        self._thumb = 0 if core.risc_v else _THUMB
        self._flash = np.zeros(FLASH_BYTES, np.uint8)
        self._ram = np.zeros(RAM_BYTES, np.uint8)
        self._functions: set[str] = set()
        self.flash_bytes, self.ram_bytes, self._symbols = self._load(elf)
        self._uc = self._chip(core)
        self._counter = _Counter(self._flash, core)
        self._hook(self._unicorn.UC_HOOK_BLOCK, "counter_block", first=1, last=0)  # everywhere
        for symbol, size in (counted or {}).items():
            first = self.symbol(symbol)
            last = first + size - 1
            self._hook(self._unicorn.UC_HOOK_MEM_READ, "counter_read", first=first, last=last)
        self.strikes: list[Strike] = []
        self._stuck: list[StuckCell] = []
        self.limit = _MOST_INSTRUCTIONS
        self.instructions = self.cycles = self.flash_reads = 0
        self._paint = self.ram_bytes
        self._ram[self._paint :] = STACK_PAINT

    def call(self, function: str) -> None:
        """Run a function without arguments to its end; WorkbenchError when it faults or never ends."""
        uc, registers = self._uc, self._registers
        strikes = sorted(self.strikes, key=lambda strike: strike.after)
        self._counter.arm(strikes)
        self._counter.counts.limit = self.limit
        uc.reg_write(registers.stack, STACK_TOP)
        uc.reg_write(registers.link, RETURN | self._thumb)
        try:
            uc.emu_start(self.symbol(function) | self._thumb, RETURN)
        except self._unicorn.UcError as error:
            place = uc.reg_read(registers.counter)
            raise WorkbenchError(
                f"the emulated device faults in {function} at {place:#x} ({error}); "
                "please report it with the program"
            ) from error
        if self._counter.counts.instructions > self.limit:
            raise WorkbenchError(
                f"the emulated device does not come back from {function}: it was stopped after "
                f"{self.limit:,} instructions"
            )
        for late in strikes[len(strikes) - self._counter.counts.waiting :]:
            late.byte[0] ^= 1 << late.bit
        self.strikes = []
        self.settle()
        self.instructions = self._counter.counts.instructions
        self.cycles = self._counter.counts.cycles
        self.flash_reads = self._counter.counts.flash_reads

    def stick(self, byte: np.ndarray, bit: int, value: int) -> None:
        """From now on a bit of `byte`, uint8 [1], a view of memory, is always `value`.

        What the chip writes there holds until its next jump.
        """
        self._stuck.append(StuckCell(byte, bit, value))
        self._counter.hold(self._stuck)
        self.settle()

    def settle(self) -> None:
        """Force stuck cells to their value."""
        for byte, bit, value in self._stuck:
            byte[0] = byte[0] | 1 << bit if value else byte[0] & ~np.uint8(1 << bit)

    def unstick(self) -> None:
        """No cell is stuck any more; they keep what they hold."""
        self._stuck = []
        self._counter.hold([])

    def view(self, symbol: str, size_bytes: int) -> np.ndarray:
        """Memory behind a symbol, uint8 [size_bytes], writable from outside."""
        address = self.symbol(symbol)
        memory, start = (
            (self._ram, RAM_START) if address >= RAM_START else (self._flash, FLASH_START)
        )
        return memory[address - start : address - start + size_bytes]

    def symbol(self, name: str) -> int:
        """Its address, without the Thumb bit; WorkbenchError when the firmware has none."""
        try:
            return self._symbols[name]
        except KeyError:
            raise WorkbenchError(f"the firmware has no symbol {name}; build it again") from None

    @property
    def stack(self) -> np.ndarray:
        """The deepest stack that there was, uint8 [stack_bytes], writable from outside."""
        return self._ram[len(self._ram) - self.stack_bytes :]

    @property
    def stack_bytes(self) -> int:
        """The deepest that the stack has been, in bytes."""
        free = self._ram[self._paint :]
        used = np.flatnonzero(free != STACK_PAINT)
        return len(free) - int(used[0]) if used.size else 0

    def _load(self, elf: Path) -> tuple[int, int, dict[str, int]]:
        """Put the file's segments in flash; sizes of what lies in flash and RAM, and symbols."""
        file = component("elftools.elf.elffile").ELFFile(io.BytesIO(elf.read_bytes()))
        for segment in file.iter_segments("PT_LOAD"):
            data, start = segment.data(), segment["p_paddr"] - FLASH_START
            if data:
                self._flash[start : start + len(data)] = np.frombuffer(data, np.uint8)
        sizes = {FLASH_START: 0, RAM_START: 0}
        for section in file.iter_sections():
            allocated = section["sh_flags"] & 2
            if allocated and section["sh_size"]:
                start = RAM_START if section["sh_addr"] >= RAM_START else FLASH_START
                sizes[start] = max(sizes[start], section["sh_addr"] + section["sh_size"] - start)
        table = [s for s in file.get_section_by_name(".symtab").iter_symbols() if s.name]
        self._functions = {s.name for s in table if s["st_info"]["type"] == "STT_FUNC"}
        symbols = {
            # Functions have the Thumb bit; data may lie at odd addresses.
            symbol.name: symbol["st_value"]
            & (~_THUMB if symbol["st_info"]["type"] == "STT_FUNC" else ~0)
            for symbol in table
        }
        return sizes[FLASH_START], sizes[RAM_START], symbols

    def _chip(self, core: Core) -> Any:
        uc = self._unicorn
        if core.risc_v:
            model = getattr(component("unicorn.riscv_const"), core.unicorn_cpu)
            chip = uc.Uc(uc.UC_ARCH_RISCV, uc.UC_MODE_RISCV32, cpu=model)
        else:
            # Not UC_MODE_MCLASS: it makes every chip a Cortex-M33.
            arm = component("unicorn.arm_const")
            chip = uc.Uc(uc.UC_ARCH_ARM, uc.UC_MODE_THUMB, cpu=getattr(arm, core.unicorn_cpu))
            chip.reg_write(arm.UC_ARM_REG_FPEXC, _ENABLE_FPU)
        runs = uc.UC_PROT_READ | uc.UC_PROT_EXEC
        keeps = uc.UC_PROT_READ | uc.UC_PROT_WRITE
        chip.mem_map_ptr(FLASH_START, FLASH_BYTES, runs, self._flash.ctypes.data)
        chip.mem_map_ptr(RAM_START, RAM_BYTES, keeps, self._ram.ctypes.data)
        return chip

    def _hook(self, kind: int, function: str, *, first: int, last: int) -> None:
        """Hang a native function in, past the wrapper that would call Python every time."""
        binding = importlib.import_module("unicorn.unicorn_py3.unicorn")
        self._counter.counts.stop = ctypes.cast(binding.uclib.uc_emu_stop, ctypes.c_void_p)
        status = binding.uclib.uc_hook_add(
            self._uc._uch,
            ctypes.byref(ctypes.c_size_t()),
            ctypes.c_int(kind),
            ctypes.cast(_hooks()[function], ctypes.c_void_p),
            ctypes.byref(self._counter.counts),
            ctypes.c_uint64(first),
            ctypes.c_uint64(last),
        )
        if status != self._unicorn.UC_ERR_OK:
            raise WorkbenchError(f"the emulator refuses the hook {function} (status {status})")


def _registers(core: Core) -> _Registers:
    if core.risc_v:
        names = component("unicorn.riscv_const")
        return _Registers(names.UC_RISCV_REG_SP, names.UC_RISCV_REG_RA, names.UC_RISCV_REG_PC)
    names = component("unicorn.arm_const")
    return _Registers(names.UC_ARM_REG_SP, names.UC_ARM_REG_LR, names.UC_ARM_REG_PC)


def component(module: str) -> Any:
    """Import a part of the emulator; WorkbenchError naming the extra when it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise WorkbenchError(
            f"{module.split('.')[0]} is not installed; get the emulator with the extra mcu: {_EXTRA}"
        ) from error
