"""The most critical bytes, worst first, and the harm that protecting them avoids.

Reference: see `workbench.memory.faults.protection`. Layout: arrays over all bytes of the working copy in the
order of their rank; a byte's harm is the sum of its eight bits' mean harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.maps.criticality import Criticality
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.image import Image


@dataclass(frozen=True)
class Ranking:
    """Bytes of which anything is known, worst first; among equals the lower address comes first.

    addresses: int64 [n], of the working copy, without padding. harm, broken: of each, sums over its
    bits of the mean harm and of the share of broken trials, float64 [n]; bits of which nothing is
    known count 0.
    """

    image: Image
    addresses: np.ndarray
    harm: np.ndarray
    broken: np.ndarray

    @classmethod
    def of(cls, criticality: Criticality) -> Ranking:
        """Rank the bytes by harm; WorkbenchError when no trial did any."""
        harm, broken = (
            np.nan_to_num(values).reshape(-1, 8).sum(axis=1)
            for values in (criticality.harm, criticality.broken)
        )
        if not harm.any():
            raise WorkbenchError(
                f"none of the {criticality.rows:,} flips did any harm, so that no byte is more "
                "critical than another; run a campaign with more trials"
            )
        known = np.flatnonzero(criticality.known.reshape(-1, 8).any(axis=1))
        order = known[np.argsort(-harm[known], kind="stable")]
        return cls(criticality.image, order, harm[order], broken[order])

    @cached_property
    def harm_left(self) -> np.ndarray:
        """Share of all harm that remains with the worst 0, 1, ... bytes protected, float64 [n + 1]."""
        return _left(self.harm)

    @cached_property
    def broken_left(self) -> np.ndarray:
        """Share of all broken trials of single flips that remains, likewise; 0 if there are none."""
        return _left(self.broken)

    def count(self, share: float) -> int:
        """How many bytes `share` of the working copy are, rounded, at least 1, at most all ranked.

        Raises WorkbenchError unless 0 < share <= 1.
        """
        if not 0 < share <= 1:
            raise WorkbenchError(
                f"cannot protect {100 * share:g} % of the bytes; choose more than 0 % and at most 100 %"
            )
        wanted = round(share * self.image.layout.working_bytes)
        return min(max(1, wanted), len(self.addresses))

    def carried(self, share: float) -> float:
        """Share of all harm that the worst `share` of the bytes carry."""
        return float(1 - self.harm_left[self.count(share)])

    def broken_carried(self, share: float) -> float:
        """Share of all broken trials of single flips that the same bytes carry."""
        return float(1 - self.broken_left[self.count(share)]) if self.broken.any() else 0.0

    def protect(self, share: float) -> ProtectionMask:
        """A mask of the worst `share` of the bytes; errors as `count`."""
        return ProtectionMask.of(self.image, self.addresses[: self.count(share)])


def _left(worst_first: np.ndarray) -> np.ndarray:
    """1 - cumulative sum / sum, from the small end so that the last is exactly 0; zeros if all are."""
    tail = np.append(np.cumsum(worst_first[::-1])[::-1], 0.0)
    return tail / tail[0] if tail[0] > 0 else tail
