"""Interleaved groups: neighbouring bytes belong to different units, so that one event hits each once.

Reference: RADAR, Li et al. 2021, https://arxiv.org/abs/2101.08254.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.watches.areas import Area
from workbench.memory.watches.pages import Pages, PageWatch

_SECONDS = (None, "crc16", "crc32")  # that read byte by byte


class GroupWatch(PageWatch):
    """Every n-th byte from the n of groups."""

    def addresses(self, unit: int) -> slice:
        """Every n-th byte from that of the group."""
        return slice(self.start + unit, self.stop, self.units)

    @property
    def proves(self) -> bool:
        """Never: it covers no run of bytes."""
        return False

    def units_of(self, addresses: np.ndarray) -> np.ndarray:
        """The groups of the bytes."""
        return (addresses - self.start) % self.units


@dataclass(frozen=True)
class Groups(Pages):
    """Groups with a signature."""

    watch: ClassVar = GroupWatch
    movable: ClassVar[bool] = False
    interleaved: ClassVar[bool] = True

    def check(self, area: Area) -> None:
        """A second check of groups cannot read whole words."""
        if area.second not in _SECONDS:
            raise WorkbenchError(
                f"{area.second} reads whole words and {self.name}'s groups are interleaved; choose crc16 or "
                "crc32 as second check"
            )
