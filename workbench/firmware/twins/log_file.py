"""Reading the log of a device from bytes of its RAM.

Layout: `wb_log_head` (eleven words, three times each, of which the majority counts), then the ring of entries; see
`runtime/wb_model.h`. The bytes may lie anywhere in a larger dump.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from workbench.errors import WorkbenchError
from workbench.firmware.design import LOG_HEAD_BYTES, Firmware
from workbench.firmware.twins.twin import (
    BUILD_HIGH,
    BUILD_LOW,
    COUNT,
    LOG_DTYPE,
    MARK,
    REPEATS,
    log_entry,
)
from workbench.healing.log import LogEntry
from workbench.healing.majority import majority

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

    source: where the bytes are from, for messages. Raises WorkbenchError where there is no log, or one of
    another build.
    """
    if not firmware.heals:
        raise WorkbenchError(
            f"a device with the strategy {firmware.strategy.name} writes no log; name the strategy of "
            "the export with --strategy"
        )
    heads = dict(_heads(data))
    ours = (start for start, head in heads.items() if head[BUILD_LOW : BUILD_HIGH + 1] == firmware.build)  # fmt: skip
    start = next(ours, next(iter(heads), -1))  # a dump may hold other logs
    if start < 0:
        raise WorkbenchError(
            f"{source} holds no log: its {len(data):,} bytes do not have the four with which one begins "
            f"({MAGIC:#x}); dump the RAM of log_head and log of the model's instance"
        )
    head = heads[start]
    if head[BUILD_LOW : BUILD_HIGH + 1] != firmware.build:
        raise WorkbenchError(
            f"{source} is the log of build {head[BUILD_HIGH]:08x}{head[BUILD_LOW]:08x} and this firmware is "
            f"{firmware.build_name}; name the exported folder with --folder, or the checkpoint, strategy "
            "and pages that were exported"
        )
    size = firmware.log_entries * LOG_DTYPE.itemsize
    ring = np.frombuffer(data[start + LOG_HEAD_BYTES :][:size], np.uint8)
    if len(ring) < size:
        raise WorkbenchError(
            f"{source} ends within the log: {len(ring)} bytes of {size} are there; dump all of it"
        )
    stored = ring.view(LOG_DTYPE)
    count = head[COUNT]
    first = max(0, count - len(stored))
    decoded = {n: _entry(stored[n % len(stored)], firmware) for n in range(first, count)}
    return DeviceLog(
        tuple(entry for entry in decoded.values() if entry),
        first,
        tuple(n for n, entry in decoded.items() if entry is None),
        head[REPEATS],
    )


def _heads(data: bytes) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Where the words before a log lie in `data`, and what they are; one of each three copies may be damaged."""
    magic, at = MAGIC.to_bytes(4, "little"), -1
    while (at := data.find(magic, at + 1)) >= 0:
        found = {
            start: np.frombuffer(data, "<u4", LOG_HEAD_BYTES // 4, start).reshape(-1, 3)
            for start in (at, at - 4, at - 8)
            if start >= 0 and len(data) >= start + LOG_HEAD_BYTES
        }
        # Which copy of the magic this is, shows by how many copies of all words then agree.
        agree = {
            start: int((copies == copies[:, [1, 2, 0]]).sum()) for start, copies in found.items()
        }
        start = max(agree, key=lambda each: agree[each], default=-1)
        if start >= 0 and majority(found[start][MARK]) == MAGIC:
            yield start, tuple(map(majority, found[start]))


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
