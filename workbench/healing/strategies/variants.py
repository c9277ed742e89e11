"""Strategy variants: a strategy by name or from a file, with the program it runs; some alter the program."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

from workbench.errors import WorkbenchError, expect
from workbench.files import is_file
from workbench.healing.strategies.fitted import fitted
from workbench.healing.strategies.named import (
    NAMED,
    UN_PRUNE,
    named,
    no_such_strategy,
    triple,
    un_prune,
)
from workbench.healing.strategies.restriction import restricted_program
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.strategy_file import JSON, TOML, load_strategy
from workbench.integer.program import Program
from workbench.integer.reference import Codes
from workbench.integer.sections import BIAS
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.image import Image

TRIPLE, RANGE = "triple", "range"
# Variants that are another program, not a strategy: name -> what is done to it.
ALTERED_PROGRAMS = {RANGE: "activations are cut to what clean words reach"}
NAMES = (*NAMED, TRIPLE, RANGE, UN_PRUNE)
_TAKEN = ("clean",)  # the voice without faults, beside the sounds of strategies
_LONGEST_STEM = 60


def strategy_variant(
    name: str | Strategy, program: Program, inputs: Mapping[str, Codes], mask: Path | None = None
) -> tuple[Strategy, Program]:
    """The strategy called `name`, and the program that it runs.

    name: one of NAMES, whose sizes are fitted to the program; a file that `load_strategy` reads; or a
    strategy, as it is. inputs: every word, for range restriction. mask: of the bytes with triple
    copies; without it, the upper half of every bias, where maps of the critical bits find most of
    the harm. Raises WorkbenchError for an unknown name, and as `load_strategy`.
    """
    if isinstance(name, Strategy):
        return name, program
    expect(name, str, "a strategy", "a Strategy, a name or a file's name")
    refuse_unknown(name)
    if name in _MADE:
        return _MADE[name](program, inputs, mask)
    return (named(name, program) if name in NAMED else load_strategy(name)), program


def _restricted(
    program: Program, inputs: Mapping[str, Codes], mask: Path | None
) -> tuple[Strategy, Program]:
    strategy = Strategy(RANGE, source="Chen et al. 2021, https://arxiv.org/abs/2003.13874")
    return strategy, restricted_program(program, inputs.values())


def _tripled(
    program: Program, inputs: Mapping[str, Codes], mask: Path | None
) -> tuple[Strategy, Program]:
    return triple(_critical(Image.of(program), mask)), program


def _unpruned(
    program: Program, inputs: Mapping[str, Codes], mask: Path | None
) -> tuple[Strategy, Program]:
    return fitted(un_prune(), program), program


# Variants that need more than any program: its inputs, a mask, or layers that are pruned in blocks.
_MADE = {TRIPLE: _tripled, RANGE: _restricted, UN_PRUNE: _unpruned}


class StrategyVariant(NamedTuple):
    """asked: the name or file that the user gave, or words for an object that was renamed. program: what the strategy runs."""

    asked: str
    strategy: Strategy
    program: Program


def strategy_variants(
    names: Iterable[str | Strategy] | str | Strategy | None,
    program: Program,
    inputs: Mapping[str, Codes],
    mask: Path | None = None,
) -> list[StrategyVariant]:
    """The strategies of a comparison, without duplicates, under unique names.

    names: each as of `strategy_variant`; None for all of NAMES that can work on the program. A strategy of the
    user's with the name of another one gets its file, or a number, behind its name. Raises WorkbenchError
    as `strategy_variant`, and for a strategy that cannot work on its program, before any work.
    """
    variants: list[StrategyVariant] = []
    known: list[Strategy] = []
    taken = {_folded(name) for name in (*NAMES, *_TAKEN)}
    given = [names] if isinstance(names, str | Strategy) else names
    if given is not None:
        expect(given, Iterable, "what is to be compared", "a list of strategies or their names")
    for asked in dict.fromkeys(NAMES if given is None else given):
        strategy, used = strategy_variant(asked, program, inputs, mask)
        if strategy in known:
            continue
        known.append(strategy)
        text = asked if isinstance(asked, str) else strategy.name
        if asked not in NAMES and not _is_known(strategy, program, inputs, mask):
            free = _free_name(strategy.name, asked, taken)
            if not isinstance(asked, str) and free != strategy.name:
                text = f"the {strategy.name} that was given"
            strategy = replace(strategy, name=free)
        try:
            strategy.image(used)
        except WorkbenchError as error:
            if names is None:
                continue
            raise WorkbenchError(f"{strategy.name} does not suit this network: {error}") from error
        taken.add(_folded(strategy.name))
        variants.append(StrategyVariant(text, strategy, used))
    return variants


def _is_known(
    strategy: Strategy, program: Program, inputs: Mapping[str, Codes], mask: Path | None
) -> bool:
    name = strategy.name
    if name in ALTERED_PROGRAMS or name not in NAMES:
        return False
    return strategy == strategy_variant(name, program, inputs, mask)[0]


def _free_name(name: str, asked: str | Strategy, taken: set[str]) -> str:
    names = [name, *([f"{name} ({asked})"] if isinstance(asked, str) else [])]
    numbered = (f"{name[: _LONGEST_STEM // 2]} {number}" for number in count(2))
    return next(each for each in chain(names, numbered) if _folded(each) not in taken)


def _folded(name: str) -> str:
    return file_stem(name).lower()  # some file systems know no capitals


def fitting(names: Sequence[str], program: Program) -> list[str]:
    """Those of `names` whose sizes and remedies suit a program; code words are not searched for."""
    return [name for name in names if _suits(name, program)]


def _suits(name: str, program: Program) -> bool:
    try:
        strategy_variant(name, program, {})[0].layout(program)
    except WorkbenchError:
        return False
    return True


def file_stem(name: str) -> str:
    """A file name, without its ending, for what belongs to the strategy called `name`."""
    return re.sub(r"[^\w.-]", "_", name).lstrip(".")[:_LONGEST_STEM] or "_"


def refuse_unknown(text: str) -> None:
    """Raise WorkbenchError for what is neither a name of NAMES nor can be a file."""
    if text not in NAMES and not _names_file(text):
        raise WorkbenchError(no_such_strategy(text, NAMES))


def _names_file(text: str) -> bool:
    path = Path(text)
    return path.suffix.lower() in (JSON, TOML) or len(path.parts) > 1 or is_file(path)


def _critical(image: Image, mask: Path | None) -> tuple[int, ...]:
    if mask is not None:
        chosen = ProtectionMask.load(mask)
        chosen.names(image)  # refuses a mask of another image
        return tuple(int(address) for address in chosen.protected.nonzero()[0])
    return tuple(
        place.start + byte
        for place in image.layout.places
        if place.section == BIAS
        for byte in range(place.size_bytes)
        if byte % (place.bits // 8) >= place.bits // 16
    )
