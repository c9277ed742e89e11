"""The store of versions on a device that loses power: in Python, and in C compiled for this machine."""

from __future__ import annotations

import copy
import ctypes
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import Protocol

import numpy as np

from workbench.firmware.exporting.store import STORE
from workbench.firmware.toolchain import WARNINGS, build_folder, compile_shared, package_texts
from workbench.versions.flash import Cut, Flash, FlashError, FlashMisuseError
from workbench.versions.journal import Kind, Record
from workbench.versions.store import Design, Store
from workbench.versions.version import HEADER_BYTES, Status

_NEVER = -1
_MOST_BYTES = 1 << 16
_NUMBERS, _TAGS = 14, 16


class Act(Enum):
    """Operations of the store that need no bytes, by their name in Python and in `flash.c`."""

    START = "start"
    CONFIRM = "confirm"
    ROLL_BACK = "roll_back"
    RESET = "reset"
    ABANDON = "abandon"


class Machine(Protocol):
    """A device with a store. Snapshots are numbered 0 and 1 and hold flash alone."""

    def power_on(self, cut: Cut | None = None) -> Status:
        """Begin a session: read the journal. FLASH_FAILED where the cut came before that was done."""

    def act(self, what: Act) -> Status:
        """Do it."""

    def install(self, version: bytes) -> Status:
        """Begin, write and commit."""

    def damage(self, address: int, data: bytes) -> None:
        """Other bytes in flash."""

    def state(self) -> Record:
        """The latest record, as the session knows it."""

    def history(self) -> list[Record]:
        """The records that are still there."""

    def content(self) -> bytes | None:
        """Of the version that runs; None where it cannot be read."""

    def operations(self) -> int:
        """Program and erase operations of this session that were completed."""

    def powered(self) -> bool:
        """Whether the cut of this session did not happen yet."""

    def flash(self) -> tuple[bytes, bytes]:
        """Bits and weak bits."""

    def save(self, number: int) -> None:
        """Keep the flash."""

    def restore(self, number: int) -> None:
        """The flash as it was kept."""

    def refuse_misuse(self) -> None:
        """FlashMisuseError where flash was used as no part allows."""


def _size(design: Design) -> int:
    return max(each.address + each.size_bytes for each in design.regions)


class MachineInPython:
    """A `Machine` on `workbench.versions`."""

    def __init__(self, design: Design, factory: bytes, *, corrects: bool) -> None:
        """`factory`: its version. `corrects`: see `Flash`."""
        self._design = design
        self._flash = Flash(_size(design), design.regions, corrects=corrects)
        self._store: Store | None = None
        self._kept: dict[int, Flash] = {}
        self.damage(design.slots[0].address, factory)

    def power_on(self, cut: Cut | None = None) -> Status:
        """See `Machine`."""
        self._flash.power_on(cut)
        self._store = None
        try:
            self._store = Store(self._flash, self._design)
        except FlashError:
            return Status.FLASH_FAILED
        return Status.OK

    def act(self, what: Act) -> Status:
        """See `Machine`."""
        return Status(getattr(self._opened(), what.value)())

    def install(self, version: bytes) -> Status:
        """See `Machine`."""
        return self._opened().install(version)

    def damage(self, address: int, data: bytes) -> None:
        """See `Machine`."""
        self._flash.bits[address : address + len(data)] = data

    def state(self) -> Record:
        """See `Machine`."""
        return self._opened().state

    def history(self) -> list[Record]:
        """See `Machine`."""
        return self._opened().history()

    def content(self) -> bytes | None:
        """See `Machine`."""
        try:
            return self._opened().content()
        except FlashError:
            return None

    def operations(self) -> int:
        """See `Machine`."""
        return self._flash.operations

    def powered(self) -> bool:
        """See `Machine`."""
        return self._flash.powered

    def flash(self) -> tuple[bytes, bytes]:
        """See `Machine`."""
        return bytes(self._flash.bits), bytes(self._flash.weak)

    def save(self, number: int) -> None:
        """See `Machine`."""
        self._kept[number] = copy.deepcopy(self._flash)

    def restore(self, number: int) -> None:
        """See `Machine`."""
        self._flash = copy.deepcopy(self._kept[number])
        self._store = None

    def refuse_misuse(self) -> None:
        """The flash in Python refuses at once."""

    def _opened(self) -> Store:
        assert self._store is not None, "not powered on"
        return self._store


@cache
def _library() -> ctypes.CDLL:
    return load_library({})


def load_library(altered: dict[str, str]) -> ctypes.CDLL:
    """The store in C with its flash, compiled.

    Args:
        altered: "store/FILE" -> text of headers that differ: how a test builds a broken store.

    Raises:
        WorkbenchError: Without a C compiler, or when it refuses.
    """
    source = (files("workbench.firmware.power_cuts") / "flash.c").read_text(encoding="utf-8")
    with build_folder({"flash.c": source, **package_texts(STORE), **altered}) as folder:
        library = folder / "library.so"
        compile_shared(folder, library, options=WARNINGS)
        return ctypes.CDLL(str(library))


class MachineInC:
    """A `Machine` on the C runtime; the library has one flash, which the latest machine owns."""

    def __init__(
        self,
        design: Design,
        factory: bytes,
        *,
        corrects: bool,
        library: ctypes.CDLL | None = None,
    ) -> None:
        """As of `MachineInPython`; `library` as of `load_library`."""
        self._c = _library() if library is None else library
        self._size = _size(design)
        if self._size > _MOST_BYTES:
            raise ValueError(f"{self._size} bytes of flash; C simulates at most {_MOST_BYTES}")
        numbers = [
            number
            for region in design.regions
            for number in (region.address, region.size_bytes, region.sector_bytes)
        ]
        numbers += [self._size, corrects, design.board, design.most_attempts]
        self._c.sim_design((ctypes.c_uint32 * len(numbers))(*numbers), design.key, design.product)
        self.damage(design.slots[0].address, factory)
        self._numbers = (ctypes.c_uint32 * _NUMBERS)()
        self._tags = (ctypes.c_uint8 * _TAGS)()
        self._content = (ctypes.c_uint8 * self._size)()

    def power_on(self, cut: Cut | None = None) -> Status:
        """See `Machine`."""
        if cut is None:
            self._c.sim_power_on(_NEVER, 0, 0, 0)
        else:
            self._c.sim_power_on(cut.operation, int(cut.tear), cut.extent, cut.seed)
        return Status(self._c.sim_open())

    def act(self, what: Act) -> Status:
        """See `Machine`."""
        return Status(self._c[f"sim_{what.value}"]())

    def install(self, version: bytes) -> Status:
        """See `Machine`."""
        status = Status(self._c.sim_begin(version[:HEADER_BYTES]))
        if status is Status.OK:
            content = version[HEADER_BYTES:]
            status = Status(self._c.sim_write(content, len(content)))
        return Status(self._c.sim_commit()) if status is Status.OK else status

    def damage(self, address: int, data: bytes) -> None:
        """See `Machine`."""
        self._c.sim_damage(address, data, len(data))

    def state(self) -> Record:
        """See `Machine`."""
        self._tell()
        return self._record()

    def history(self) -> list[Record]:
        """See `Machine`."""
        records: list[Record] = []
        index = 0
        while self._c.sim_history(index, self._numbers, self._tags):
            records.append(self._record())
            index = records[-1].index
        return records

    def content(self) -> bytes | None:
        """See `Machine`."""
        count = ctypes.c_uint32(self._c.sim_content(self._content)).value
        return None if count > self._size else bytes(self._content[:count])

    def operations(self) -> int:
        """See `Machine`."""
        return self._tell()[11]

    def powered(self) -> bool:
        """See `Machine`."""
        return bool(self._tell()[12])

    def flash(self) -> tuple[bytes, bytes]:
        """See `Machine`."""
        both = np.empty((2, self._size), np.uint8)
        bits, weak = (ctypes.c_void_p(row.ctypes.data) for row in both)
        self._c.sim_flash(bits, weak)
        return both[0].tobytes(), both[1].tobytes()

    def save(self, number: int) -> None:
        """See `Machine`."""
        self._c.sim_save(number)

    def restore(self, number: int) -> None:
        """See `Machine`."""
        self._c.sim_restore(number)

    def refuse_misuse(self) -> None:
        """See `Machine`."""
        misuses = self._tell()[13]
        if misuses:
            raise FlashMisuseError(f"{misuses} operations on flash that no part allows")

    def _tell(self) -> list[int]:
        self._c.sim_tell(self._numbers, self._tags)
        return list(self._numbers)

    def _record(self) -> Record:
        kind, index, floor, active, previous, trial, attempts, runs, ran = self._numbers[:9]
        tags = bytes(self._tags)
        return Record(
            Kind(kind), index, floor, active, previous, bool(trial), attempts, runs, ran,
            tags[:8], tags[8:],
        )  # fmt: skip
