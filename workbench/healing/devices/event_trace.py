"""What happened to a simulated device and when: what it cannot know itself, for those who watch it.

Layout: frames are counted from the device's first; what is noted of frame f is there when f is computed,
entries of the log are written after it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class EventTrace:
    """now: the frame that comes next. written: the frame of each entry of the log.

    hits: (frame, bit position as the program sees it) of every upset.
    """

    def __init__(self) -> None:
        self.now = 0
        self.written: list[int] = []
        self.hits: list[tuple[int, int]] = []
        self.waits: list[tuple[int, bool]] = []  # whether units wait, from the end of a frame on
        self._toggles: list[tuple[int, np.ndarray]] = []

    def hit(self, positions: Sequence[int]) -> None:
        """Upsets, before the frame that comes next."""
        self.hits += [(self.now, position) for position in positions]

    def waiting(self, waits: bool) -> None:
        """Whether units wait, now that something may have changed."""
        if waits != (self.waits[-1][1] if self.waits else False):
            self.waits.append((self.now, waits))

    def toggled(self, positions: np.ndarray) -> None:
        """Bits of the working copy, int64, that are wrong now and were not, or the other way round."""
        if len(positions):
            self._toggles.append((self.now, positions))

    def changes(self) -> tuple[np.ndarray, np.ndarray]:
        """(frame, position), int64 [n] each, of all bits that became wrong or right again, in order."""
        frame = np.repeat([at for at, _ in self._toggles], [len(bits) for _, bits in self._toggles])
        bits = [bits for _, bits in self._toggles]
        return frame.astype(np.int64), np.concatenate([np.zeros(0, np.int64), *bits])
