"""Mapping from flipped bits to changed elements: from memory images to variants of a program.

Layout: faults are one array of bit positions (8 * address + bit) for each trial; what comes out are
sparse changes over all trials.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from workbench.integer.changes import Change
from workbench.integer.program import Program
from workbench.memory.layout import Layout
from workbench.memory.places import PARAMETER_SECTIONS, Place


class Flips(NamedTuple):
    """What flips do to one tensor: int64 [elements] each, every element of a trial once.

    trial, element: which; element is a flat index in C order. mask: its bits that are inverted.
    """

    trial: np.ndarray
    element: np.ndarray
    mask: np.ndarray


def parameter_changes(
    program: Program, layout: Layout, faults: Sequence[np.ndarray]
) -> dict[tuple[str, str], Change]:
    """What the program's parameters become when each trial's bits of the clean image are flipped.

    faults: bit positions inside of the image, int64, an array a trial; a position that a trial holds
    twice is not flipped. Only the working copy and the reserve have a say. Keys are (operator, field).
    """
    arrays = {(operator.name, field): array for operator, field, array in program.parameters()}
    changes = {}
    for place, flips in flips_by_tensor(layout, faults):
        if place.section in PARAMETER_SECTIONS:
            name = place.operator, place.tensor
            old = arrays[name].reshape(-1)[flips.element].astype(np.int64)
            value = flipped_values(old, flips.mask, place.bits)
            changes[name] = Change(flips.trial, flips.element, value)
    return changes


def flips_by_tensor(layout: Layout, faults: Sequence[np.ndarray]) -> Iterator[tuple[Place, Flips]]:
    """The faults sorted by the tensors that they hit, in image order; padding is left out."""
    positions = np.concatenate([np.zeros(0, np.int64), *faults]).astype(np.int64)
    trial = np.repeat(np.arange(len(faults)), [len(fault) for fault in faults])
    number, element, bit = locate(layout, positions)
    named = number >= 0
    # One key for (place, trial, element), so that several bits of an element meet.
    span = 8 * layout.size_bytes
    key = ((number * len(faults) + trial) * span + element)[named]
    keys, where = np.unique(key, return_inverse=True)
    mask = np.zeros(len(keys), np.int64)
    np.bitwise_xor.at(mask, where, np.int64(1) << bit[named])
    keys, mask = keys[mask != 0], mask[mask != 0]
    place_trial, element = np.divmod(keys, span)
    number, trial = np.divmod(place_trial, max(1, len(faults)))
    for place_number in np.unique(number):
        chosen = number == place_number
        yield layout.places[place_number], Flips(trial[chosen], element[chosen], mask[chosen])


def flipped_values(old: np.ndarray, mask: np.ndarray, bits: int) -> np.ndarray:
    """Signed `bits`-bit values int64 [n] with the bits of `mask` inverted."""
    sign = np.int64(1) << (bits - 1)
    return ((((old ^ mask) & (2 * sign - 1)) ^ sign) - sign).astype(np.int64)


def locate(layout: Layout, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tensor, element and bit of each position inside of the image, int64 [n] each.

    `Layout.site` for many at once; its plainer way of finding them is what this one is tested with.
    The tensor is an index into `layout.places`, -1 for padding; the element a flat index.
    """
    start, size, bits, length = layout.columns
    number = np.searchsorted(start, positions >> 3, side="right") - 1
    offset = positions - 8 * start[number]
    element, bit = np.divmod(offset, bits[number])
    padding = offset >= 8 * size[number]
    packed = bits[number] == 4
    row_length = length[number][packed]
    row, column = np.divmod(element[packed], 2 * -(-row_length // 2))
    element[packed] = row * row_length + column
    padding[packed] |= column >= row_length
    return np.where(padding, -1, number), element, bit
