"""What damaged weights become where there is no golden copy: zero, or what their neighbours suggest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from workbench.memory.watches.watch import Watch


def replace(
    value: Callable[[int, int, int], int],
    data: np.ndarray,
    watch: Watch,
    unit: int,
    written: Callable[[], None],
) -> None:
    """Give the located bytes of a unit new values, in ascending order, as signed weights.

    value: of the byte as it is, the one on its left and the one on its right; each in -128 .. 127.
    Neighbours are those in memory; beyond the watched sections they count as zero. written: is called
    after each byte, since cells may be stuck.
    """
    weights = data.view(np.int8)
    for address in watch.located(data, unit).tolist():
        left = int(weights[address - 1]) if address > watch.start else 0
        right = int(weights[address + 1]) if address + 1 < watch.stop else 0
        weights[address] = value(int(weights[address]), left, right)
        written()


def zero(byte: int, left: int, right: int) -> int:
    """ZERO."""
    return 0


def mean(byte: int, left: int, right: int) -> int:
    """INTERPOLATE: floor((left + right) / 2)."""
    return (left + right) >> 1


def clipped(byte: int, left: int, right: int) -> int:
    """CLIP: between the smaller and the larger of both."""
    return min(max(byte, min(left, right)), max(left, right))
