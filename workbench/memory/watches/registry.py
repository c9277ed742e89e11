"""The areas of a layout with their addresses."""

from __future__ import annotations

from workbench.memory.places import Places
from workbench.memory.watches.areas import ABFT, GOLDEN, SELF_TEST, TRIPLE, Area
from workbench.memory.watches.pages import GoldenWatch, PageWatch, Watch
from workbench.memory.watches.self_test import SelfTestWatch
from workbench.memory.watches.sums import AbftWatch
from workbench.memory.watches.triple import TripleWatch


def watches(areas: tuple[Area, ...], layout: Places) -> list[Watch]:
    """The areas of a layout whose working sections are laid out."""
    kinds = {GOLDEN: GoldenWatch, ABFT: AbftWatch, TRIPLE: TripleWatch, SELF_TEST: SelfTestWatch}
    return [
        kinds.get(area.code, PageWatch)(area, layout, f"{area.code}_{number}")
        for number, area in enumerate(areas)
    ]
