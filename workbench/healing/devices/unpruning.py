"""Layers of a simulated device that are un-pruned for a while; see `workbench.memory.watches.modes`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from workbench.healing.devices.stuck import StuckCells
from workbench.memory.watches.flash import FlashWatch
from workbench.memory.watches.modes import ModesWatch
from workbench.memory.watches.watch import Watch, listed


class Unpruning:
    """Which layers are un-pruned and for how long, where the strategy has a guard of modes."""

    def __init__(
        self,
        watches: Sequence[Watch],
        data: np.ndarray,
        settle: Callable[[], None],
        mended: Callable[[np.ndarray], None],
        stuck: StuckCells,
    ) -> None:
        """watches: of all guards. data: uint8 of the device's image. settle, mended: what `Device` has of these names."""
        modes = (each for each in watches if each.area.kind.switches)
        flash = (each for each in watches if each.area.kind.flash)
        self._watch = cast(ModesWatch | None, next(modes, None))
        self._flash = cast(FlashWatch | None, next(flash, None))
        self._data, self._settle, self._mended = data, settle, mended
        self._stuck = stuck

    def begin(self, watch: Watch, unit: int) -> bool:
        """Un-prune the layers that a unit has weights of, all for a monitor; tell whether there was one.

        A layer whose reserve disagrees with its sums stays as it is.
        """
        modes = self._watch
        assert modes  # a strategy with UNPRUNE has such a guard
        layers: Sequence[int] = range(modes.units)
        if not watch.area.kind.asks:
            layers = modes.layers_of(listed(watch.addresses(unit), watch.stop))
        begun = [layer for layer in layers if self._is_sound(modes, layer)]
        for layer in begun:
            modes.begin(self._data, layer, modes.hold)
        if begun:
            self._mended(modes.modes[begun])
        return bool(begun)

    def hold(self, layer: int, frames: int) -> np.ndarray:
        """As `Device.unprune`; the address of the mode, int64 [1], or [0] where nothing was done."""
        modes = self._watch
        if not modes or not 0 <= layer < modes.units:
            return np.zeros(0, np.int64)
        begins = frames and not modes.left(self._data)[layer]
        if begins and not self._is_sound(modes, layer):
            return np.zeros(0, np.int64)
        modes.begin(self._data, layer, frames)
        self._settle()
        return modes.modes[[layer]]

    def _is_sound(self, modes: ModesWatch, layer: int) -> bool:
        if self._flash is None:
            return True
        (reserve,) = modes.places_of(layer, "reserve")
        where = np.arange(reserve.start, reserve.start + reserve.size_bytes)
        return not any(self._flash.wrong(self._data, page) for page in self._flash.units_in(where))

    @property
    def possible(self) -> bool:
        """Whether the strategy can un-prune anything."""
        return self._watch is not None

    def quiet_frames(self) -> list[int]:
        """How many ends of frames put no mode back from now on; []: all."""
        left = self._watch.left(self._data) if self._watch else np.zeros(0)
        if not self._watch or not left.any():
            return []
        (counts,) = self._watch.places
        if any(
            counts.start <= address < counts.start + counts.size_bytes
            for address in self._stuck.addresses
        ):
            return [0]  # a count with a stuck bit is another one after each frame
        return [int(left[left > 0].min()) - 1]

    def advance(self, frames: int = 1) -> None:
        """The end of so many frames, of which no more than the last puts a mode back."""
        if not self._watch:
            return
        counted = self._watch.left(self._data).any()
        self._watch.advance(self._data, frames)
        self._settle()
        if counted:
            self._mended(self._watch.modes)
