"""Exported C as a library of this machine, driven by ctypes: the twin of the device for tests."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workbench.firmware.design import Firmware
from workbench.firmware.toolchain import SANITIZERS, WARNINGS, build_folder, compile_shared
from workbench.firmware.writing.unit import unit_sources

# Flash that can be damaged: the switch drops its const.
_WRITABLE_FLASH = "-DWB_FLASH="
_STUCK = "-DWB_STUCK"
_PARTS = "models"
_MOST_STUCK = 256
_STUCK_SOURCE = f"""#include "runtime/wb_check.h"

typedef struct {{
    wb_byte *at;
    unsigned char mask;
    unsigned char value;
}} cell;

cell wb_stuck_cells[{_MOST_STUCK}];
uint32_t wb_stuck_count;

/* As memory writes a byte some of whose cells are stuck. */
void wb_stuck_put(wb_byte *place, unsigned char value)
{{
    *place = value;
    for (uint32_t i = 0; i < wb_stuck_count; i++) {{
        const cell *const stuck = &wb_stuck_cells[i];
        if (stuck->at == place) {{
            *place = (unsigned char)(stuck->value ? *place | stuck->mask : *place & ~stuck->mask);
        }}
    }}
}}
"""
_CELL = np.dtype([("at", np.uintp), ("mask", np.uint8), ("value", np.uint8)], align=True)


class HostMachine:
    """A loaded library; see `twin.Machine`."""

    def __init__(self, library: Path | str) -> None:
        self._library = ctypes.CDLL(str(library))
        self._cells = self.view("wb_stuck_cells", _MOST_STUCK * _CELL.itemsize).view(_CELL)
        self._count = self.view("wb_stuck_count", 4).view(np.uint32)
        self._stuck: list[tuple[np.ndarray, np.uint8, int]] = []

    def call(self, function: str) -> None:
        """Call a function that takes and returns nothing."""
        self._library[function]()

    def stick(self, byte: np.ndarray, bit: int, value: int) -> None:
        """From now on a bit of `byte`, uint8 [1], a view of memory, is always `value`."""
        self._cells[self._count[0]] = (byte.ctypes.data, 1 << bit, value)
        self._count[0] += 1
        self._stuck.append((byte, np.uint8(1 << bit), value))
        self.settle()

    def settle(self) -> None:
        """Force stuck cells to their value."""
        for byte, mask, value in self._stuck:
            byte[0] = byte[0] | mask if value else byte[0] & ~mask

    def unstick(self) -> None:
        """No cell is stuck any more; they keep what they hold."""
        self._count[0] = 0
        self._stuck = []

    def view(self, symbol: str, size_bytes: int) -> np.ndarray:
        """Memory behind a symbol, uint8 [size_bytes], writable."""
        return np.ctypeslib.as_array((ctypes.c_uint8 * size_bytes).in_dll(self._library, symbol))


def compile_host_library(
    firmwares: Sequence[Firmware], library: Path, *, sanitize: bool = False
) -> None:
    """Compile models with different prefixes into one library whose flash can be damaged.

    sanitize: with the address and undefined-behaviour sanitizers, to be loaded by a process that
    was started with their library. Raises WorkbenchError without a compiler.
    """
    options = [*WARNINGS, _WRITABLE_FLASH, _STUCK, *(SANITIZERS if sanitize else ())]
    sources = {f"{_PARTS}/{name}": text for name, text in unit_sources(firmwares).items()}
    # One translation unit: the runtime is compiled once and not once for every model.
    parts = "".join(f'#include "{name}"\n' for name in sources if name.endswith(".c"))
    with build_folder({**sources, "library.c": parts + _STUCK_SOURCE}) as folder:
        compile_shared(folder, library, options=options)


def host_machine(firmwares: Sequence[Firmware]) -> HostMachine:
    """Compile and load models with different prefixes; no file stays behind."""
    with build_folder({}) as folder:
        library = folder / "library.so"
        compile_host_library(firmwares, library)
        return HostMachine(library)
