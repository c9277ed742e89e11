"""Which unit a guard looks at when: the arithmetic of frames in which nothing is found.

Layout: a cursor is as in `variables`; a guard looks after the frames that `every_frames` divides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.healing.devices.variables import State, cursor_parts, cursor_word
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.policy import Policy
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.watches.watch import Watch


def looks_of(guard: Guard, units: int) -> int:
    """Units that a guard of `units` looks at in a frame, each once."""
    return min(guard.per_frame, units)


@dataclass(frozen=True)
class Looks:
    """When a guard looks at one of its units, as long as nothing holds it up.

    Frames are as the healer counts them, and go on beyond the wrap. first: number of its next look of all. ahead: units
    that it looks at before this one. per_frame: units a look. strikes: how often in a row the unit was found wrong.
    """

    first: int
    ahead: int
    units: int
    per_frame: int
    every_frames: int
    strikes: int

    @classmethod
    def of(
        cls, guard: Guard, number: int, state: State, policy: Policy, *, units: int, unit: int
    ) -> Looks:
        """From now on. number: of the guard. units: how many it has."""
        now, strikes = cursor_parts(state["cursor"][number], policy, units=units)
        return cls(
            first=-(-(state["frame"] + state["rest"]) // guard.every_frames),
            ahead=(unit - now) * pow(guard.stride, -1, units) % units,
            units=units,
            per_frame=looks_of(guard, units),
            every_frames=guard.every_frames,
            strikes=strikes if unit == now else 0,
        )

    def frame(self, number: int) -> int:
        """The frame of look `number` at the unit, from 0."""
        looked_at = self.ahead + number * self.units
        return (self.first + looked_at // self.per_frame) * self.every_frames

    def before(self, frame: int) -> int:
        """Looks at the unit before a frame."""
        return int(self._before(np.array(frame)))

    def due(self, scan_frames: int, scans: int) -> int:
        """The first frame of a look in a scan whose number `scans` divides."""
        frame, period = self.frame(0), scan_frames * scans
        while frame // scan_frames % scans:
            frame = self.frame(self.before(-(-frame // period) * period))
        return frame

    def due_before(self, frame: int, scan_frames: int, scans: int) -> int:
        """Looks before a frame in scans whose number `scans` divides.

        They come in a pattern: after `units` looks of the guard it is at the same unit at the same place in a look.
        """
        period = scan_frames * scans
        pattern = math.lcm(self.units * self.every_frames, period)
        second = (self.frame(0) // period + 1) * period
        whole = max(0, frame - second) // pattern
        last = second + whole * pattern
        return (
            self._in_scans(second - period, min(second, frame), scan_frames, period)
            + self._in_scans(second, second + pattern, scan_frames, period) * whole
            + self._in_scans(last, frame, scan_frames, period)
        )

    def _in_scans(self, start: int, stop: int, scan_frames: int, period: int) -> int:
        """Looks from a scan's start on and before `stop`, in this and every scan that begins a period after one."""
        starts = np.arange(start, stop, period)
        stops = np.minimum(starts + scan_frames, stop)
        return int((self._before(stops) - self._before(starts)).sum())

    def _before(self, frames: np.ndarray) -> np.ndarray:
        looks = -(-frames // self.every_frames) - self.first
        return np.maximum(0, -(-(looks * self.per_frame - self.ahead) // self.units))


def pass_quietly(
    state: State, strategy: Strategy, guards: Sequence[tuple[Guard, Watch]], frames: int
) -> None:
    """The variables after as many frames, in all of which nothing is found."""
    while frames:
        part = min(frames, strategy.frame_modulus - state["frame"])
        _until_the_wrap(state, strategy.policy, guards, part)
        if state["frame"] == strategy.frame_modulus:
            state["frame"], state["epoch"] = 0, state["epoch"] + 1
        frames -= part


def _until_the_wrap(
    state: State, policy: Policy, guards: Sequence[tuple[Guard, Watch]], frames: int
) -> None:
    first = state["frame"]
    rested = min(frames, state["rest"])
    state["rest"] -= rested
    for number, (guard, watch) in enumerate(guards):
        if guard.scans and watch.units:
            start, stop = first + rested, first + frames
            look_on(guard, number, state, policy, units=watch.units, start=start, stop=stop)
    granted = (first + frames) // policy.refill_frames - first // policy.refill_frames
    state["spent"] = max(0, state["spent"] - granted)
    state["frame"] = first + frames


def look_on(
    guard: Guard, number: int, state: State, policy: Policy, *, units: int, start: int, stop: int
) -> None:
    """Move the cursor as in frames `start` to `stop` - 1, in all of which nothing is found."""
    looks = -(-stop // guard.every_frames) - -(-start // guard.every_frames)
    if looks:
        unit, _ = cursor_parts(state["cursor"][number], policy, units=units)
        unit += looks * looks_of(guard, units) * guard.stride
        state["cursor"][number] = cursor_word(unit % units)
