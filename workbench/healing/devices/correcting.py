"""The correction of a simulated device's inputs, where its strategy has one; see `workbench.memory.watches.input_gain`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from workbench.memory.watches.input_gain import GainWatch
from workbench.memory.watches.watch import Watch


class Correcting:
    """What the network of a device is given instead of what comes in."""

    def __init__(self, watches: Sequence[Watch], data: np.ndarray) -> None:
        """watches: of all guards. data: uint8 of the device's image."""
        gains = (each for each in watches if each.area.kind.corrects_inputs)
        self._watch = cast(GainWatch | None, next(gains, None))
        self._data = data

    @property
    def active(self) -> bool:
        """Whether it is given something else."""
        return self._watch is not None and self._watch.gain(self._data) != 0

    @property
    def changes(self) -> bool:
        """Whether the correction may be another one after the next frame."""
        return self._watch is not None and self._watch.follows(self._data)

    def corrected(self, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Inputs, [1, frames * rate, channels] by name, as the network is given them."""
        return self._watch.corrected(self._data, inputs) if self._watch and self.active else inputs
