"""Reading the log of a device from bytes of its RAM.

Layout: `wb_log_head` (magic, two words of the build, count, its inverse, repeats), then the ring of entries; see
`runtime/wb_model.h`. The bytes may lie anywhere in a larger dump.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench.errors import WorkbenchError
from workbench.firmware.design import LOG_HEAD_BYTES, Firmware
from workbench.firmware.twins.twin import LOG_DTYPE, log_entry
from workbench.healing.log import LogEntry

MAGIC = 0x474C4257


class DeviceLog(NamedTuple):
    """entries: the last that fit the ring, the oldest first. lost: how many were written before.

    damaged: numbers of those that say what no healer writes, and are left out. repeats: how often
    units failed again that had been reported, which is counted and not written.
    """

    entries: tuple[LogEntry, ...]
    lost: int
    damaged: tuple[int, ...]
    repeats: int


def read_log(data: bytes, firmware: Firmware, source: str) -> DeviceLog:
    """The log in `data`, of a device that runs `firmware`.

    source: where the bytes are from, for messages. Raises WorkbenchError where there is no log, one of
    another build, or one whose head is damaged.
    """
    if not firmware.heals:
        raise WorkbenchError(
            f"a device with the strategy {firmware.strategy.name} writes no log; name the strategy of "
            "the export with --strategy"
        )
    magic = MAGIC.to_bytes(4, "little")
    ours = magic + np.array(firmware.build, "<u4").tobytes()
    start = data.find(ours)  # a dump may hold other logs, or these four bytes elsewhere
    if start < 0:
        start = data.find(magic)
    if start < 0 or len(data) < start + LOG_HEAD_BYTES:
        raise WorkbenchError(
            f"{source} holds no log: its {len(data):,} bytes do not have the four with which one begins "
            f"({MAGIC:#x}); dump the RAM of log_head and log of the model's instance"
        )
    low, high, count, inverse, repeats = np.frombuffer(data, "<u4", 5, start + 4).tolist()
    if (low, high) != firmware.build:
        raise WorkbenchError(
            f"{source} is the log of build {high:08x}{low:08x} and this firmware is "
            f"{firmware.build_name}; name the exported folder with --folder, or the checkpoint, strategy "
            "and pages that were exported"
        )
    if count != ~inverse % 2**32:
        raise WorkbenchError(
            f"the head of the log in {source} is damaged (count {count}, its inverse {inverse}); dump "
            "it again"
        )
    size = firmware.log_entries * LOG_DTYPE.itemsize
    ring = np.frombuffer(data[start + LOG_HEAD_BYTES :][:size], np.uint8)
    if len(ring) < size:
        raise WorkbenchError(
            f"{source} ends within the log: {len(ring)} bytes of {size} are there; dump all of it"
        )
    stored = ring.view(LOG_DTYPE)
    first = max(0, count - len(stored))
    decoded = {n: _entry(stored[n % len(stored)], firmware) for n in range(first, count)}
    return DeviceLog(
        tuple(entry for entry in decoded.values() if entry),
        first,
        tuple(n for n, entry in decoded.items() if entry is None),
        repeats,
    )


def _entry(stored: np.void, firmware: Firmware) -> LogEntry | None:
    """In words; None for what was damaged beyond reading."""
    area, unit = int(stored["area"]), int(stored["unit"])
    watches = firmware.layout.watches
    if area >= len(watches) or unit >= watches[area].units:
        return None
    try:
        return log_entry(stored, firmware.strategy.frame_modulus)
    except ValueError:
        return None
