"""The kinds of guards and monitors by name, and the areas of a layout with their addresses.

A kind of one's own is a `Kind` with its `Watch`, in a file of its own, and an entry in KINDS; a page
code is a `Code` and an entry `Pages(name, code)`.
"""

from __future__ import annotations

from collections.abc import Iterable

from workbench.memory.codes.ecc import ECC, InPlace
from workbench.memory.codes.signatures import SIGNATURES, Code
from workbench.memory.places import Places
from workbench.memory.watches.areas import KINDS, Area, Kind
from workbench.memory.watches.golden import Golden
from workbench.memory.watches.groups import Groups
from workbench.memory.watches.pages import Pages
from workbench.memory.watches.self_test import SelfTest
from workbench.memory.watches.sums import Sums
from workbench.memory.watches.triple import Triple
from workbench.memory.watches.watch import Watch
from workbench.memory.watches.words import WordsInPlace


def _of_code(code: Code) -> Kind:
    if isinstance(code, InPlace):
        return WordsInPlace(code.name, code)
    kind = Groups if code.interleaved else Pages
    return kind(code.name, code, signature=code.name in SIGNATURES)


def register(kinds: Iterable[Kind]) -> None:
    """Enter kinds under their names."""
    KINDS.update((kind.name, kind) for kind in kinds)


register(map(_of_code, (*SIGNATURES.values(), *ECC.values())))
register((Golden("golden"), Sums("abft"), Triple("triple"), SelfTest("self-test")))


def watches(areas: tuple[Area, ...], layout: Places) -> list[Watch]:
    """The areas of a layout whose working sections are laid out."""
    return [
        area.kind.watch(area, layout, f"{area.code}_{number}") for number, area in enumerate(areas)
    ]
