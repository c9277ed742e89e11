"""Pages that are compared with their golden copy, byte by byte; the copy is the check.

A comparison alone cannot tell which copy is damaged. Other guards of the same bytes may: one whose check agrees with
the working copy and not with the golden copy shows that the golden copy is damaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.memory.places import GOLDEN, Places, Tensor
from workbench.memory.watches.areas import GOLDEN_COPY, Area, Kind
from workbench.memory.watches.watch import Watch


class GoldenWatch(Watch):
    """Runs of `unit_bytes`."""

    def __init__(self, area: Area, layout: Places, label: str) -> None:
        super().__init__(area, layout, label)
        self._others: Sequence[Watch] = ()

    def among(self, watches: Sequence[Watch]) -> None:
        """Remember who can be asked about the copies."""
        self._others = [watch for watch in watches if watch.vouches]

    def tensors(self) -> list[tuple[str, Tensor]]:
        """No check data: the copy is the check."""
        return []

    def addresses(self, unit: int) -> slice:
        """The bytes of a page."""
        first = self.start + unit * self.area.unit_bytes
        return slice(first, min(first + self.area.unit_bytes, self.stop))

    def units_in(self, addresses: np.ndarray) -> set[int]:
        """The golden copy is the check."""
        golden = self.layout.sections[GOLDEN]
        inside = (addresses >= golden.start) & (addresses < golden.stop)
        return super().units_in(np.where(inside, addresses - golden.start, addresses))

    def units_of(self, addresses: np.ndarray) -> np.ndarray:
        """The pages of the bytes."""
        return (addresses - self.start) // self.area.unit_bytes

    def wrong(self, data: np.ndarray, unit: int, *, golden: bool = False) -> bool:
        """Whether they differ; a golden copy never differs from itself."""
        return not golden and not self.same_as_golden(data, unit)

    @property
    def tells_latent(self) -> bool:
        """Where other guards can be asked."""
        return bool(self._others)

    def latent(self, data: np.ndarray, unit: int) -> bool:
        """Whether other guards vouch for all bytes of the working copy in which the copies differ."""
        working, golden = self._both(data, unit)
        differing = self.addresses(unit).start + np.flatnonzero(working != golden)
        return all(
            any(other.vouches_for(data, int(address)) for other in self._others)
            for address in differing
        )


@dataclass(frozen=True)
class Golden(Kind):
    """The golden copy is all that the working copy is compared with, and so no witness."""

    watch: ClassVar = GoldenWatch
    divided: ClassVar[bool] = True
    movable: ClassVar[bool] = True
    remedies: ClassVar[tuple[str, ...] | None] = ("RESTORE", "RELOCATE", "REBOOT")
    ladder_rule: ClassVar[str] = "a comparison with the golden copy can RESTORE, RELOCATE or REBOOT"

    def compared_with(self, area: Area) -> str:
        """Pages are compared with the golden copy."""
        return GOLDEN_COPY

    def golden_is_witness(self, *, read: bool) -> bool:
        """A copy that is the check itself is none."""
        return False
