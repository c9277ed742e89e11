"""Intervals for proportions, and how many trials they need.

References: Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953; Clopper and Pearson 1934,
https://doi.org/10.1093/biomet/26.4.404; Leveugle et al. 2009, https://doi.org/10.1109/DATE.2009.5090716.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.special import betaincinv

from workbench.errors import WorkbenchError

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """Where a proportion lies, float64, 0 to 1, one or many."""

    low: np.ndarray
    high: np.ndarray

    @property
    def half_width(self) -> np.ndarray:
        """Half of high - low."""
        return (self.high - self.low) / 2


def normal_quantile(confidence: float) -> float:
    """z such that a normal variable lies within +-z with this probability, e.g. 1.96 for 0.95.

    Raises WorkbenchError unless 0 < confidence < 1.
    """
    if not 0 < confidence < 1:
        raise WorkbenchError(
            f"a confidence of {confidence} is not possible; choose one between 0 and 1, like 0.95"
        )
    return float(stats.norm.ppf((1 + confidence) / 2))


def wilson(
    hits: np.ndarray | float, trials: np.ndarray | float, confidence: float = CONFIDENCE
) -> Interval:
    """Wilson's score interval of a proportion.

        (p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n),  p = hits / trials

    hits, trials: numbers or arrays, 0 <= hits <= trials; no trials give 0 to 1. Raises
    WorkbenchError for counts that are impossible.
    """
    hits, trials = _counts(hits, trials)
    z = normal_quantile(confidence)
    n = np.where(trials > 0, trials, 1.0)
    share = hits / n
    middle = share + z * z / (2 * n)
    spread = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = (middle - spread) / (1 + z * z / n), (middle + spread) / (1 + z * z / n)
    low = np.where(hits == 0, 0.0, np.maximum(low, 0.0))
    high = np.where(hits == trials, 1.0, np.minimum(high, 1.0))
    return Interval(np.where(trials > 0, low, 0.0), np.where(trials > 0, high, 1.0))


def clopper_pearson(
    hits: np.ndarray | float, trials: np.ndarray | float, confidence: float = CONFIDENCE
) -> Interval:
    """The exact interval: it covers with at least this confidence, whatever the proportion.

    With a = (1 - confidence) / 2, low is the a-quantile of Beta(hits, trials - hits + 1) and high the
    (1 - a)-quantile of Beta(hits + 1, trials - hits). Counts need not be whole: an effective sample
    size will do. Arguments and errors as `wilson`.
    """
    hits, trials = _counts(hits, trials)
    tail = (1 - confidence) / 2
    normal_quantile(confidence)  # for its refusal
    misses = trials - hits
    low = np.where(hits > 0, betaincinv(np.maximum(hits, 1e-300), misses + 1, tail), 0.0)
    high = np.where(misses > 0, betaincinv(hits + 1, np.maximum(misses, 1e-300), 1 - tail), 1.0)
    return Interval(np.nan_to_num(low, nan=0.0), np.nan_to_num(high, nan=1.0))


def sample_size(
    population: int, half_width: float, confidence: float = CONFIDENCE, share: float = 0.5
) -> int:
    """How many different faults of a finite population show a proportion to +- half_width.

        n = N / (1 + e^2 (N - 1) / (z^2 p (1 - p)))      (Leveugle et al. 2009, equation 1)

    share: the proportion expected; 0.5, the worst case, where nothing is known. Raises WorkbenchError
    for an empty population, a half-width outside of 0 to 1 or a share outside of it.
    """
    if population < 1 or not 0 < half_width < 1 or not 0 < share < 1:
        raise WorkbenchError(
            f"there is no sample size for {population} faults, half-width {half_width} and share "
            f"{share}; give at least one fault, and numbers between 0 and 1"
        )
    z = normal_quantile(confidence)
    needed = population / (1 + half_width**2 * (population - 1) / (z * z * share * (1 - share)))
    return math.ceil(needed)


def _counts(hits: np.ndarray | float, trials: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    hits, trials = np.asarray(hits, np.float64), np.asarray(trials, np.float64)
    if (hits < 0).any() or (hits > trials).any():
        raise WorkbenchError("there cannot be more hits than trials, nor fewer than none")
    return hits, trials
