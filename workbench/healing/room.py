"""Layers that are un-pruned while there is room in the budget of a frame.

Layout: the C of `workbench/firmware/runtime/wb_room.h` does the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError
from workbench.healing.majority import majority

_MOST_FRAMES, _MOST_LAYERS, _MOST = 2**15, 255, 2**32 - 1


@dataclass(frozen=True)
class RoomRules:
    """When layers are un-pruned, all numbers but `patience` in one unit: instructions, cycles or microseconds.

    Args:
        extra: What each layer takes more of a frame while it is un-pruned, in the order in which layers are un-pruned.
        margin: What stays free of a frame.
        patience: Frames in a row with room until one more layer is un-pruned.
    """

    extra: Sequence[int]
    margin: int
    patience: int = 250

    def __post_init__(self) -> None:
        if not 1 <= len(self.extra) <= _MOST_LAYERS:
            raise WorkbenchError(
                f"there are {len(self.extra)} layers to un-prune; name 1 to {_MOST_LAYERS}"
            )
        for name, value, least, most in (
            *(("what a layer takes", each, 0, _MOST) for each in self.extra),
            ("the margin", self.margin, 0, _MOST),
            ("the patience", self.patience, 1, _MOST_FRAMES),
        ):
            if type(value) is not int or not least <= value <= most:
                raise WorkbenchError(
                    f"{name} is {value!r}; give a whole number from {least} to {most:,}"
                )


class Room:
    """How many layers are un-pruned. copies: uint32 [3] of its state, of which the majority counts."""

    def __init__(self, rules: RoomRules) -> None:
        self.rules = rules
        self.copies = np.zeros(3, np.uint32)

    def next(self, left: int) -> int:
        """How many layers, the first of the table, are un-pruned after a frame of which so much was left."""
        rules = self.rules
        word = majority(self.copies)
        count = min(word & 255, len(rules.extra))
        waited = min(word >> 8, rules.patience) + 1
        if left < rules.margin:
            lack, waited = rules.margin - left, 0
            while lack > 0 and count:
                count -= 1
                lack -= rules.extra[count]
        elif count == len(rules.extra) or left - rules.margin < rules.extra[count]:
            waited = 0
        elif waited >= rules.patience:
            count, waited = count + 1, 0
        self.copies[:] = waited << 8 | count
        return count
