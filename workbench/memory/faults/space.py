"""Fault models of neighbours: bursts in address order and upsets of physically adjacent cells.

Reference: multi-cell upsets and bit interleaving, Ibe et al. 2010,
https://doi.org/10.1109/TED.2010.2047907. Layout: see `neighbours` for the array of cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.faults.events import FLIP, Events
from workbench.memory.faults.model import FaultModel, at_once, check_count, hit_bits, need
from workbench.memory.faults.transients import Sites
from workbench.memory.layout import Layout
from workbench.memory.sampling import counter_words

_MOST_CELLS = 256  # of one upset
_WIDEST = 65_536  # bits of a word, words of a row


@dataclass(frozen=True)
class Burst(FaultModel):
    """`length` consecutive bits in address order flip, all of them candidates; any such run alike."""

    length: int

    NAME = "burst"
    ADDRESSES = True

    def _check(self) -> None:
        need(self.length > 0, f"a burst of {self.length:,} bits is not possible; use 1 or more")

    def _events(
        self, sites: Sites, candidates: np.ndarray, label: str, indexes: np.ndarray
    ) -> Events:
        check_count(self.length, candidates, self)
        first, last = candidates[: len(candidates) - self.length + 1], candidates[self.length - 1 :]
        sram = 8 * sites.layout.sram_bytes
        starts = first[(last - first == self.length - 1) & ((first < sram) == (last < sram))]
        if not len(starts):
            raise WorkbenchError(
                f"no {self.length:,} bits that match lie side by side; ask for a shorter burst"
            )
        words = counter_words(label, indexes, 1)[:, 0]
        start = starts[(words % np.uint64(len(starts))).astype(np.int64)]
        trial = np.repeat(np.arange(len(indexes)), self.length)
        return at_once(trial, (start[:, None] + np.arange(self.length)).reshape(-1), FLIP)

    def arrived(
        self, sites: Sites, candidates: np.ndarray, label: str, words: np.ndarray
    ) -> Events:
        """As of all models; the run begins at the bit that is hit and ends with its section."""
        start = hit_bits(candidates, words)
        return flipped_together(sites.layout, start, start[:, None] + np.arange(self.length))


@dataclass(frozen=True)
class Mbu(FaultModel):
    """A particle upsets `cells` cells that hang together: one by chance, then neighbours of those.

    word: bits of a word. interleave: words of a row whose bits take turns. Each further cell is drawn
    from the free edges of those hit so far, among the candidates; where these have no neighbour
    left the upset stays smaller. SRAM and flash are different arrays.
    """

    cells: int
    word: int = 32
    interleave: int = 4

    NAME = "mbu"
    ADDRESSES = True

    def _check(self) -> None:
        need(
            0 < self.cells <= _MOST_CELLS,
            f"an upset of {self.cells} cells is not possible; use 1 to {_MOST_CELLS}",
        )
        for what, value in (("a word of", self.word), ("an interleaving of", self.interleave)):
            need(
                0 < value <= _WIDEST,
                f"{what} {value} is not possible; use 1 to {_WIDEST:,} of them",
            )

    def _events(
        self, sites: Sites, candidates: np.ndarray, label: str, indexes: np.ndarray
    ) -> Events:
        check_count(self.cells, candidates, self)
        words = counter_words(label, indexes, self.cells)
        free = np.zeros(8 * sites.layout.size_bytes + 1, bool)  # the last for what is nowhere
        free[candidates] = True
        sram = 8 * sites.layout.sram_bytes
        trials = np.arange(len(indexes))
        hit = np.full((len(indexes), self.cells), -1)
        edges = np.zeros((len(indexes), 0), np.int64)
        hit[:, 0] = candidates[(words[:, 0] % np.uint64(len(candidates))).astype(np.int64)]
        for count in range(1, self.cells):
            newest = hit[:, count - 1]
            around = neighbours(newest, self.word, self.interleave)
            same_array = (around < sram) == (newest < sram)[:, None]
            inside = (newest >= 0)[:, None] & (around >= 0) & (around < len(free) - 1) & same_array
            edges = np.concatenate([edges, np.where(inside, around, len(free) - 1)], axis=1)
            open_edges = free[edges] & (edges[:, :, None] != hit[:, None, :count]).all(axis=2)
            choices = open_edges.sum(axis=1)
            rank = (words[:, count] % np.maximum(choices, 1).astype(np.uint64)).astype(np.int64)
            chosen = (np.cumsum(open_edges, axis=1) > rank[:, None]).argmax(axis=1)
            hit[:, count] = np.where(choices > 0, edges[trials, chosen], -1)
        hit.sort(axis=1)
        trial, cell = np.nonzero(hit >= 0)
        return at_once(trial, hit[trial, cell], FLIP)


def flipped_together(layout: Layout, start: np.ndarray, cells: np.ndarray) -> Events:
    """Flips of the cells int64 [n, k], ascending, that lie in the section of start [n]; a trial a row.

    Padding between tensors is memory like the rest.
    """
    sections = [section for section in layout.sections.values() if section.size_bytes]
    first = np.array(sorted(8 * section.start for section in sections))
    last = np.array(sorted(8 * section.stop for section in sections))
    which = np.searchsorted(first, start, side="right") - 1
    inside = (cells >= first[which][:, None]) & (cells < last[which][:, None])
    trial, column = np.nonzero(inside)
    return at_once(trial, cells[trial, column], FLIP)


def neighbours(position: np.ndarray, word: int, interleave: int) -> np.ndarray:
    """The four cells around each position int64 [n]: below, above, left, right [n, 4]; -1 for none.

    A row of the array holds `interleave` words of `word` bits, bit 0 of each first, then bit 1 of
    each: cells side by side belong to different words. Bits count from 0 through all addresses.
    """
    number, bit = np.divmod(position, word)
    row, which = np.divmod(number, interleave)
    column = bit * interleave + which
    cells = []
    for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        r, c = row + down, column + right
        cell = (r * interleave + c % interleave) * word + c // interleave
        cells.append(np.where((r >= 0) & (c >= 0) & (c < word * interleave), cell, -1))
    return np.stack(cells, axis=1)
