"""Monitors of a stream: the second way to watch, which observes the frame that is computed.

A guard of memory answers from bytes alone. A monitor sees signals: accumulator sums, hidden codes,
output codes. What it keeps between frames are bounded integers in its `ram_check` tensors, so that its
state lies in the image and is a fault site like all the rest; every value that a fault can produce must
have a meaning. Its units raise alarms, and a ladder of remedies follows as for guards of memory.

Frame order: `while_computed` sees the frame as often as it is computed; `after_frame` sees the last of
these once, before guards of memory have their turn.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.watches.areas import Area, Kind
from workbench.memory.watches.watch import Watch


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of one device.

    Attributes:
        signals: Codes of every signal of the program by name, int [rate, channels].
        past: State of an operator before the frame, by its name and that of the tensor, int64.
        given: Codes of the inputs as they came in, before any correction, likewise.
    """

    signals: Mapping[str, np.ndarray]
    past: Callable[[str, str], np.ndarray]
    given: Mapping[str, np.ndarray] = field(default_factory=dict)


class Monitor(Watch):
    """A monitor in a layout.

    `wrong` says whether the bytes behind a unit explain an alarm, `same_as_golden` whether they equal
    the golden copy; both decide, with the table of evidence, what is done about it.
    """

    def may_alarm(self, suspects: Collection[int]) -> bool:
        """Whether a frame that is computed now may raise an alarm or change its state.

        Frames of which all monitors deny it are computed many at once, unseen. suspects: units that are
        `wrong`.
        """
        return True

    def while_computed(
        self, data: np.ndarray, frame: Frame, suspects: Collection[int]
    ) -> list[int]:
        """Units that alarm within the frame, in the order of the program; keeps no state."""
        return []

    def after_frame(self, data: np.ndarray, frame: Frame) -> list[int]:
        """Units that alarm once the frame is final; brings the state in `data`, uint8 of the image, up to date."""
        return []

    def reset(self, data: np.ndarray) -> None:
        """Forget what the frames were like so far; called where histories are reset."""


@dataclass(frozen=True)
class MonitorKind(Kind):
    """It sees all frames, and has no scrub schedule."""

    stream: ClassVar[bool] = True
    single: ClassVar[bool] = True
    sees: ClassVar[str] = "every frame, once it is computed"

    def check_schedule(self, area: Area, *, per_frame: int, every_frames: int, stride: int) -> None:
        """A monitor sees all units in every frame."""
        if every_frames > 1 or stride > 1:
            raise WorkbenchError(f"{self.name} sees all frames; leave out every_frames and stride")

    def text(self, area: Area) -> str:
        """The name: units need no further words."""
        return self.name
