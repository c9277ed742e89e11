"""Where a device's bytes are looked for: pages move to spare ones in RAM, versions change places in flash."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.healing.devices.running_version import RunningVersion, rank_of
from workbench.healing.devices.spares import Spares
from workbench.memory.layout import Layout


class Whereabouts:
    """spares: of pages. version: the one that runs. moves: whether anything can move at all."""

    def __init__(self, layout: Layout) -> None:
        self.spares = Spares(layout)
        self.version = RunningVersion(layout)
        self._versions = layout.versions
        self.moves = layout.spare_pages > 0 or layout.versions > 1

    def follow(self, data: np.ndarray, state: dict[str, Any]) -> bool:
        """Let bytes lie where the healer's variables say; tell whether anything moved."""
        moved = self.spares.follow(data, state["map"])
        for word in state["version"]:
            moved |= self.version.follow(data, word)
        return moved

    def seen(self, address: int) -> int:
        """Where a cell is looked for."""
        return self.version.seen(self.spares.seen(address))

    def exchanged(self, data: np.ndarray) -> np.ndarray:
        """The bytes as they are looked for, of those where they lie, and the other way round."""
        return self.version.exchanged(self.spares.exchanged(data))

    def rank(self, state: dict[str, Any]) -> int:
        """Of the version that runs, as entries of the log have it."""
        return max((rank_of(word, self._versions) for word in state["version"]), default=0)
