"""What damaged weights become where there is no golden copy: zero, or what their neighbours suggest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from workbench.healing.log import Remedy
from workbench.memory.watches.pages import Watch


def replace(
    remedy: Remedy, data: np.ndarray, watch: Watch, unit: int, written: Callable[[], None]
) -> None:
    """Zero, interpolate or clip the located bytes of a unit, in ascending order, as signed weights.

        INTERPOLATE: floor((left + right) / 2)    CLIP: between the smaller and the larger of both

    Neighbours are those in memory; beyond the watched sections they count as zero. written: is called
    after each byte, since cells may be stuck.
    """
    weights = data.view(np.int8)
    for address in watch.located(data, unit).tolist():
        left = int(weights[address - 1]) if address > watch.start else 0
        right = int(weights[address + 1]) if address + 1 < watch.stop else 0
        if remedy == Remedy.ZERO:
            value = 0
        elif remedy == Remedy.INTERPOLATE:
            value = (left + right) >> 1
        else:
            value = min(max(int(weights[address]), min(left, right)), max(left, right))
        weights[address] = value
        written()
