"""Modes of layers that are pruned in blocks: un-pruned for a while, pruned again afterwards, and guarded meanwhile.

A byte in RAM says whether a layer is un-pruned (`workbench.integer.operators.pruned`). The remedy UNPRUNE sets it for
`hold` frames, counted anew with each time, so that a layer whose damage is found again and again does not switch to and
fro. Every frame counts down, and the last one puts the byte back. What the byte should be follows from the count alone:

    left     = min(majority of the three copies, hold)
    expected = 1 where left > 0 and the layer is pruned in the program, else the program's byte

A byte that is anything else was hit, and is CORRECTed. Layout: `left` int16 [layers, 3], read as 0 .. 65535.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.operators.pruned import DENSE, PrunedConv
from workbench.integer.sections import MODE
from workbench.memory.codes.signatures import Judgement
from workbench.memory.places import RAM_CHECK, WORKING_SECTIONS, Place, Places, Tensor
from workbench.memory.watches.areas import Area, Kind, whole
from workbench.memory.watches.watch import Watch

MODES = "modes"
_LEFT, _LEFT_BYTES = "left", 6  # of a layer, all copies
_MOST_HOLD = 2**15
_WEIGHTS = ("kept", "mask")  # tensors whose damage un-prunes their layer


@dataclass(frozen=True)
class ModesArea(Area):
    """hold: frames for which a layer stays un-pruned, 1 to 2**15."""

    hold: int = 4096

    def __post_init__(self) -> None:
        whole(self, "hold")
        if not 1 <= self.hold <= _MOST_HOLD:
            raise WorkbenchError(
                f"a layer cannot stay un-pruned for {self.hold} frames; choose 1 to {_MOST_HOLD:,}"
            )
        super().__post_init__()


class ModesWatch(Watch):
    """A unit is the mode of a layer. layers: pruned convolutions, in program order. hold: as of the area."""

    AXES: ClassVar[Mapping[str, tuple[str, ...]]] = {_LEFT: ("layer", "copy")}

    def __init__(self, area: ModesArea, layout: Places, label: str) -> None:
        super().__init__(area, layout, label)
        modes = layout.sections[MODE]
        self.start, self.stop, self.hold = modes.start, modes.stop, area.hold
        self.layers = [o for o in layout.program.operators if isinstance(o, PrunedConv)]
        self.units = len(self.layers)

    @cached_property
    def modes(self) -> np.ndarray:
        """Addresses of the modes, int64 [layers]."""
        return np.array([self.layout.place(o.name, "mode").start for o in self.layers], np.int64)

    @cached_property
    def usual(self) -> np.ndarray:
        """The modes of the program, uint8 [layers]."""
        return np.array([o.mode.view(np.uint8)[0] for o in self.layers], np.uint8)

    def tensors(self) -> list[tuple[str, Tensor]]:
        """`left`."""
        return [(RAM_CHECK, (self.label, _LEFT, 16, (self.units, 3)))]

    def places_of(self, unit: int, *tensors: str) -> list[Place]:
        """Of the layer's tensors."""
        return [self.layout.place(self.layers[unit].name, tensor) for tensor in tensors]

    def layers_of(self, addresses: np.ndarray) -> list[int]:
        """The layers that some of these bytes, int64, are weights or masks of."""
        return [
            unit
            for unit in range(self.units)
            for place in self.places_of(unit, *_WEIGHTS)
            if ((addresses >= place.start) & (addresses < place.start + place.size_bytes)).any()
        ]

    def left(self, data: np.ndarray) -> np.ndarray:
        """For how many more frames each layer is un-pruned, int64 [layers]; data: uint8 of the image."""
        a, b, c = self._copies(data).T.astype(np.int64)
        return np.minimum(a & b | a & c | b & c, self.hold)

    def is_unusual(self, data: np.ndarray) -> bool:
        """Whether some mode is not that of the program."""
        return bool((data[self.modes] != self.usual).any())

    def begin(self, data: np.ndarray, unit: int, frames: int) -> None:
        """Un-prune a layer from the next frame on, for as many frames; `hold` at most, and none prunes it."""
        left = min(frames, self.hold)
        self._copies(data)[unit] = left
        data[self.modes[unit]] = self._expected(unit, left)

    def advance(self, data: np.ndarray, frames: int = 1) -> None:
        """The end of so many frames: those modes are put back whose time is over."""
        before = self.left(data)
        after = np.maximum(0, before - frames)
        self._copies(data)[:] = after[:, None]
        ended = np.flatnonzero((before > 0) & (after == 0))
        data[self.modes[ended]] = self.usual[ended]

    def _copies(self, data: np.ndarray) -> np.ndarray:
        place = self.layout.place(self.label, _LEFT)
        return data[place.start : place.start + place.size_bytes].view("<u2").reshape(-1, 3)

    def _expected(self, unit: int, left: int) -> int:
        usual = int(self.usual[unit])
        return DENSE if left and not usual else usual

    def wrong(self, data: np.ndarray, unit: int, *, golden: bool = False) -> bool:
        """Whether a mode is not what the count says; of the golden copy, not the program's."""
        if golden:
            place = self.layout.place(self.layers[unit].name, "mode", golden=True)
            return int(data[place.start]) != int(self.usual[unit])
        return int(data[self.modes[unit]]) != self._expected(unit, int(self.left(data)[unit]))

    def judged(self, data: np.ndarray, unit: int, *, golden: bool = False) -> Judgement:
        """Three copies against a byte."""
        return Judgement.BLAMES

    def damaged(self, data: np.ndarray, clean: np.ndarray, unit: int) -> bool:
        """By the count: an un-pruned layer is as it should be."""
        return self.wrong(data, unit)

    def data_wrong(self, data: np.ndarray, unit: int) -> bool:
        """The byte is."""
        return True

    def correct(self, data: np.ndarray, unit: int) -> None:
        """What the count says."""
        data[self.modes[unit]] = self._expected(unit, int(self.left(data)[unit]))

    def start_up(self, data: np.ndarray, unit: int) -> None:
        """As the program has it."""
        self._copies(data)[unit] = 0
        data[self.modes[unit]] = self.usual[unit]

    def addresses(self, unit: int) -> slice:
        """The mode."""
        return slice(int(self.modes[unit]), int(self.modes[unit]) + 1)

    def ranges(self, unit: int) -> list[tuple[int, int]]:
        """The mode."""
        return [(int(self.modes[unit]), int(self.modes[unit]) + 1)]

    def watched(self) -> np.ndarray:
        """All modes."""
        return self.modes

    def units_of(self, addresses: np.ndarray) -> np.ndarray:
        """The layers whose modes these are; padding has none."""
        return np.flatnonzero(np.isin(self.modes, addresses))

    def units_checked(self, place: Place, offset: np.ndarray) -> np.ndarray:
        """Those of the counts."""
        return offset // _LEFT_BYTES

    def telling_bits(self, unit: int) -> list[int]:
        """Bit 6 of the mode."""
        return [8 * int(self.modes[unit]) + 6]


@dataclass(frozen=True)
class Modes(Kind):
    """Of programs that are pruned in blocks; without one of it nothing is un-pruned."""

    watch: ClassVar = ModesWatch
    single: ClassVar[bool] = True
    switches: ClassVar[bool] = True
    remedies: ClassVar[tuple[str, ...] | None] = ("CORRECT",)
    ladder_rule: ClassVar[str] = "modes are CORRECTed, by what un-pruned them, and nothing else"

    @property
    def record(self) -> type[Area]:
        """With how long a layer stays un-pruned."""
        return ModesArea

    @property
    def corrects(self) -> bool:
        """By the count."""
        return True

    def check(self, area: Area) -> None:
        """It has a time, and no sections to choose from."""
        if not isinstance(area, ModesArea):
            raise WorkbenchError('modes have a time; write ModesArea("modes", hold=4096)')
        if area.sections != WORKING_SECTIONS:
            raise WorkbenchError(f"{self.name} are of all pruned layers; leave the sections out")

    def check_units(self, watch: ModesWatch) -> None:
        """There have to be layers."""
        if not watch.units:
            raise WorkbenchError(
                "nothing can be un-pruned, since the program is not pruned in blocks; take another strategy, or train one with "
                "`workbench train challenge --prune-blocks 0.5`"
            )

    def judges(self, area: Area) -> bool:
        """By three copies of the count."""
        return True

    def tolerates_rewrites(self, *, observes: bool, restorable: bool) -> bool:
        """No other guard writes modes."""
        return True

    def unit_text(self, area: Area) -> str:
        """A byte a layer."""
        return "a layer's mode"

    def text(self, area: Area) -> str:
        """With its time."""
        assert isinstance(area, ModesArea)
        return f"{self.name} of pruned layers, un-pruned for {area.hold:,} frames"
