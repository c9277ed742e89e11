"""Exported C as a library of this machine, driven by ctypes: the twin of the device for tests."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workbench.firmware.plan import Firmware
from workbench.firmware.toolchain import SANITIZERS, WARNINGS, build_folder, compile_shared
from workbench.firmware.unit import unit_sources

# Flash that can be damaged: the switch drops its const.
_WRITABLE_FLASH = "-DWB_FLASH="


class HostMachine:
    """A loaded library; see `twin.Machine`."""

    def __init__(self, library: Path | str) -> None:
        self._library = ctypes.CDLL(str(library))

    def call(self, function: str) -> None:
        """Call a function that takes and returns nothing."""
        self._library[function]()

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
    options = [*WARNINGS, _WRITABLE_FLASH, *(SANITIZERS if sanitize else ())]
    with build_folder(unit_sources(firmwares)) as folder:
        compile_shared(folder, library, options=options)


def host_machine(firmwares: Sequence[Firmware]) -> HostMachine:
    """Compile and load models with different prefixes; no file stays behind."""
    with build_folder(unit_sources(firmwares)) as folder:
        library = folder / "library.so"
        compile_shared(folder, library, options=[*WARNINGS, _WRITABLE_FLASH])
        return HostMachine(library)
