"""Which version of the parameters a device runs, of those that lie in its flash.

Layout: a version is a golden copy and its checks. The sections `golden` and `check` are the first, `versions` holds the
others, one after the other. The variable `version` of the healer has a rank in its low 2 bits, 0 for the version that was
started, the last for the factory's, and above it 2 bits for each rank, where its version lies, exclusive-or the rank. A
device's bytes are kept as they are looked for: the version that runs and the first one change places.
"""

from __future__ import annotations

import numpy as np

from workbench.memory.layout import Layout
from workbench.memory.places import GOLDEN, VERSIONS

_RANK = 3


def rank_of(word: int, versions: int) -> int:
    """Rank of the version that runs: 0 for the one that was started."""
    return min(word & _RANK, versions - 1)


def with_rank(word: int, rank: int) -> int:
    """The variable with another rank."""
    return word & ~_RANK | rank


def slot_of(word: int, versions: int) -> int:
    """Where the version that runs lies, whatever upsets made of the variable."""
    rank = rank_of(word, versions)
    return min(word >> (2 + 2 * rank) & _RANK ^ rank, versions - 1)


class RunningVersion:
    """slot: of the version that runs."""

    def __init__(self, layout: Layout) -> None:
        self._first = layout.sections[GOLDEN].start
        self._others = layout.sections[VERSIONS].start
        self._size = self._others - self._first
        self._versions = layout.versions
        self.slot = 0

    def follow(self, data: np.ndarray, word: int) -> bool:
        """Let versions change places in `data` as the variable has it; tell whether any did."""
        wanted = slot_of(word, self._versions)
        if wanted == self.slot:
            return False
        data[:] = self.exchanged(data)
        self.slot = wanted
        data[:] = self.exchanged(data)
        return True

    def exchanged(self, data: np.ndarray) -> np.ndarray:
        """The bytes as they are looked for, of those where they lie, and the other way round."""
        if not self.slot:
            return data
        made = data.copy()
        first, other = self._parts()
        made[first], made[other] = data[other], data[first]
        return made

    def seen(self, address: int) -> int:
        """Where a cell is looked for."""
        if self.slot:
            first, other = self._parts()
            for one, two in ((first, other), (other, first)):
                if one.start <= address < one.stop:
                    return two.start + address - one.start
        return address

    def _parts(self) -> tuple[slice, slice]:
        other = self._others + (self.slot - 1) * self._size
        return slice(self._first, self._others), slice(other, other + self._size)
