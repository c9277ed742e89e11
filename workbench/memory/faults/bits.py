"""Fault models that count bits: each bit alone, a number of flips, a number of stuck cells, a given list.

Reference: exhaustive and statistical injection, Leveugle et al. 2009,
https://doi.org/10.1109/DATE.2009.5090716. Layout: see `workbench.memory.faults.model`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError, nearest
from workbench.memory.faults.events import CLEAR, FLIP, SET, Events
from workbench.memory.faults.model import (
    MOST_FRAMES,
    VALUES,
    FaultModel,
    at_once,
    check_count,
    hit_bits,
    need,
    stuck_actions,
)
from workbench.memory.faults.transients import ALL_SECTIONS, Sites
from workbench.memory.sampling import distinct

_MIX = 2654435761  # Knuth's multiplicative hash; bit 16 of the product is the value of a cell


@dataclass(frozen=True)
class Each(FaultModel):
    """Every candidate once, alone: trial number i hits candidate number i.

    action: "flip", or "clear" and "set" for a cell stuck at 0 or 1. frame: when it happens.
    """

    action: str = "flip"
    frame: int = 0

    NAME = "each"
    ACTIONS: ClassVar[dict[str, int]] = {"flip": FLIP, "clear": CLEAR, "set": SET}

    @property
    def sticks(self) -> bool:
        """Unless they flip."""
        return self.action != "flip"

    def _check(self) -> None:
        if self.action not in self.ACTIONS:
            raise WorkbenchError(
                f"each={self.action} is unknown; {nearest(self.action, self.ACTIONS)}"
            )
        need(
            0 <= self.frame < MOST_FRAMES,
            f"there is no frame {self.frame}; use 0 to {MOST_FRAMES - 1:,}",
        )

    def _size(self, candidates: np.ndarray) -> int:
        return len(candidates)

    def _events(
        self, sites: Sites, candidates: np.ndarray, label: str, indexes: np.ndarray
    ) -> Events:
        wrong = indexes[(indexes < 0) | (indexes >= len(candidates))]
        if len(wrong):
            raise WorkbenchError(
                f"there is no trial {wrong[0]}: {len(candidates):,} bits match, each is hit by one "
                f"trial, 0 to {len(candidates) - 1}"
            )
        trial = np.arange(len(indexes))
        frame = np.full_like(trial, self.frame)
        action = np.full(len(trial), self.ACTIONS[self.action], np.uint8)
        return Events(trial, frame, candidates[indexes], action)


@dataclass(frozen=True)
class Flips(FaultModel):
    """`count` different bits, uniformly from the candidates, flip before the first frame."""

    count: int

    NAME = "flips"

    def _check(self) -> None:
        need(self.count >= 0, f"cannot flip {self.count} bits; ask for at least 0")

    def _events(
        self, sites: Sites, candidates: np.ndarray, label: str, indexes: np.ndarray
    ) -> Events:
        check_count(self.count, candidates, self)
        counts = np.full(len(indexes), self.count)
        trial, number, _ = distinct(label, indexes, counts, len(candidates))
        return at_once(trial, candidates[number], FLIP)

    def arrived(
        self, sites: Sites, candidates: np.ndarray, label: str, words: np.ndarray
    ) -> Events:
        """As of all models; a single flip is that of the bit that is hit."""
        if self.count != 1:
            return super().arrived(sites, candidates, label, words)
        return at_once(np.arange(len(words)), hit_bits(candidates, words), FLIP)


@dataclass(frozen=True)
class Stuck(FaultModel):
    """`count` different cells are stuck from the start: at "0", at "1" or "either", by chance."""

    count: int
    at: str = "either"

    NAME = "stuck"

    @property
    def sticks(self) -> bool:
        """Unless there is none."""
        return self.count > 0

    def _check(self) -> None:
        need(self.count >= 0, f"cannot have {self.count} stuck cells; ask for at least 0")
        need(self.at in VALUES, f"a cell cannot be stuck at {self.at}; choose {', '.join(VALUES)}")

    def _events(
        self, sites: Sites, candidates: np.ndarray, label: str, indexes: np.ndarray
    ) -> Events:
        check_count(self.count, candidates, self)
        counts = np.full(len(indexes), self.count)
        trial, number, word = distinct(label, indexes, counts, len(candidates))
        return at_once(trial, candidates[number], stuck_actions(self.at, word))

    def arrived(
        self, sites: Sites, candidates: np.ndarray, label: str, words: np.ndarray
    ) -> Events:
        """As of all models; a single cell is the one that is hit, "either" a matter of the cell."""
        if self.count != 1:
            return super().arrived(sites, candidates, label, words)
        cell = hit_bits(candidates, words)
        value = cell.astype(np.uint64) * np.uint64(_MIX) << np.uint64(47)
        return at_once(np.arange(len(cell)), cell, stuck_actions(self.at, value))


@dataclass(frozen=True)
class Bits(FaultModel):
    """These bits flip before the first frame; one trial. For bits chosen by a search or by hand."""

    positions: tuple[int, ...]

    NAME = "bits"
    SECTIONS = ALL_SECTIONS

    def _check(self) -> None:
        need(len(self.positions) > 0, "a plan of bits names none; give their positions")
        twice = len(set(self.positions)) < len(self.positions)
        need(not twice, "a bit is named twice, which would not flip it; name each once")
        object.__setattr__(self, "positions", tuple(sorted(self.positions)))

    def reach(self, candidates: np.ndarray) -> np.ndarray:
        """The bits themselves."""
        return np.array(self.positions, np.int64)

    def _size(self, candidates: np.ndarray) -> int:
        return 1

    def _events(
        self, sites: Sites, candidates: np.ndarray, label: str, indexes: np.ndarray
    ) -> Events:
        need(not np.any(indexes), "a plan that names its bits has one trial, number 0")
        strange = [p for p in self.positions if not 0 <= p < sites.size]
        if not strange:
            strange = np.setdiff1d(self.positions, candidates, assume_unique=True).tolist()
        if strange:
            raise WorkbenchError(
                f"bit position {strange[0]} is not among the {len(candidates)} that the plan may "
                "hit; check the position and the sections"
            )
        positions = np.array(self.positions, np.int64)
        trial = np.repeat(np.arange(len(indexes)), len(positions))
        return at_once(trial, np.tile(positions, len(indexes)), FLIP)
