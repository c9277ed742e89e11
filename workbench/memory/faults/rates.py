"""Fault models with a probability for every bit: error rate, loss of retention, weak cells.

Reference: low-voltage SRAM measured by Salami et al. 2018, https://doi.org/10.1109/MICRO.2018.00064,
data at https://github.com/behzadsalami/FPGA-BRAMs-Undervoltig-Study. Layout: see `model`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from workbench.errors import WorkbenchError, nearest
from workbench.memory.faults.events import FLIP, Events
from workbench.memory.faults.model import VALUES, FaultModel, at_once, need, stuck_actions
from workbench.memory.faults.transients import Sites
from workbench.memory.sampling import binomial_counts, counter_words, distinct

# Cells of 28 nm block RAM that lost a stored one, by supply voltage (nominal 1 V), in the files
# Information-*.ods of the reference. Above the first voltage none failed; below the last the chip
# no longer answered. Chip -> (bits, {V: cells}).
UNDERVOLTED = {
    "vc707": (
        2060 * 16384,
        {0.60: 4, 0.59: 24, 0.58: 146, 0.57: 772, 0.56: 2732, 0.55: 7520, 0.54: 23706},
    ),
    "kc705": (
        890 * 16384,
        {0.59: 2, 0.58: 8, 0.57: 26, 0.56: 62, 0.55: 252, 0.54: 690, 0.53: 2274},
    ),
}


@dataclass(frozen=True)
class Ber(FaultModel):
    """Every candidate flips before the first frame with probability `rate`, independently."""

    rate: float

    NAME = "ber"

    @property
    def error_rate(self) -> float:
        """The probability of each bit."""
        return self.rate

    def _check(self) -> None:
        _need_probability(self.rate, "a bit-error rate")

    def _events(
        self, sites: Sites, candidates: np.ndarray, label: str, indexes: np.ndarray
    ) -> Events:
        trial, position = independent(candidates, Fraction(self.rate), label, indexes)
        return at_once(trial, position, FLIP)


@dataclass(frozen=True)
class Retention(FaultModel):
    """Stored bits are lost before the first frame: each one with probability `ones`, zero `zeros`."""

    ones: float
    zeros: float = 0.0

    NAME = "retention"
    ADDRESSES = True

    @property
    def flips_any_bit(self) -> bool:
        """Ones and zeros are not lost alike."""
        return False

    def _check(self) -> None:
        _need_probability(self.ones, "the loss of ones")
        _need_probability(self.zeros, "the loss of zeros")

    def _events(
        self, sites: Sites, candidates: np.ndarray, label: str, indexes: np.ndarray
    ) -> Events:
        stored = (sites.data[candidates >> 3] >> (candidates & 7) & 1).astype(bool)
        parts = [
            independent(candidates[stored == value], Fraction(rate), f"{label} {value:d}", indexes)
            for value, rate in ((True, self.ones), (False, self.zeros))
        ]
        trial, position = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        order = np.lexsort((position, trial))
        return at_once(trial[order], position[order], FLIP)


@dataclass(frozen=True)
class Weak(FaultModel):
    """Device number i (the trial) at a low supply voltage: its weak cells are stuck at what they prefer.

    volts: of the supply. chip: whose measured failure probabilities (`failure_probability`) it has.
    at: the preferred values, "0", "1" or "either", by chance for each cell. A device's cells are
    ranked once for all, over its whole SRAM, by seed and device alone; the weakest of them fail, as
    many as a binomial quantile says that is the device's own. So a cell that fails at one voltage
    fails at every lower one, and each voltage by itself looks like independent cells. The measured
    cells lost a one; that as many others prefer one where `at` says so is an assumption.
    """

    volts: float
    chip: str = "vc707"
    at: str = "either"

    NAME = "weak"
    ADDRESSES = True

    @property
    def sticks(self) -> bool:
        """At what each cell prefers."""
        return True

    def _check(self) -> None:
        need(self.at in VALUES, f"a cell cannot prefer {self.at}; choose {', '.join(VALUES)}")
        failure_probability(self.chip, self.volts)

    def label(self, plan: str, seed: int) -> str:
        """One family for all voltages, so that a weak cell stays weak."""
        return f"weak cells,seed={seed}"

    def _events(
        self, sites: Sites, candidates: np.ndarray, label: str, indexes: np.ndarray
    ) -> Events:
        bits = 8 * sites.layout.sram_bytes
        if not (candidates < bits).any():
            raise WorkbenchError(
                "low voltage harms SRAM and the plan names sections in flash alone; name others"
            )
        probability = failure_probability(self.chip, self.volts)
        counts = binomial_counts(
            counter_words(f"{label} count", indexes, 1)[:, 0], bits, probability
        )
        trial, position, word = distinct(label, indexes, counts, bits)
        chosen = np.isin(position, candidates)
        return at_once(trial[chosen], position[chosen], stuck_actions(self.at, word[chosen]))


def failure_probability(chip: str, volts: float) -> Fraction:
    """Share of cells that fail at `volts`: as measured, between two voltages exponential.

    Zero above the first failure. Raises WorkbenchError for an unknown chip and below the voltage at
    which that answered no more.
    """
    if chip not in UNDERVOLTED:
        raise WorkbenchError(
            f"there are no measured weak cells of {chip!r}; {nearest(chip, UNDERVOLTED)}"
        )
    bits, cells = UNDERVOLTED[chip]
    known = sorted(cells)
    if not known[0] <= volts < math.inf:
        raise WorkbenchError(
            f"{chip} did not work at {volts} V; its cells are known from {known[0]} V up"
        )
    if volts > known[-1]:
        return Fraction(0)
    above = next(v for v in known if v >= volts)
    below = max(v for v in known if v <= volts)
    if above == below:
        return Fraction(cells[above], bits)
    # Decimal, whose logarithm and power are the same on every machine.
    share = (Decimal(volts) - Decimal(below)) / (Decimal(above) - Decimal(below))
    logarithm = Decimal(cells[below]).ln() * (1 - share) + Decimal(cells[above]).ln() * share
    return Fraction(logarithm.exp()) / bits


def independent(
    candidates: np.ndarray, probability: Fraction, label: str, indexes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Candidates that are hit, each with `probability` by itself: trial and position, int64 [n].

    First how many, from the binomial distribution, then which, all choices alike: the same as a
    throw for every bit, and exact to 2**-64.
    """
    words = counter_words(f"{label} count", indexes, 1)[:, 0]
    counts = binomial_counts(words, len(candidates), probability)
    trial, number, _ = distinct(label, indexes, counts, len(candidates))
    return trial, candidates[number]


def _need_probability(rate: float, what: str) -> None:
    need(0 <= rate <= 1, f"{what} of {rate} is not possible; give a probability from 0 to 1")
