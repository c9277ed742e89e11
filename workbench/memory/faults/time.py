"""Fault models over time: transient flips at given frames, upsets that arrive while it speaks.

Reference: single-event upsets as a Poisson process; see `arrivals` for rates. Layout: see `model`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.faults.arrivals import SECONDS_PER_DAY, read_rate
from workbench.memory.faults.events import FLIP, Events, sorted_events
from workbench.memory.faults.model import READER, FaultModel, check_count, need, need_frames
from workbench.memory.faults.transients import TRANSIENT_SECTIONS, Sites
from workbench.memory.places import SRAM_SECTIONS, STATE
from workbench.memory.sampling import binomial_counts, counter_words, distinct, ragged_words

_MOST_ARRIVALS = 1e7  # in one trial; more would be noise, and a slip in the units of the rate


@dataclass(frozen=True)
class Transient(FaultModel):
    """`count` different bits flip, each in one of the first `frames` frames, uniformly.

    In histories, activations and accumulators by default.
    """

    count: int
    frames: int

    NAME = "transient"
    SECTIONS = (STATE, *TRANSIENT_SECTIONS)

    def _check(self) -> None:
        need(self.count >= 0, f"cannot flip {self.count} bits; ask for at least 0")
        need_frames(self.frames)

    def _events(
        self, sites: Sites, candidates: np.ndarray, label: str, indexes: np.ndarray
    ) -> Events:
        check_count(self.count, candidates, self)
        counts = np.full(len(indexes), self.count)
        trial, number, _ = distinct(label, indexes, counts, len(candidates))
        words = ragged_words(f"{label} frame", indexes, counts, np.zeros_like(counts))
        frame = (words % np.uint64(self.frames)).astype(np.int64)
        return sorted_events(trial, frame, candidates[number], np.full(len(trial), FLIP))


@dataclass(frozen=True)
class Arrive(FaultModel):
    """Upsets arrive during `frames` frames, `rate` for each bit and day, `speed` times as fast.

    rate: as text also with a unit or a preset, see `read_rate`. In all sections in SRAM by
    default. Every bit is hit independently in every frame with the probability that a
    Poisson process has an arrival there; what would hit a bit again in the same trial is left out.
    """

    rate: float = field(metadata={READER: read_rate})
    frames: int
    speed: float = 1.0

    NAME = "arrive"
    SECTIONS = SRAM_SECTIONS

    def _check(self) -> None:
        for what, value in (("rate", self.rate), ("speed", self.speed)):
            need(0 <= value < math.inf, f"a {what} of {value} is not possible; use 0 or more")
        need_frames(self.frames)

    def mean(self, sites: Sites, candidates: np.ndarray) -> float:
        """Expected arrivals in one trial."""
        seconds = self.frames / sites.program.frame_rate_hz
        return self.rate * self.speed * len(candidates) * seconds / SECONDS_PER_DAY

    def _events(
        self, sites: Sites, candidates: np.ndarray, label: str, indexes: np.ndarray
    ) -> Events:
        mean = self.mean(sites, candidates)
        if mean > _MOST_ARRIVALS:
            raise WorkbenchError(
                f"{mean:.3g} upsets would arrive in one trial; {_MOST_ARRIVALS:.0e} are the most, "
                "check the units of rate and speed"
            )
        cells = len(candidates) * self.frames
        # Decimal, whose exponential is the same on every machine.
        probability = Fraction(1 - (-Decimal(mean) / cells).exp())
        words = counter_words(f"{label} count", indexes, 1)[:, 0]
        counts = binomial_counts(words, cells, probability)
        trial, cell, _ = distinct(label, indexes, counts, cells)
        # Cells are sorted by frame first: what np.unique keeps of a bit is its first hit.
        frame, number = np.divmod(cell, len(candidates))
        _, first = np.unique(trial * len(candidates) + number, return_index=True)
        first.sort()
        position = candidates[number[first]]
        return sorted_events(trial[first], frame[first], position, np.full(len(first), FLIP))
