"""A device's memory alone, simulated by events: nothing is computed while nothing happens.

What healers of memory do does not depend on what is said, unless a monitor observes it. Layout:
frames count from the device's first; a change at frame f is there when f is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from workbench.healing.devices.device import Device
from workbench.memory.faults.events import Event


@dataclass(frozen=True, eq=False)
class MemoryChanges:
    """frame, position: int64 [n] each, when which bit of working copy, histories or codes in passing was
    inverted, by an upset or by the healer, in order. Entries are in the device's log and event trace.
    """

    frame: np.ndarray
    position: np.ndarray


def memory_tells_all(device: Device) -> bool:
    """Whether this device's memory can be simulated without its sound.

    Not where a monitor observes the frames, where the output fades, nor where histories are silenced within a word.
    """
    return (
        not any(
            guard.area.kind.stream
            or guard.area.kind.fades
            or any(action.restarts for action in guard.actions)
            for guard, _ in device.guards
        )
        and not device.strategy.policy.reset_histories
    )


def memory_changes(device: Device, upsets: Sequence[Event], frames: int) -> MemoryChanges:
    """Let `upsets`, sorted by frame, happen to a device, which is changed, and its healer work."""
    state, stored = device.layout.sections["state"], 8 * device.layout.size_bytes
    heard: list[tuple[int, int]] = []
    for at, arrived in groupby(upsets, key=lambda upset: upset.frame):
        device.wait(at - device.trace.now)
        now = list(arrived)
        hits = [upset.position for upset in now if upset.stuck_at < 0]
        device.flip([p for p in hits if p < stored])
        for upset in now:
            if upset.stuck_at >= 0:
                device.stick(upset.position, upset.stuck_at)
        heard += [(at, p) for p in hits if state.start <= p >> 3 < state.stop or p >= stored]
    device.wait(frames - device.trace.now)
    frame, position = device.trace.changes()
    more = np.array(heard, np.int64).reshape(-1, 2)
    frame, position = np.concatenate([frame, more[:, 0]]), np.concatenate([position, more[:, 1]])
    order = np.argsort(frame, kind="stable")
    return MemoryChanges(frame[order], position[order])
