"""Fade: the output falls silent where an alarm of behaviour is explained, and rises again over some frames.

An alarm comes after the frame that raised it was computed and before it leaves the device, so that this frame is the
first to be silenced. What a scan of memory repairs silences nothing: most of it was never heard, and silence would be.

    left = min(majority of the three copies, frames)              frames * rows + 1 steps from silence to full loudness
    output[row] = (output[row] * gain[row]) >> 15                 where left > 0
    gain[row]   = ((frames - left) * rows + row) * (2^15 // (frames * rows))

It begins anew, left = frames, with each alarm that damaged memory or a momentary disturbance explains.
Layout: `left` int16 [3], read as 0 .. 65535, three copies of which the majority counts, bit by bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.places import RAM_CHECK, Place, Places, Tensor
from workbench.memory.watches.areas import Area, Kind, whole
from workbench.memory.watches.watch import Watch

GAIN_BITS = 15
_LEFT = "left"


@dataclass(frozen=True)
class FadeArea(Area):
    """frames: from silence to full loudness, at least 1."""

    frames: int = 8

    def __post_init__(self) -> None:
        whole(self, "frames")
        if self.frames < 1:
            raise WorkbenchError(f"a fade cannot take {self.frames} frames; choose at least 1")
        super().__post_init__()


class FadeWatch(Watch):
    """How far the output is from its full loudness; it watches no bytes, and its only unit is never wrong.

    rows: of a frame of the output. step: by which the gain grows from row to row, in 2^-15.
    """

    def __init__(self, area: FadeArea, layout: Places, label: str) -> None:
        super().__init__(area, layout, label)
        program = layout.program
        self.start, self.stop, self.units = 0, 0, 1
        self.frames = area.frames
        self.rows = program.signal(program.output).rate
        if self.frames * self.rows > 1 << GAIN_BITS:
            raise WorkbenchError(
                f"a fade over {self.frames} frames of {self.rows} samples is too slow; choose at most "
                f"{(1 << GAIN_BITS) // self.rows} frames"
            )
        self.step = (1 << GAIN_BITS) // (self.frames * self.rows)

    def tensors(self) -> list[tuple[str, Tensor]]:
        """`left`."""
        return [(RAM_CHECK, (self.label, _LEFT, 16, (3,)))]

    def begin(self, data: np.ndarray) -> None:
        """Silence; data: uint8 of the image."""
        self._copies(data)[:] = self.frames

    def is_busy(self, data: np.ndarray) -> bool:
        """Whether the next frames change anything, be it a copy that was hit."""
        return bool(self._copies(data).any())

    def advance(self, data: np.ndarray) -> int:
        """The end of a frame: how many frames are left before this one is at full loudness, 0 for none."""
        a, b, c = self._copies(data).tolist()
        left = min(a & b | a & c | b & c, self.frames)
        self._copies(data)[:] = max(0, left - 1)
        return left

    def faded(self, codes: np.ndarray, left: int) -> np.ndarray:
        """A frame of the output, codes [rows, channels], as it is heard with so many frames left."""
        gain = ((self.frames - left) * self.rows + np.arange(self.rows)) * self.step
        return (codes.astype(np.int64) * gain[:, None] >> GAIN_BITS).astype(codes.dtype)

    def _copies(self, data: np.ndarray) -> np.ndarray:
        place = self.layout.place(self.label, _LEFT)
        return data[place.start : place.start + place.size_bytes].view("<u2")

    def wrong(self, data: np.ndarray, unit: int, *, golden: bool = False) -> bool:
        """Never: the majority puts it right by itself."""
        return False

    def start_up(self, data: np.ndarray, unit: int) -> None:
        """Full loudness."""
        self._copies(data)[:] = 0

    def addresses(self, unit: int) -> np.ndarray:
        """It points at no bytes of the working copy."""
        return np.zeros(0, np.int64)

    def ranges(self, unit: int) -> list[tuple[int, int]]:
        """None."""
        return []

    def watched(self) -> np.ndarray:
        """No bytes."""
        return np.zeros(0, np.int64)

    def units_of(self, addresses: np.ndarray) -> np.ndarray:
        """None."""
        return np.zeros(0, np.int64)

    def units_checked(self, place: Place, offset: np.ndarray) -> np.ndarray:
        """Its only unit."""
        return np.zeros(len(offset), np.int64)

    def telling_bits(self, unit: int) -> list[int]:
        """None."""
        return []


@dataclass(frozen=True)
class Fade(Kind):
    """It repairs nothing, and changes what is heard."""

    watch: ClassVar = FadeWatch
    single: ClassVar[bool] = True
    fades: ClassVar[bool] = True
    remedies: ClassVar[tuple[str, ...] | None] = ()
    ladder_rule: ClassVar[str] = "a fade repairs nothing; write an empty ladder, ()"

    @property
    def record(self) -> type[Area]:
        """With how many frames it takes."""
        return FadeArea

    def check(self, area: Area) -> None:
        """It has frames."""
        if not isinstance(area, FadeArea):
            raise WorkbenchError('a fade has frames; write FadeArea("fade", frames=8)')

    def tolerates_rewrites(self, *, observes: bool, restorable: bool) -> bool:
        """It watches no bytes."""
        return True

    def text(self, area: Area) -> str:
        """With its frames."""
        assert isinstance(area, FadeArea)
        return f"{self.name} over {area.frames} frames"
