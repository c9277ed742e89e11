"""Intervals for proportions, and how many trials they need.

References: Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953; Clopper and Pearson 1934,
https://doi.org/10.1093/biomet/26.4.404; Leveugle et al. 2009, https://doi.org/10.1109/DATE.2009.5090716;
Korn and Graubard 1998, Survey Methodology 24, 193-201, for effective sample sizes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

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
    from scipy.special import ndtri

    return float(ndtri((1 + confidence) / 2))


def mean_interval(
    values: np.ndarray, confidence: float = CONFIDENCE, *, clusters: np.ndarray | None = None
) -> tuple[float | None, float | None]:
    """Student's interval of the mean of `values`, float64 [n]: mean +- t s / sqrt(n), n - 1 degrees of
    freedom; (None, None) for fewer than two, of which nothing is known.

    clusters: integers [n], equal ones where values may be all alike. Then n is the number of clusters, and
    with the sums v_i of their m_i values:  s^2 / n = n / (n - 1) sum (v_i - mean m_i)^2 / (sum m_i)^2
    """
    from scipy.special import stdtrit

    if clusters is None:
        clusters = np.arange(len(values))
    _, cluster = np.unique(clusters, return_inverse=True)
    rows = np.bincount(cluster)
    n = len(rows)
    if n < 2:
        return None, None
    mean = values.mean()
    residual = np.bincount(cluster, values) - mean * rows
    error = math.sqrt(n / (n - 1) * (residual**2).sum()) / len(values)
    spread = stdtrit(n - 1, (1 + confidence) / 2) * error
    return float(mean - spread), float(mean + spread)


def mean_gap_interval(
    events: float, length: float, confidence: float = CONFIDENCE
) -> tuple[float, float | None]:
    """Interval of the mean distance of events of a Poisson process, by Garwood's interval of their number.

    Reference: Garwood 1936, https://doi.org/10.1093/biomet/28.3-4.437.

    Args:
        events: That were seen, or of events that come in clusters their effective number.
        length: Of what was searched for them, in any unit.
        confidence: Between 0 and 1.

    Returns:
        Lowest and highest mean distance, in that unit; None for no highest one, where no event was seen.
    """
    from scipy.special import gammaincinv

    tail = (1 - confidence) / 2
    most = gammaincinv(events + 1, 1 - tail)
    least = gammaincinv(events, tail) if events else 0.0
    return float(length / most), float(length / least) if events else None


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
    from scipy.special import betaincinv

    hits, trials = _counts(hits, trials)
    tail = (1 - confidence) / 2
    normal_quantile(confidence)  # for its refusal
    misses = trials - hits
    low = np.where(hits > 0, betaincinv(np.maximum(hits, 1e-300), misses + 1, tail), 0.0)
    high = np.where(misses > 0, betaincinv(hits + 1, np.maximum(misses, 1e-300), 1 - tail), 1.0)
    return Interval(np.nan_to_num(low, nan=0.0), np.nan_to_num(high, nan=1.0))


def clustered(hits: np.ndarray, rows: np.ndarray, confidence: float = CONFIDENCE) -> Interval:
    """Interval of a share of rows that are not independent: those of a cluster may be all alike.

        p = sum h_i / sum m_i,  variance = n / (n - 1) sum (h_i - p m_i)^2 / (sum m_i)^2

    hits, rows: h_i and m_i of each of n clusters, [..., n] and [n]. Wilson's interval at the effective
    sample size p (1 - p) / variance (Korn and Graubard 1998), which is at least that of clusters of
    identical rows, (sum m_i)^2 / sum m_i^2, and at most all rows: with one row a cluster it is
    `wilson`. Errors as there.
    """
    hits, rows = _counts(hits, rows)
    total = float(rows.sum())
    if not total:
        return wilson(hits.sum(axis=-1), total, confidence)
    share = hits.sum(axis=-1) / total
    n = len(rows)
    residual = hits - share[..., None] * rows
    variance = n / max(n - 1, 1) * (residual**2).sum(axis=-1) / total**2
    alike = total**2 / float((rows**2).sum())
    effective_n = np.divide(
        share * (1 - share), variance, out=np.full(share.shape, alike), where=variance > 0
    )
    effective_n = np.clip(effective_n, alike, total)
    return wilson(share * effective_n, effective_n, confidence)


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
