"""Which bits of an image a fault may hit: the text of a choice, why it leaves nothing, and flips drawn from it.

Text: "seed=1,section=weights+bias,operator=up2,bit=7", as plans and identifiers have it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import numpy as np

from workbench.errors import WorkbenchError, expect, nearest, whole_number
from workbench.memory.layout import Layout
from workbench.memory.places import SECTIONS, WORKING_SECTIONS
from workbench.memory.sampling import distinct, no_such_number

Names = str | Iterable[str] | None  # one, several, or any
Numbers = int | Iterable[int] | None


@dataclass(frozen=True)
class Choice:
    """sections, operators: names; () for the model's own, or any. bits: of an element, () for all."""

    sections: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    bits: tuple[int, ...] = ()

    def text(self, seed: int) -> str:
        """The choice and the seed as the end of a plan's text; parts without values are left out."""
        parts: dict[str, Iterable[object]] = {
            "seed": [seed],
            "section": self.sections,
            "operator": self.operators,
            "bit": self.bits,
        }
        return ",".join(
            f"{key}={joined(map(str, values))}" for key, values in parts.items() if values
        )


@dataclass(frozen=True)
class DrawnFlips:
    """Bits that were flipped by the fault model `flips`.

    image: content hash of the image before. plan: text of the plan. trial: its number.
    """

    image: str
    plan: str
    trial: int


def joined(values: Iterable[str]) -> str:
    """Several values of one key, as a plan's text has them."""
    return "+".join(quote(value, safe="") for value in values)


def draw_flips(
    layout: Layout,
    *,
    operator: Names = None,
    tensor: Names = None,
    section: Names = None,
    bits: Numbers = None,
    count: int = 1,
    seed: int = 0,
    trial: int = 0,
) -> tuple[np.ndarray, str, int]:
    """Positions, ascending int64 [count], of a trial of the plan flips=`count`; the plan's text; the trial.

    Arguments and errors as of `Image.flip`.
    """
    operators, tensors = _names(operator, "operator"), _names(tensor, "tensor")
    sections = _names(section, "section")
    within = tuple(whole_number(bit, "a bit") for bit in _listed(bits))
    count, seed, trial = (
        whole_number(count, "count"),
        whole_number(seed, "seed"),
        whole_number(trial, "trial"),
    )
    searched = sections or WORKING_SECTIONS
    stored = {place.operator for place in layout.places}
    owners = stored.union(each.name for each in layout.program.operators)
    refuse_unknown(owners, searched, operators, SECTIONS)
    if tensors:
        searched = sections = _holding(layout, tensors, operators, searched)
    candidates = layout.positions(searched, operators=operators, bits=within)
    if not len(candidates):
        raise WorkbenchError(why_nothing(layout.places, searched, operators, within, SECTIONS))
    if not 0 <= count <= len(candidates):
        raise WorkbenchError(
            f"count is {count:,} and {len(candidates):,} bits match; choose 0 to {len(candidates):,}"
        )
    if not 0 <= trial < 2**64:
        raise no_such_number(trial)
    plan = f"flips={count},{Choice(sections, operators, within).text(seed)}"
    _, number, _ = distinct(f"trial {plan}", np.array([trial]), np.array([count]), len(candidates))
    return candidates[number], plan, trial


def refuse_unknown(
    owners: Collection[str], sections: Sequence[str], operators: Sequence[str], known: Sequence[str]
) -> None:
    """Raise WorkbenchError for a section that is none of `known`, or an operator that is none of `owners`."""
    for kind, names, choice in (("section", sections, known), ("operator", operators, owners)):
        for name in names:
            if name not in choice:
                raise WorkbenchError(
                    f"the image has no {kind} {name!r}; {nearest(name, sorted(choice))}"
                )


def why_nothing(
    places: Sequence[Any],
    sections: Sequence[str],
    operators: Sequence[str],
    bits: Sequence[int],
    known: Sequence[str],
) -> str:
    """Which part of a choice leaves no bit, and what could be asked for; known: all sections."""
    owned = [
        place
        for place in places
        if np.prod(place.shape) and (not operators or place.operator in operators)
    ]
    inside = [place for place in owned if place.section in sections]
    if not inside:
        has = [section for section in known if section in {place.section for place in owned}]
        return (
            f"{' and '.join(operators) or 'the program'} has nothing in the section "
            f"{' or '.join(sections)}; it has {', '.join(has) or 'no stored bits'}"
        )
    widths = sorted({place.bits for place in inside})
    return (
        f"no element there has a bit {' or '.join(map(str, bits))}; elements have 4, 8, 16 "
        f"or 32 bits, and there you can choose 0 to {widths[-1] - 1}"
    )


def _holding(
    layout: Layout, tensors: Sequence[str], operators: Sequence[str], sections: Sequence[str]
) -> tuple[str, ...]:
    """Those of `sections` that hold these tensors; of these operators, they must hold nothing else."""
    places = [
        place
        for place in layout.places
        if place.section in sections and (not operators or place.operator in operators)
    ]
    there = {place.tensor for place in places}
    for tensor in tensors:
        if tensor not in there:
            owner = " and ".join(operators) or "the chosen memory"
            raise WorkbenchError(
                f"{owner} has no tensor {tensor!r}; {nearest(tensor, sorted(there))}"
            )
    held = {place.section for place in places if place.tensor in tensors}
    others = {place.tensor for place in places if place.section in held} - set(tensors)
    if others:
        raise WorkbenchError(
            f"the section {' and '.join(sorted(held))} holds {', '.join(sorted(others))} as well, and "
            "plans choose by section; name the operator, too, or all of these tensors"
        )
    return tuple(section for section in sections if section in held)


def _listed(value: object) -> list[Any]:
    """The values that are given alone, together or not at all."""
    if value is None:
        return []
    several = isinstance(value, Iterable) and not isinstance(value, str | bytes)
    return list(value) if several else [value]  # type: ignore[call-overload]


def _names(value: object, what: str) -> tuple[str, ...]:
    names = _listed(value)
    for name in names:
        expect(name, str, f"flip's {what}", "a name as text, or a list of names")
    return tuple(names)
