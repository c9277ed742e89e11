"""Choosing bits to flip: at random among those that match, the same seed giving the same bits."""

from __future__ import annotations

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.layout import WORKING_SECTIONS, Layout


def candidates(
    layout: Layout,
    *,
    section: str | None = None,
    operator: str | None = None,
    bit: int | None = None,
) -> np.ndarray:
    """Positions, int64, of the bits of the image that match; by default the whole working copy.

    bit: the same bit of every element, 0 the lowest. Raises WorkbenchError when nothing matches.
    """
    if bit is None:
        return layout.positions(section=section, operator=operator)
    wanted = WORKING_SECTIONS if section is None else (section,)
    found = [
        layout.element_positions(place).reshape(-1) + bit
        for place in layout.places
        if place.section in wanted and operator in (None, place.operator) and bit < place.bits
    ]
    if not found:
        raise WorkbenchError(
            f"no element of section {section or 'any'}, operator {operator or 'any'} has a bit "
            f"{bit}; choose a lower bit or another place"
        )
    return np.concatenate(found)


def choose_flips(
    layout: Layout,
    count: int,
    *,
    seed: int,
    section: str | None = None,
    operator: str | None = None,
    bit: int | None = None,
) -> np.ndarray:
    """`count` different positions, int64, in random order; fewer begin like more.

    Raises WorkbenchError when fewer than `count` bits match.
    """
    found = candidates(layout, section=section, operator=operator, bit=bit)
    if count > len(found):
        raise WorkbenchError(
            f"{count} flips do not fit in the {len(found)} bits that match; ask for fewer"
        )
    return np.random.default_rng(seed).permutation(found)[:count]


def count_by_section(layout: Layout, positions: np.ndarray) -> dict[str, int]:
    """How many of the bits lie in each section that has any, in address order."""
    names = [layout.section_at(int(position) // 8).name for position in positions]
    return {name: names.count(name) for name in layout.sections if name in names}
