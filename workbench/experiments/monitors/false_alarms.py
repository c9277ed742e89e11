"""False alarms of a stream of clean frames, and the events that they make up.

One unusual utterance raises several alarms. For `again` frames after an alarm that memory does not explain, a device takes
another one for a repetition (`workbench.healing.devices.alarms`): together they are one event. Limits count every alarm,
as each has memory looked at, unless the monitor backs off.

Events come independently of each other, alarms do not. The number of alarms is compound Poisson distributed, and its
variance is estimated by the sum of the squares of the events' sizes. Its interval is that of as many independent
alarms as vary as much: the effective sample size (Kish 1965, Survey Sampling, 8.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.experiments.estimates.statistics import mean_gap_interval


@dataclass(frozen=True)
class FalseAlarms:
    """Those of a stream.

    >>> FalseAlarms.of(np.array([5, 7, 1004, 1005]), 9000, again=1000)
    FalseAlarms(frames=9000, sizes=(3, 1))

    Args:
        frames: Of the stream.
        sizes: Alarms of each event, in order.
    """

    frames: int
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, at: np.ndarray, frames: int, *, again: int) -> FalseAlarms:
        """Alarms put together to events.

        Args:
            at: Frames that raised one, ascending int64 [alarms].
            frames: Of the stream.
            again: Frames from the first alarm of an event on in which others belong to it.
        """
        sizes, first = [], 0
        while first < len(at):
            after = int(np.searchsorted(at, at[first] + max(again, 1)))
            sizes.append(after - first)
            first = after
        return cls(frames, tuple(sizes))

    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"frames": self.frames, "sizes": list(self.sizes)}

    @classmethod
    def again(cls, plain: dict[str, Any]) -> FalseAlarms:
        """The inverse of `plain`."""
        return cls(plain["frames"], tuple(plain["sizes"]))

    @property
    def alarms(self) -> int:
        """How many."""
        return sum(self.sizes)

    @property
    def events(self) -> int:
        """How many, of one alarm or more."""
        return len(self.sizes)

    def apart(self) -> tuple[float, float | None]:
        """95 % interval of the mean number of frames between two alarms; None for no upper limit, where there is none."""
        if not self.sizes:
            return mean_gap_interval(0, self.frames)
        effective = self.alarms**2 / sum(size**2 for size in self.sizes)
        return mean_gap_interval(effective, self.frames * effective / self.alarms)

    def __str__(self) -> str:
        events = "" if self.events == self.alarms else f" in {self.events:,} events"
        return f"{self.alarms:,} false alarms{events} in {self.frames:,} frames"
