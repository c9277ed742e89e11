"""Estimating a rare share by stratified sampling: pilots, Neyman allocation, sequential stopping.

References: Neyman 1934, https://doi.org/10.2307/2342192; Korn and Graubard 1998 (Survey Methodology
24, 193-201) for intervals by effective sample size; Cochran 1977, Sampling Techniques, chapter 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.estimates.statistics import (
    CONFIDENCE,
    Interval,
    clopper_pearson,
    normal_quantile,
)
from workbench.memory.sampling import KEYS

_GROWTH = 0.6  # of the trials still thought to be missing, how many are run before looking again
_LEAST_ROUND = 100  # trials
_SECOND_PILOT = 0.05  # of the trials that the first pilot lets expect
_TAIL_TRIALS = 3  # of a pilot, that the shape of its scores counts as much as
_FEW_HITS = 15  # too few to trust the variance
_BLIND = 0.4  # of the trials are shared out by the size of the strata, whatever the pilots saw
_LEAST_TRIALS = 2  # in a stratum, besides its pilot
_LEAST_SHARE = 1e-4  # what a pilot that saw nothing unusual still allows
_LEAST_SPREAD = 1.0  # of scores, in their unit


@dataclass(frozen=True, eq=False)
class Stratum:
    """Sites that are alike. label: its name. sites: int64 [size], any numbers that name them."""

    label: str
    sites: np.ndarray


@dataclass(frozen=True, eq=False)
class Estimate:
    """The share of sites whose score is below a limit, estimated by weighting the strata.

        share = sum_h W_h k_h / n_h,  W_h = N_h / N

    interval: at the confidence asked for. trials, hits: n_h and k_h, int64 [strata]. sizes: N_h.
    pilots: trials that only steered where the others were made; they are not counted in `trials`.
    """

    share: float
    interval: Interval
    trials: np.ndarray
    hits: np.ndarray
    sizes: np.ndarray
    pilots: int

    @property
    def half_width(self) -> float:
        """Of the interval."""
        return float(self.interval.half_width)

    @property
    def cost(self) -> int:
        """All trials made, pilots included."""
        return int(self.trials.sum()) + self.pilots


# The score of each of these sites, int64 [n]: float64 [n], e.g. the SNR in dB; inf has no effect.
Evaluate = Callable[[np.ndarray], np.ndarray]


def estimate(
    strata: Sequence[Stratum],
    evaluate: Evaluate,
    *,
    below: float,
    half_width: float,
    confidence: float = CONFIDENCE,
    pilot: int = 10,
    seed: int = 0,
    progress: Callable[[Estimate], None] | None = None,
) -> Estimate:
    """Sample until the interval of the share with a score below `below` is +- half_width wide.

    pilot: trials that are made first in each stratum. From their scores alone, never from the truth,
    follows how further trials are shared out (Neyman: n_h ~ N_h sqrt(p_h (1 - p_h))). Pilots do not
    enter the estimate: pooled with trials whose number depends on them, they would bias it downwards.
    Sites are drawn without replacement; once all sites of a stratum were tried, it has no error.
    seed: all draws are a pure function of it. progress: called after every round. Raises
    WorkbenchError for empty strata, or a half-width or pilot that makes no sense.
    """
    if not strata or any(not len(stratum.sites) for stratum in strata):
        empty = next((stratum.label for stratum in strata if not len(stratum.sites)), "")
        raise WorkbenchError(
            f"the stratum {empty!r} is empty; leave it out" if strata else "there are no strata"
        )
    if not 0 < half_width < 1 or pilot < 2:
        raise WorkbenchError(
            f"cannot stop at a half-width of {half_width} after pilots of {pilot} trials; choose a "
            "width between 0 and 1 and pilots of at least 2"
        )
    campaign = _Campaign(strata, evaluate, below, half_width, confidence, pilot, seed)
    goal = len(strata) * _LEAST_TRIALS
    while True:
        campaign.run_until(goal)
        now = campaign.estimate(confidence)
        if progress:
            progress(now)
        if now.half_width <= half_width or campaign.finished:
            return now
        # The half-width falls with the square root of the trials, and faster at first.
        missing = goal * ((now.half_width / half_width) ** 2 - 1)
        goal += max(_LEAST_ROUND, int(min(_GROWTH * missing, goal)))


class _Campaign:
    """What was tried so far in each stratum, in an order that is drawn beforehand."""

    def __init__(
        self,
        strata: Sequence[Stratum],
        evaluate: Evaluate,
        below: float,
        half_width: float,
        confidence: float,
        pilot: int,
        seed: int,
    ) -> None:
        self.evaluate = evaluate
        self.below = below
        self.order = [
            np.random.Generator(
                np.random.Philox(key=seed % KEYS, counter=number << 128)
            ).permutation(stratum.sites)
            for number, stratum in enumerate(strata)
        ]
        self.sizes = np.array([len(stratum.sites) for stratum in strata])
        self.trials = np.zeros(len(strata), np.int64)
        self.hits = np.zeros(len(strata), np.int64)
        self.begun = np.zeros_like(self.sizes)
        self.seen = [np.zeros(0) for _ in strata]  # scores of the pilots
        self._pilot(np.minimum(pilot, self.sizes))
        # A second pilot in the strata of the largest uncertainty: a twentieth of the trials that
        # the allocation so far would need.
        needed = (normal_quantile(confidence) * self._spread().sum() / half_width) ** 2
        self._pilot(self._shared_out(_SECOND_PILOT * needed, self.begun))
        # A stratum that its pilots tried in full is known.
        known = self.begun == self.sizes
        hits = np.array([np.sum(scores < below) for scores in self.seen])
        self.trials[known], self.hits[known] = self.begun[known], hits[known]
        self.pilots = int(self.begun[~known].sum())
        self.begun[known] = 0

    def _pilot(self, more: np.ndarray) -> None:
        scores = self._try(self.begun, more)
        self.seen = [np.concatenate(pair) for pair in zip(self.seen, scores, strict=True)]
        self.begun = self.begun + more
        hits = np.array([np.sum(scores < self.below) for scores in self.seen])
        tails = np.array([tail_share(scores, self.below) for scores in self.seen])
        # What the shape of the scores lets expect counts as much as some trials.
        shares = (hits + _TAIL_TRIALS * tails) / (self.begun + _TAIL_TRIALS)
        self.likely = np.clip(shares, _LEAST_SHARE, 0.5)

    def _spread(self) -> np.ndarray:
        """W_h sqrt(p_h (1 - p_h)), as the pilots have it."""
        return self.sizes / self.sizes.sum() * np.sqrt(self.likely * (1 - self.likely))

    def _shared_out(self, goal: float, done: np.ndarray) -> np.ndarray:
        """How many more trials in each stratum make about `goal` in all, by Neyman's allocation.

        A part is shared out by size alone: pilots cannot know of what they did not see.
        """
        spread, weights = self._spread(), self.sizes / self.sizes.sum()
        shares = (1 - _BLIND) * spread / spread.sum() + _BLIND * weights
        wanted = np.ceil(goal * shares).astype(np.int64)
        return np.maximum(np.minimum(wanted, self.sizes) - done, 0)

    @property
    def finished(self) -> bool:
        """Whether every site was tried."""
        return bool((self.trials == self.sizes).all())

    def run_until(self, goal: int) -> None:
        """Try sites until about `goal` trials are made, by the allocation that the pilots gave."""
        more = self._shared_out(goal, self.trials)
        more = np.minimum(np.maximum(more, _LEAST_TRIALS - self.trials), self.sizes - self.trials)
        # Sites that a pilot tried come last: all others are as good as drawn anew.
        scores = self._try(self.begun + self.trials, more)
        self.hits += np.array([np.sum(each < self.below) for each in scores])
        self.trials += more

    def estimate(self, confidence: float) -> Estimate:
        weights = self.sizes / self.sizes.sum()
        share = float(np.sum(weights * self.hits / self.trials))
        variance = float(np.sum(weights**2 * self._variances())) + self._unseen(weights)
        interval = _interval(share, variance, self.trials, self.hits, confidence)
        return Estimate(
            share, interval, self.trials.copy(), self.hits.copy(), self.sizes, self.pilots
        )

    def _unseen(self, weights: np.ndarray) -> float:
        """Variance of what the strata without any hit contribute, taken together.

        n trials without a hit leave room for a share of about 1 / n; n is what a simple sample of
        those strata have the effective sample size (sum W_h)^2 / sum W_h^2 / n_h.
        """
        silent = (self.hits == 0) & (self.trials < self.sizes)
        if not silent.any():
            return 0.0
        weight = float(weights[silent].sum())
        effective_n = weight**2 / float(np.sum(weights[silent] ** 2 / self.trials[silent]))
        return weight**2 / (effective_n * (effective_n + 2))

    def _try(self, start: np.ndarray, count: np.ndarray) -> list[np.ndarray]:
        """Scores of `count` sites of each stratum from `start` on, in the drawn order, cyclic."""
        chosen = [
            order.take(np.arange(first, first + number), mode="wrap")
            for order, first, number in zip(self.order, start, count, strict=True)
        ]
        scores = self.evaluate(np.concatenate(chosen)) if count.any() else np.zeros(0)
        return np.split(scores, np.cumsum(count)[:-1])

    def _variances(self) -> np.ndarray:
        """Of k_h / n_h, with the correction for finite strata.

        Where nothing was hit, k (n - k) / n^3 would claim to know that nothing can be: what the
        pilots let expect counts as one more trial.
        """
        share = (self.hits + self.likely) / (self.trials + 1)
        finite = (self.sizes - self.trials) / np.maximum(self.sizes - 1, 1)
        return finite * share * (1 - share) / self.trials


def tail_share(scores: np.ndarray, below: float) -> float:
    """What share of further scores is below a limit, if finite ones are normal: 0 to 1.

    The predictive distribution of a normal variable of which n values are known, Student's t with
    n - 1 degrees of freedom around their mean, scaled by s sqrt(1 + 1 / n).
    """
    from scipy.special import stdtr

    finite = scores[np.isfinite(scores)]
    if len(finite) < 2:
        return 0.0
    spread = max(float(finite.std(ddof=1)), _LEAST_SPREAD) * np.sqrt(1 + 1 / len(finite))
    tail = stdtr(len(finite) - 1, (below - finite.mean()) / spread)
    return float(tail) * len(finite) / len(scores)


def _interval(
    share: float,
    variance: float,
    trials: np.ndarray,
    hits: np.ndarray,
    confidence: float,
) -> Interval:
    """Clopper-Pearson's at the sample size at which a simple sample had this variance.

    n* = p (1 - p) / variance, which for rare classes is far more than the trials made. After
    a few hits it is not trusted to be: then n* is at most the number of trials.
    """
    if variance == 0.0:  # all sites of all strata were tried
        return Interval(np.array(share), np.array(share))
    floor = 1.0 / trials.sum()  # a share of zero says no more than that it is smaller than this
    p = min(max(share, floor), 1 - floor)
    effective = max(p * (1 - p) / variance, 1.0)
    if hits.sum() < _FEW_HITS:
        effective = min(effective, trials.sum())
    return clopper_pearson(min(share, 1.0) * effective, effective, confidence)


def uniform_trials(share: float, half_width: float, confidence: float = CONFIDENCE) -> int:
    """How many trials, all sites alike, give a Wilson interval of this half-width at `share`."""
    z = normal_quantile(confidence)
    # (z / (1 + z^2 / n)) sqrt(p (1 - p) / n + z^2 / 4n^2) = w, solved for the only positive n.
    a, b = half_width**2, z * z
    variance = share * (1 - share)
    linear = 2 * a * b - b * variance
    constant = a * b * b - b * b / 4
    return int(np.ceil((-linear + np.sqrt(linear**2 - 4 * a * constant)) / (2 * a)))
