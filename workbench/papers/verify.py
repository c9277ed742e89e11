"""Numbers of a paper derived again: all of them from what the experiments kept, some from their identifiers.

A paper lies where its manifest, its numbers or a file differ from what is derived. Nothing is measured anew in place of
what was kept: see `experiments.records.only_kept`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.files import is_file
from workbench.papers.cell import Cell, with_interval
from workbench.papers.paper import MANIFEST, NUMBERS, Paper
from workbench.sealed import read_sealed

_AGAIN = "make the paper again"


@dataclass(frozen=True)
class Verdict:
    """On one number.

    Args:
        data: The experiment.
        cell: The number, derived from what was kept.
        text: As it is shown.
        what: Was done to derive it.
        equal: Whether all of it was equal.
    """

    data: str
    cell: Cell
    text: str
    what: str
    equal: bool


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of the paper in a folder; WorkbenchError where there is none, or an edited one."""
    try:
        return read_sealed(folder / MANIFEST, _AGAIN)
    except OSError as error:
        raise WorkbenchError(
            f"{folder} holds no paper ({MANIFEST}: {error.strerror}); make one with `workbench paper`"
        ) from error


def changed_files(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """Names of the files that are missing or are not those that the manifest lists."""
    return [
        name
        for name, digest in manifest["files"].items()
        if not is_file(folder / name)
        or hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest
    ]


def changed_numbers(paper: Paper) -> list[str]:
    """Keys of the numbers that are not what follows from the results that are kept."""
    try:
        kept = read_sealed(paper.folder / NUMBERS, _AGAIN)
    except OSError as error:
        raise WorkbenchError(
            f"{paper.folder / NUMBERS} cannot be read ({error.strerror}); {_AGAIN}"
        ) from error
    made = json.loads(json.dumps(paper.plain_numbers))
    wrong = []
    for name in sorted({*kept, *made}):
        mine, other = ({_key(each): each for each in of.get(name, [])} for of in (kept, made))
        wrong += [
            f"{name}, {key}" for key in sorted({*mine, *other}) if mine.get(key) != other.get(key)
        ]
    return wrong


def verdicts(paper: Paper, count: int, rng: np.random.Generator) -> Iterator[Verdict]:
    """Derive so many numbers again, drawn from those that are shown; fewer where there are not as many."""
    shown = [(name, cell) for name, cell in paper.shown if cell.value is not None]
    for which in rng.permutation(len(shown))[:count].tolist():
        name, cell = shown[which]
        kind = paper.kinds[name]
        evidence = kind.again(cell, rng)
        yield Verdict(
            name,
            cell,
            with_interval(cell, kind.MEASURES[cell.measure]),
            evidence.what,
            evidence.equal,
        )


def _key(number: dict[str, Any]) -> str:
    return f"{json.dumps(number['labels'], sort_keys=True)} {number['measure']}"
