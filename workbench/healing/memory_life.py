"""The life of a device's memory alone, by events: nothing is computed while nothing happens.

What healers of memory do does not depend on what is said, unless checksum rows watch the sums. Layout:
frames count from the device's first; a change at frame f is there when f is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.healing.device import Device
from workbench.healing.log import LogEntry
from workbench.healing.upsets import Upset
from workbench.memory.areas import ABFT


@dataclass(frozen=True, eq=False)
class MemoryLife:
    """frame, position: int64 [n] each, when which bit of working copy or histories was inverted, by an
    upset or by the healer, in order. log: (frame after which, entry). frames: of the whole life.
    """

    frame: np.ndarray
    position: np.ndarray
    log: tuple[tuple[int, LogEntry], ...]
    frames: int


def lives_by_memory(device: Device) -> bool:
    """Whether the life of this device's memory can be told without its sound.

    Not where checksum rows watch sums, nor where histories are silenced within a word.
    """
    return (
        not any(
            guard.area.code == ABFT or any(rung.name == "REBOOT" for rung in guard.ladder)
            for guard, _ in device.guards
        )
        and not device.strategy.policy.reset_histories
    )


def memory_life(device: Device, upsets: Sequence[Upset], frames: int) -> MemoryLife:
    """Let `upsets`, sorted by frame, happen to a device, which is changed, and its healer work."""
    state = device.layout.sections["state"]
    toggled: list[tuple[int, np.ndarray]] = []
    log: list[tuple[int, LogEntry]] = []
    now, index = 0, 0
    while True:
        until = upsets[index].frame if index < len(upsets) else frames
        now = _wait(device, now, until, toggled, log)
        if index == len(upsets):
            break
        arrived = []
        while index < len(upsets) and upsets[index].frame == until:
            arrived.append(upsets[index])
            index += 1
        before = device.wrong
        hits = [upset.position for upset in arrived if upset.stuck < 0]
        device.flip(hits)
        for upset in arrived:
            if upset.stuck >= 0:
                device.stick(upset.position, upset.stuck)
        heard = np.array([p for p in hits if state.start <= p >> 3 < state.stop], np.int64)
        toggled.append((now, np.concatenate([np.setxor1d(before, device.wrong), heard])))
    frame = np.repeat([at for at, _ in toggled], [len(bits) for _, bits in toggled])
    position = np.concatenate([np.zeros(0, np.int64), *(bits for _, bits in toggled)])
    return MemoryLife(frame.astype(np.int64), position, tuple(log), frames)


def _wait(
    device: Device,
    now: int,
    until: int,
    toggled: list[tuple[int, np.ndarray]],
    log: list[tuple[int, LogEntry]],
) -> int:
    """Frames pass, and the healer finds what there is."""
    while now < until:
        quiet = device.quiet_frames()
        if quiet is None or now + quiet >= until:
            device.skip(until - now)
            return until
        device.skip(quiet)
        now += quiet
        known, before = len(device.log), device.wrong
        changed = device.heal()
        log += [(now, entry) for entry in device.log[known:]]
        now += 1
        if changed:
            toggled.append((now, np.setxor1d(before, device.wrong)))
    return now
