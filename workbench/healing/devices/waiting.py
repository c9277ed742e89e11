"""Frames in which a healer of memory finds nothing, or nothing new, passed by arithmetic.

A unit that nothing helps is tried again in every 64th scan for as long as a device lives. Once a round of such tries has
changed nothing, none that follows will: they are counted, and not made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from workbench.healing.devices.backoff import MOST, SUMS_FRAMES, Backoff
from workbench.healing.devices.event_trace import EventTrace
from workbench.healing.devices.fading import Fading
from workbench.healing.devices.scrub_schedule import Looks
from workbench.healing.devices.unpruning import Unpruning
from workbench.healing.log import LogEntry
from workbench.healing.remedies import State
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.layout import Layout
from workbench.memory.places import HEALER
from workbench.memory.watches.monitor import Monitor
from workbench.memory.watches.watch import Watch


class Waiting(Protocol):
    """What is asked of a device; see `workbench.healing.devices.device.Device`."""

    layout: Layout
    strategy: Strategy
    guards: list[tuple[Guard, Watch]]
    monitors: list[tuple[int, Monitor]]
    data: np.ndarray
    log: list[LogEntry]
    suspect: list[set[int]]
    backoff: Backoff
    fading: Fading
    unpruning: Unpruning
    trace: EventTrace
    false_positives: int
    repeats: int

    @property
    def stuck_in_variables(self) -> bool:
        """Whether several stuck cells are among the healer's variables."""

    def voted(self) -> State:
        """The healer's variables, by majority."""

    def skip(self, frames: int) -> None:
        """As many calls of `heal` as that, which must be quiet ones."""

    def heal(self) -> bool:
        """What the healer does after a frame."""


def quiet_frames(device: Waiting) -> int | None:
    """How many calls of `heal`, which monitors have no part in, find nothing from now on; None: all."""
    if device.stuck_in_variables or device.fading.busy:
        return 0
    quiet = device.unpruning.quiet_frames()
    if not any(device.suspect) and not device.backoff.any():
        return min(quiet, default=None)
    state = device.voted()
    wrap = device.strategy.frame_modulus - state["frame"]
    for number, (guard, watch) in enumerate(device.guards):
        waiting = device.backoff.waiting(number, watch.units)
        units = device.suspect[number].union(waiting)
        if guard.scans and units:
            soonest = min(_due(device, number, state, unit) for unit in units)
            quiet.append(min(wrap, soonest - state["frame"]))
        elif guard.area.kind.stream and waiting:
            quiet.append(min(-state["frame"] % SUMS_FRAMES, wrap))
    return min(quiet, default=None)


def wait(device: Waiting, frames: int) -> None:
    """As many calls of `heal` as that, which monitors have no part in."""
    until = device.trace.now + frames
    before: _Standing | None = None
    while device.trace.now < until:
        left, quiet = until - device.trace.now, quiet_frames(device)
        if quiet is None or quiet >= left:
            device.skip(left)
            return
        device.skip(quiet)
        standing = _standing(device)
        if standing is None or standing != before:
            before = standing
        elif device.trace.now >= before.tried:
            _count_tries(device, until - device.trace.now)
            continue
        device.heal()


@dataclass(frozen=True)
class _Standing:
    """All that a try may change. tried: the frame by which each unit that waits was tried once more."""

    tried: int
    log: int
    false_positives: int
    variables: tuple[object, ...]
    memory: bytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Standing) and self._all() == other._all()

    def _all(self) -> tuple[object, ...]:
        return self.log, self.false_positives, self.variables, self.memory


def _standing(device: Waiting) -> _Standing | None:
    """None where a try may be another one than that before it."""
    if device.monitors or device.stuck_in_variables or device.strategy.policy.persistence > 1:
        return None
    if device.unpruning.possible:  # a try that changes no byte may let a layer stay un-pruned
        return None
    state, backoff = device.voted(), device.backoff
    if state["rest"] or state["spent"]:
        return None
    tried = [
        (number, unit)
        for number, (_, watch) in enumerate(device.guards)
        for unit in device.suspect[number].union(backoff.waiting(number, watch.units))
    ]
    if any(backoff.level(*each) != MOST for each in tried):
        return None
    healer = device.layout.sections[HEALER]
    return _Standing(
        device.trace.now + 2 * max((backoff.period(number) for number, _ in tried), default=0),
        len(device.log),
        device.false_positives,
        (*state["map"], *state["version"]),
        device.data[: healer.start].tobytes() + device.data[healer.stop :].tobytes(),
    )


def _count_tries(device: Waiting, frames: int) -> None:
    """Pass so many frames, or those until the wrap, in which every try is as the one before it."""
    state = device.voted()
    frames = min(frames, device.strategy.frame_modulus - state["frame"])
    for number, (guard, _) in enumerate(device.guards):
        for unit in device.suspect[number] if guard.scans else ():
            looks = _looks(device, number, state, unit)
            scan, scans = device.backoff.scan_frames(number), device.backoff.scans(number, unit)
            device.repeats += looks.due_before(state["frame"] + frames, scan, scans)
    device.skip(frames)


def _due(device: Waiting, number: int, state: State, unit: int) -> int:
    """The frame, as it is counted, in which guard `number` looks at a unit that is due."""
    looks = _looks(device, number, state, unit)
    if looks.strikes:  # what was found wrong already, as persistence asks for, is due
        return looks.frame(0)
    return looks.due(device.backoff.scan_frames(number), device.backoff.scans(number, unit))


def _looks(device: Waiting, number: int, state: State, unit: int) -> Looks:
    guard, watch = device.guards[number]
    return Looks.of(guard, number, state, device.strategy.policy, units=watch.units, unit=unit)
