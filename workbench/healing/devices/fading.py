"""The fade of a simulated device's output, where its strategy has one; see `workbench.memory.watches.fade`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from workbench.memory.watches.fade import FadeWatch
from workbench.memory.watches.watch import Watch


class Fading:
    """Which frames were not at full loudness, and how far from it."""

    def __init__(
        self, watches: Sequence[Watch], data: np.ndarray, settle: Callable[[], None]
    ) -> None:
        """watches: of all guards. data: uint8 of the device's image. settle: is called after each change of it."""
        fades = (each for each in watches if each.area.kind.fades)
        self._watch = cast(FadeWatch | None, next(fades, None))
        self._data, self._settle = data, settle
        self._faded: dict[int, int] = {}  # frame -> how many were left before full loudness

    @property
    def busy(self) -> bool:
        """Whether the next frames change anything."""
        return self._watch is not None and self._watch.is_busy(self._data)

    def begin(self) -> None:
        """Silence from this frame on, and then louder from frame to frame."""
        if self._watch:
            self._watch.begin(self._data)
            self._settle()

    def advance(self, frame: int) -> None:
        """The end of a frame, by the true count."""
        if self._watch:
            left = self._watch.advance(self._data)
            self._settle()
            if left:
                self._faded[frame] = left

    def heard(self, codes: np.ndarray, first: int) -> np.ndarray:
        """Codes of the output, [frames * rate, channels] from frame `first` to the last one, as they are heard."""
        if not self._watch or not self._faded:
            return codes
        made, rows = codes.copy(), self._watch.rows
        for frame, left in self._faded.items():
            part = slice((frame - first) * rows, (frame - first + 1) * rows)
            if frame >= first:  # else nobody heard it
                made[part] = self._watch.faded(codes[part], left)
        self._faded.clear()
        return made
