"""The strategies of a comparison, each with the program that it runs: some change it beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.healing.named import NAMED, named, triple
from workbench.healing.restriction import restricted_program
from workbench.healing.strategy import Strategy
from workbench.integer.program import Conv, Program
from workbench.integer.reference import Codes
from workbench.memory.image import Image
from workbench.memory.protection import ProtectionMask

TRIPLE, RANGE = "triple", "range"
NAMES = (*NAMED, TRIPLE, RANGE)


def contestant(
    name: str, program: Program, inputs: dict[str, Codes], mask: Path | None = None
) -> tuple[Strategy, Program]:
    """A strategy by name, and the program that it is for.

    inputs: every word, for range restriction. mask: of the bytes that are kept in triple; without it,
    the two high bytes of every bias, where maps of the critical bits find most of the harm. Raises
    WorkbenchError for a name that is none.
    """
    if name == RANGE:
        strategy = Strategy(RANGE, source="Chen et al. 2021, https://arxiv.org/abs/2003.13874")
        return strategy, restricted_program(program, inputs.values())
    if name == TRIPLE:
        return triple(_critical(Image.of(program), mask)), program
    if name not in NAMED:
        raise WorkbenchError(f"there is no strategy {name!r}; choose from {', '.join(NAMES)}")
    return named(name), program


def fitting(names: Sequence[str], program: Program) -> list[str]:
    """Those that can work on this program; for a comparison of all of them."""
    packed = any(isinstance(o, Conv) and o.weight_bits == 4 for o in program.operators)
    left_out = ("interpolate", "clip") if packed else ()
    return [name for name in names if name not in left_out]


def _critical(image: Image, mask: Path | None) -> tuple[int, ...]:
    if mask is not None:
        chosen = ProtectionMask.load(mask)
        chosen.names(image)  # refuses a mask of another image
        return tuple(int(address) for address in chosen.protected.nonzero()[0])
    return tuple(
        place.start + 4 * index + byte
        for place in image.layout.places
        if place.section == "bias"
        for index in range(place.size_bytes // 4)
        for byte in (2, 3)
    )
