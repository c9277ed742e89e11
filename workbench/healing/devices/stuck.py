"""Cells of a simulated memory that are always 0 or always 1, whatever is written.

Layout: addresses are those of the image, where a cell really lies; `seen` tells where a program sees it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from workbench.memory.places import Section


class StuckCells:
    """in_variables: whether several are among the healer's variables, so that two copies may agree on
    what was never written there.
    """

    def __init__(self, variables: Section) -> None:
        self._variables = range(variables.start, variables.stop)
        self._cells: list[tuple[int, int, int]] = []
        self.in_variables = False

    @property
    def addresses(self) -> list[int]:
        """Of the bytes with such cells, in the order in which they came."""
        return [address for address, *_ in self._cells]

    def add(self, position: int, value: int) -> None:
        """From now on the bit at 8 * address + bit is `value`."""
        self._cells.append((position >> 3, 1 << (position & 7), value))
        self.in_variables = sum(address in self._variables for address in self.addresses) > 1

    def settle(self, data: np.ndarray, seen: Callable[[int], int]) -> None:
        """They take their value back in `data`, uint8 [bytes]."""
        for place, mask, value in self._cells:
            address = seen(place)
            data[address] = (data[address] & ~np.uint8(mask)) | (mask if value else 0)
