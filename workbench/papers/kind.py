"""What a kind of experiment is: it runs, gives numbers, lets them be heard, and derives them again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from workbench.errors import WorkbenchError, nearest
from workbench.papers.cell import Cell, Measure
from workbench.papers.models import Model
from workbench.papers.options import read_options


@dataclass(frozen=True)
class Example:
    """A sound behind a number.

    Args:
        caption: What it is.
        events: What happened, a line each.
        clean: The sound as it should be, float32 [samples]; None where there is nothing to compare with.
        sound: The sound; what is none, as a face, [frames, shapes], cannot be played on a page.
        sample_rate_hz: Of both.
        again: A command or a call that makes it again.
    """

    caption: str
    events: tuple[str, ...]
    clean: np.ndarray | None
    sound: np.ndarray
    sample_rate_hz: int
    again: str


@dataclass(frozen=True)
class Evidence:
    """What came of deriving a part of a number again.

    Args:
        what: Was done, in words.
        equal: Whether all of it was as it had been kept.
    """

    what: str
    equal: bool


@dataclass(frozen=True)
class Site:
    """Where an experiment takes place.

    Args:
        folder: That keeps what is finished.
        jobs: Processes; -1 for one a core.
        dask: Address of a scheduler, None for this machine.
    """

    folder: Path
    jobs: int = -1
    dask: str | None = None


class Kind(ABC):
    """An experiment of a study. A class names its OPTIONS, a dataclass, and its MEASURES."""

    OPTIONS: ClassVar[type[Any]]
    MEASURES: ClassVar[dict[str, Measure]]

    def __init__(
        self,
        name: str,
        options: Mapping[str, Any],
        models: Mapping[str, Model],
        seed: int,
        site: Site,
    ) -> None:
        """Take options of a study, name: of the experiment. WorkbenchError for what cannot be."""
        self.name, self.models, self.seed, self.site = name, models, seed, site
        self.options = read_options(self.OPTIONS, options, f"[[data]] {name}")
        self.check()

    def check(self) -> None:  # noqa: B027
        """Raise WorkbenchError for options that are impossible together; before anything runs."""

    @abstractmethod
    def run(self) -> None:
        """Do what is missing in the folder of the site."""

    @abstractmethod
    def cells(self) -> list[Cell]:
        """All numbers of what is kept there, in an order that depends on nothing else."""

    @abstractmethod
    def example(self, cell: Cell) -> Example | None:
        """A sound behind one of its numbers, None where nothing can be heard."""

    @abstractmethod
    def again(self, cell: Cell, rng: np.random.Generator) -> Evidence:
        """Derive parts of a number again, by another way than they were first made where there is one.

        Args:
            cell: One of its numbers.
            rng: Chooses the parts.
        """

    @abstractmethod
    def methods(self) -> str:
        """What was done, in a few sentences of a paper, with the exact numbers."""


def named_in(texts: Sequence[str], known: Sequence[str], what: str) -> tuple[str, ...]:
    """The texts, all of `known` where there are none; WorkbenchError, calling one `what`, for an unknown one."""
    for text in texts:
        if text not in known:
            raise WorkbenchError(f"there is no {what} {text!r}; {nearest(text, known)}")
    return tuple(texts) or tuple(known)
