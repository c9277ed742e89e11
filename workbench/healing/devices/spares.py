"""Spare pages, and which pages of the working copy they stand for.

Layout: the map has an entry for each spare page: FREE, RETIRED, or the address of the page that it stands
for, plus one. A device's bytes are kept as they are looked for: a broken page and its spare change
places.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from workbench.memory.layout import Layout
from workbench.memory.places import SPARE

FREE, RETIRED = 0, 2**32 - 1


class Spares:
    """moved: the address of the page whose place each spare page takes, or -1."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.moved = [-1] * layout.spare_pages

    def places(self) -> Iterator[tuple[int, int, int]]:
        """(address of the page, of its spare, bytes) of all that are moved."""
        for number, page in enumerate(self.moved):
            if page >= 0:
                first = self._layout.sections[SPARE].start
                yield page, first + number * self._layout.spare_bytes, self._bytes(page)

    def follow(self, data: np.ndarray, entries: Sequence[int]) -> bool:
        """Let pages and spares change places in `data` as the map has it; tell whether any did.

        Entries that name no page, or one that an earlier entry names, count for nothing.
        """
        wanted: list[int] = []
        for entry in entries:
            page = entry - 1
            wanted.append(page if self._bytes(page) and page not in wanted else -1)
        if wanted == self.moved:
            return False
        data[:] = self.exchanged(data)
        self.moved = wanted
        data[:] = self.exchanged(data)
        return True

    def exchanged(self, data: np.ndarray) -> np.ndarray:
        """The bytes as they are looked for, of those where they lie, and the other way round."""
        made = data.copy()
        for page, spare, size in self.places():
            made[page : page + size] = data[spare : spare + size]
            made[spare : spare + size] = data[page : page + size]
        return made

    def seen(self, address: int) -> int:
        """Where a cell is looked for."""
        for page, spare, size in self.places():
            if page <= address < page + size:
                return spare + address - page
            if spare <= address < spare + size:
                return page + address - spare
        return address

    def _bytes(self, page: int) -> int:
        """Of the page that begins there; 0 where none does."""
        for watch in self._layout.watches:
            if watch.start <= page < watch.stop:
                if (page - watch.start) % self._layout.spare_bytes:
                    return 0
                return min(self._layout.spare_bytes, watch.stop - page)
        return 0
