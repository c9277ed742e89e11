"""Units that nothing helps: reported once, then tried again more and more rarely.

Waiting costs next to nothing, since a unit that waits is seldom hit again meanwhile, and spares what a remedy
does beside repairing: under stuck cells `reboot` would restart in every scan. Remedies that sign what they
wrote (ZERO, INTERPOLATE, CLIP) fail at stuck checks alone, so that waiting is nothing to them.

Reference: bounded exponential back-off. Layout: 4 bits for every watched unit, in the `backoff` section:
0 where all is well, 1 where a remedy is deferred, 2 to 7 after so many failures less one; the highest
bit says that a unit of a monitor raised an alarm since the last look at it (monitors alone use it).
Nothing protects these bits (monitors use 13 of the 16 values, too many to tell an upset by): an upset
hides a unit for 64 scans at most, or lets its next failure be counted without being written, or be
written twice. Of a unit that is found well in between, such an upset is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.layout import Layout
from workbench.memory.places import BACKOFF
from workbench.memory.watches.watch import Watch

WELL, DEFERRED, FAILED, MOST = 0, 1, 2, 7
ALARMED = 8
# Monitors see every frame: they try again after 64 frames, and look what became of it as often.
SUMS_SHIFT = 5
SUMS_FRAMES = 1 << (SUMS_SHIFT + FAILED - 1)


def scan_frames(guard: Guard, watch: Watch) -> int:
    """Frames until a guard has seen each of its units once; 1 for one without a schedule."""
    if not guard.scans:
        return 1
    return -(-watch.units // guard.per_frame) * guard.every_frames


def shift_of(guard: Guard) -> int:
    """By how much more, as a power of two, a guard's units wait in scans: monitors see every frame."""
    return SUMS_SHIFT if guard.area.kind.stream else 0


@dataclass(frozen=True)
class _Area:
    """first: number of its first unit among all units. frames: of a scan. shift: see SUMS_SHIFT."""

    first: int
    frames: int
    shift: int


class Backoff:
    """The `backoff` section of a device. data: uint8 [bytes] of its image, changed in place."""

    def __init__(self, data: np.ndarray, layout: Layout, strategy: Strategy) -> None:
        section = layout.sections[BACKOFF]
        self._bytes = data[section.start : section.stop]
        self._areas: list[_Area] = []
        self._known = False  # that some unit waits
        first = 0
        for guard, watch in zip(strategy.guards, layout.watches, strict=False):
            self._areas.append(_Area(first, max(1, scan_frames(guard, watch)), shift_of(guard)))
            first += watch.units

    def waits(self) -> bool:
        """Whether some unit waits, as far as is known: an upset of these bits makes none wait, and may make one forgotten."""
        self._known = self._known and self.any()
        return self._known

    def any(self) -> bool:
        """Whether some unit waits."""
        return bool(self._bytes.any())

    def level(self, number: int, unit: int) -> int:
        """The 4 bits of a unit of area `number`."""
        at = self._areas[number].first + unit
        return int(self._bytes[at // 2]) >> 4 * (at % 2) & 15

    def waiting(self, number: int, units: int) -> list[int]:
        """The units of an area whose bits are not all 0."""
        first = self._areas[number].first
        part = self._bytes[first // 2 : (first + units + 1) // 2]
        nibbles = np.stack([part & 15, part >> 4], axis=1).reshape(-1)[first % 2 :][:units]
        return [int(unit) for unit in np.flatnonzero(nibbles)]

    def put(self, number: int, unit: int, level: int) -> None:
        """Write the 4 bits of a unit."""
        at = self._areas[number].first + unit
        shift = 4 * (at % 2)
        self._known |= level != WELL
        self._bytes[at // 2] = int(self._bytes[at // 2]) & ~(15 << shift) & 255 | level << shift

    def due(self, number: int, unit: int, frame: int) -> bool:
        """Whether a unit is looked at in `frame`: always, or in every 2^n-th scan after failures."""
        return frame // self.scan_frames(number) % self.scans(number, unit) == 0

    def scans(self, number: int, unit: int) -> int:
        """In every how many-th scan a unit is looked at."""
        level = self.level(number, unit) & MOST
        return 1 if level <= DEFERRED else 1 << level - 1 + self._areas[number].shift

    def scan_frames(self, number: int) -> int:
        """Frames of a scan of an area, see `scan_frames`."""
        return self._areas[number].frames

    def period(self, number: int) -> int:
        """Frames within which each unit of an area is due once, however often it failed."""
        area = self._areas[number]
        return area.frames << MOST - 1 + area.shift

    def failed(self, number: int, unit: int) -> bool:
        """A remedy failed: wait longer; tell whether that is news."""
        level = self.level(number, unit) & MOST
        alarmed = ALARMED if self._areas[number].shift else 0
        self.put(number, unit, min(max(level, DEFERRED) + 1, MOST) | alarmed)
        return level < FAILED

    def alarmed(self, number: int, unit: int) -> None:
        """A unit of a monitor raised an alarm, whose turn it is not."""
        self.put(number, unit, self.level(number, unit) | ALARMED)

    def deferred(self, number: int, unit: int) -> bool:
        """The policy does not let a remedy happen yet; tell whether that is news."""
        if self.level(number, unit) & MOST:
            return False
        self.put(number, unit, DEFERRED)
        return True

    def look_on(self, number: int, units: int, frame: int) -> None:
        """Of monitors, after every SUMS_FRAMES-th frame: forget units that raised no alarm."""
        for unit in self.waiting(number, units):
            level = self.level(number, unit)
            if level & ALARMED:
                self.put(number, unit, level & ~ALARMED)
            elif self.due(number, unit, frame):
                self.put(number, unit, WELL)
