"""Fault model of a square of cells: the classic multi-bit upset without a model of the array.

Reference: shapes of multi-cell upsets, Ibe et al. 2010, https://doi.org/10.1109/TED.2010.2047907.
Layout: see `workbench.memory.faults.model`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.memory.faults.events import Events
from workbench.memory.faults.model import FaultModel, hit_bits, need
from workbench.memory.faults.space import flipped_together
from workbench.memory.faults.transients import Sites
from workbench.memory.sampling import counter_words

_SIDES = (1, 2, 4, 8)


@dataclass(frozen=True)
class Square(FaultModel):
    """`side` x `side` cells flip: neighbours within a byte, in as many bytes one after the other.

    side: 1, 2, 4 or 8; in its byte the square is aligned to that. A bit drawn from the candidates is
    in its first byte; of the others, the candidates flip.
    """

    side: int

    NAME = "square"
    ADDRESSES = True

    def _check(self) -> None:
        need(self.side in _SIDES, f"a square of {self.side} cells is not possible; use 1, 2, 4, 8")

    def _events(
        self, sites: Sites, candidates: np.ndarray, label: str, indexes: np.ndarray
    ) -> Events:
        words = counter_words(label, indexes, 1)[:, 0]
        made = self.arrived(sites, candidates, label, words)
        chosen = np.isin(made.position, candidates)
        return Events(*(column[chosen] for column in made))

    def arrived(
        self, sites: Sites, candidates: np.ndarray, label: str, words: np.ndarray
    ) -> Events:
        """As of all models; the square is that of the bit that is hit and ends with its section."""
        start = hit_bits(candidates, words)
        corner = start - start % self.side
        side = np.arange(self.side)
        cells = corner[:, None] + (8 * side[:, None] + side).reshape(-1)
        return flipped_together(sites.layout, start, cells)
