"""Intervals cover as often as they say, and stratified estimates do so with far fewer trials."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import random_inputs, random_program
from scipy import stats

from workbench.errors import WorkbenchError
from workbench.experiments.bench.estimate import bench_estimate
from workbench.experiments.estimates.share_of_harm import share_below, worst_fidelity_db
from workbench.experiments.estimates.statistics import (
    clopper_pearson,
    clustered,
    mean_interval,
    sample_size,
    wilson,
)
from workbench.experiments.estimates.strata import strata_of
from workbench.experiments.estimates.stratified import (
    Estimate,
    Stratum,
    estimate,
    tail_share,
    uniform_trials,
)
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory

CAMPAIGNS = 120 if os.environ.get("WORKBENCH_TEST_PROFILE") == "nightly" else 60
# Fewer than so many of these intervals at 95 % cover once in a million times.
FEWEST = int(stats.binom.ppf(1e-6, CAMPAIGNS, 0.95))


def test_known_values() -> None:
    low, high = wilson(8, 10)
    assert (round(float(low), 4), round(float(high), 4)) == (0.4902, 0.9433)
    low, high = clopper_pearson(8, 10)
    assert (round(float(low), 4), round(float(high), 4)) == (0.4439, 0.9748)
    # Leveugle et al. 2009, table 1: 1,000,000 faults, 95 %: 9,513 for 1 % and 384 for 5 %.
    assert abs(sample_size(1_000_000, 0.01) - 9513) <= 1
    assert abs(sample_size(1_000_000, 0.05) - 384) <= 1
    assert sample_size(10, 0.01) == 10


def test_intervals_of_a_mean_cover_it() -> None:
    """Few and many values; of 4,000 intervals, 5 standard deviations are 1.7 %."""
    rng = np.random.default_rng(3)
    for n in (2, 5, 40):
        rows = rng.normal(7.0, 3.0, (4000, n))
        inside = [low <= 7.0 <= high for low, high in map(mean_interval, rows)]
        assert abs(np.mean(inside) - 0.95) < 0.0173
    assert mean_interval(np.ones(1)) == (None, None)


@given(n=st.integers(0, 200), data=st.data(), confidence=st.floats(0.5, 0.999))
def test_intervals_hold_the_share_and_are_symmetric(
    n: int, data: st.DataObject, confidence: float
) -> None:
    k = data.draw(st.integers(0, n))
    for method in (wilson, clopper_pearson):
        low, high = method(k, n, confidence)
        assert 0 <= low <= (k / n if n else 0.5) <= high <= 1
        mirrored = method(n - k, n, confidence)
        assert np.allclose((1 - high, 1 - low), mirrored, atol=1e-12)
        if k == 0:
            assert low == 0
        if k == n:
            assert high == 1


@pytest.mark.parametrize("p", [0.001, 0.02, 0.3, 0.5])
@pytest.mark.parametrize("n", [20, 500])
def test_exact_coverage_over_all_outcomes(p: float, n: int) -> None:
    k = np.arange(n + 1)
    chance = stats.binom.pmf(k, n, p)
    low, high = clopper_pearson(k, n)
    assert chance[(low <= p) & (p <= high)].sum() >= 0.95 - 1e-9
    low, high = wilson(k, n)
    assert chance[(low <= p) & (p <= high)].sum() >= 0.83  # its known dips


@given(share=st.floats(0.001, 0.5), width=st.floats(0.002, 0.1))
def test_uniform_trials_give_the_width(share: float, width: float) -> None:
    n = uniform_trials(share, width)
    assert wilson(share * n, n).half_width <= width * 1.0001
    assert n < 2 or wilson(share * (n - 1), n - 1).half_width > width * 0.999


def test_ten_identical_words_are_worth_one_and_independent_ones_ten() -> None:
    rng = np.random.default_rng(1)
    one = rng.random(400) < 0.3
    np.testing.assert_allclose(clustered(10 * one, np.full(400, 10)), wilson(one.sum(), 400))
    np.testing.assert_allclose(clustered(one, np.ones(400)), wilson(one.sum(), 400))
    ten = rng.binomial(10, 0.3, 400)
    np.testing.assert_allclose(
        clustered(ten, np.full(400, 10)).half_width, wilson(ten.sum(), 4000).half_width, rtol=0.1
    )
    np.testing.assert_allclose(clustered(np.zeros(400), np.full(400, 10)), wilson(0, 400))
    assert clustered(np.zeros(0), np.zeros(0)) == (0, 1)


@pytest.mark.parametrize("words", [np.full(200, 10), np.arange(200) % 10 + 1])
def test_clustered_intervals_cover(words: np.ndarray) -> None:
    """Each device has a share of its own, so that its words hang together."""
    rng = np.random.default_rng(2)
    hits = rng.binomial(words, rng.beta(0.8, 1.2, (4000, 200)))  # 0.4 on average
    covered = naive = 0
    for each in hits:
        low, high = clustered(each, words)
        covered += bool(low <= 0.4 <= high)
        low, high = wilson(each.sum(), words.sum())
        naive += bool(low <= 0.4 <= high)
    assert abs(covered / 4000 - 0.95) < 0.015
    assert naive / 4000 < 0.8  # as if all words were independent


def test_intervals_of_a_mean_cover_it_where_values_hang_together() -> None:
    """The words of a device share half of what happens to them; 5 standard deviations are 1.7 %."""
    rng = np.random.default_rng(4)
    device = np.repeat(np.arange(30), rng.integers(1, 11, 30))
    assert mean_interval(device / 1.0, clusters=np.arange(len(device))) == mean_interval(device / 1)
    covered = naive = 0
    for _ in range(4000):
        values = rng.normal(0, 1, 30)[device] + rng.normal(7.0, 1.0, len(device))
        for clusters in (device, None):
            low, high = mean_interval(values, clusters=clusters)
            assert low is not None and high is not None
            covered += bool(low <= 7.0 <= high) and clusters is not None
            naive += bool(low <= 7.0 <= high) and clusters is None
    assert abs(covered / 4000 - 0.95) < 0.03
    assert naive / 4000 < 0.8  # as if all words were independent
    assert mean_interval(np.array([1.0, 2.0]), clusters=np.zeros(2)) == (None, None)


def population(seed: int) -> tuple[list[Stratum], np.ndarray]:
    """Strata of scores, normal around a mean of their own; some without any effect."""
    rng = np.random.default_rng(seed)
    strata, scores, start = [], [], 0
    for number in range(40):
        size = int(rng.integers(300, 4000))
        mean = rng.choice([8.0, 25.0, 40.0, 60.0, 80.0], p=[0.02, 0.1, 0.2, 0.3, 0.38])
        each = rng.normal(mean, rng.uniform(3, 9), size)
        each[rng.random(size) < rng.choice([0.0, 0.5])] = np.inf
        strata.append(Stratum(str(number), np.arange(start, start + size)))
        scores.append(each)
        start += size
    return strata, np.concatenate(scores)


@pytest.mark.parametrize(("seed", "half_width"), [(1, 0.004), (2, 0.002), (3, 0.006)])
def test_coverage_against_the_whole_population(seed: int, half_width: float) -> None:
    strata, scores = population(seed)
    truth = np.mean(scores < 9.0)
    estimated = [
        estimate(strata, scores.__getitem__, below=9.0, half_width=half_width, seed=number)
        for number in range(CAMPAIGNS)
    ]
    covered = sum(bool(each.interval.low <= truth <= each.interval.high) for each in estimated)
    assert covered >= FEWEST
    assert all(each.half_width <= half_width for each in estimated)
    # No bias beyond what chance explains.
    shares = np.array([each.share for each in estimated])
    assert abs(shares.mean() - truth) < 4.5 * shares.std() / np.sqrt(CAMPAIGNS) + 1e-6


@pytest.mark.parametrize(
    ("rare", "relative_width"), [(0.001, 0.5), (0.001, 0.1), (0.003, 0.5), (0.003, 0.2)]
)
def test_rare_hits_of_a_big_stratum_hidden_beside_a_small_visible_one(
    rare: float, relative_width: float
) -> None:
    """Pilots see the hits of the small stratum, and hardly one of the big one that has half of all."""
    rng = np.random.default_rng(0)
    scores = [rng.normal(60, 6, int(rng.integers(300, 4000))) for _ in range(58)]
    for each in scores:
        each[rng.random(len(each)) < 0.5] = np.inf
    hidden = np.where(rng.random(200_000) < rare, -5.0, np.inf)
    scores = [hidden, rng.normal(9, 6, 1000), *scores]
    bounds = np.cumsum([0, *map(len, scores)])
    strata = [Stratum(str(n), np.arange(*bounds[n : n + 2])) for n in range(len(scores))]
    score = np.concatenate(scores)
    truth = float(np.mean(score < 9.0))
    half_width = truth * relative_width
    estimated = [
        estimate(strata, score.__getitem__, below=9.0, half_width=half_width, seed=seed)
        for seed in range(CAMPAIGNS)
    ]
    assert sum(e.interval.low <= truth <= e.interval.high for e in estimated) >= 0.85 * CAMPAIGNS
    assert abs(np.mean([each.share for each in estimated]) - truth) < half_width / 5


def test_a_rare_class_takes_fewer_trials() -> None:
    strata, scores = population(3)
    truth = float(np.mean(scores < 9.0))
    assert 0.001 < truth < 0.01
    costs = [
        estimate(strata, scores.__getitem__, below=9.0, half_width=0.0005, seed=number).cost
        for number in range(10)
    ]
    assert np.mean(costs) < uniform_trials(truth, 0.0005) / 5


def test_everything_tried_is_the_truth() -> None:
    strata, scores = population(5)
    estimated = estimate(strata, scores.__getitem__, below=9.0, half_width=1e-9)
    assert estimated.share == pytest.approx(np.mean(scores < 9.0), abs=1e-12)
    assert estimated.half_width == 0 and estimated.trials.sum() == len(scores)


def test_pure_function_of_the_seed_and_told_on_the_way() -> None:
    strata, scores = population(4)
    reported: list[Estimate] = []
    runs = [
        estimate(
            strata,
            scores.__getitem__,
            below=9.0,
            half_width=0.004,
            seed=s,
            progress=reported.append,
        )
        for s in (3, 3, 4)
    ]
    assert (runs[0].trials == runs[1].trials).all() and (runs[0].hits == runs[1].hits).all()
    assert (runs[0].hits != runs[2].hits).any()
    assert reported[-1] is runs[-1]


def test_a_site_is_tried_once_outside_of_the_pilots() -> None:
    strata, scores = population(6)
    seen: list[np.ndarray] = []

    def evaluate(sites: np.ndarray) -> np.ndarray:
        seen.append(sites)
        return scores[sites]

    estimated = estimate(strata, evaluate, below=9.0, half_width=0.002)
    after = np.concatenate(seen[2:])  # two rounds of pilots come first
    assert len(np.unique(after)) == len(after)
    assert estimated.cost == sum(len(sites) for sites in seen)


def test_tails() -> None:
    assert tail_share(np.array([np.inf, np.inf, np.inf]), 9.0) == 0
    assert tail_share(np.array([10.0, 10.5, 9.5, 10.1]), 9.0) < 0.5
    assert tail_share(np.array([0.0, 1.0, 2.0]), 9.0) > 0.9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"half_width": 0.0}, "half-width of 0"),
        ({"half_width": 2.0}, "half-width of 2"),
        ({"pilot": 1}, "pilots of at least 2"),
        ({"confidence": 1.0}, "confidence of 1"),
    ],
)
def test_nonsense_is_refused(change: dict[str, float], message: str) -> None:
    strata, scores = population(1)
    options = {"below": 9.0, "half_width": 0.01, **change}
    with pytest.raises(WorkbenchError, match=message):
        estimate(strata, scores.__getitem__, **options)


def test_impossible_counts_and_empty_strata_are_refused() -> None:
    with pytest.raises(WorkbenchError, match="more hits than trials"):
        wilson(3, 2)
    with pytest.raises(WorkbenchError, match="no sample size"):
        sample_size(0, 0.01)
    for strata, message in (([], "no strata"), ([Stratum("x", np.zeros(0, int))], "'x' is empty")):
        with pytest.raises(WorkbenchError, match=message):
            estimate(strata, lambda sites: sites * 1.0, below=9.0, half_width=0.01)


def test_an_exhaustive_small_program() -> None:
    """Real flips of a real image: the strata hold every bit once, the estimate covers the truth."""
    image = Image.of(random_program(8, 8))
    sites = Sites(image)
    candidates = sites.candidates(("weights", "bias", "shift", "table", "embed"), (), ())
    strata = strata_of(sites, candidates, least_sites=64)
    parts = np.concatenate([stratum.sites for stratum in strata])
    np.testing.assert_array_equal(np.sort(parts), candidates)
    assert len({stratum.label for stratum in strata}) == len(strata)
    words = {str(word): random_inputs(image.program, word, 6) for word in (1, 2)}
    laboratories = {word: Laboratory(image, inputs) for word, inputs in words.items()}
    snr_db = worst_fidelity_db(laboratories, candidates)
    truth = np.mean(snr_db < 19.0)

    def look_up(positions: np.ndarray) -> np.ndarray:
        return snr_db[np.searchsorted(candidates, positions)]

    asked = {"half_width": 0.03, "confidence": 0.95}
    estimated = [
        estimate(strata_of(sites, candidates), look_up, below=19.0, seed=seed, **asked)
        for seed in range(CAMPAIGNS)
    ]
    assert sum(bool(e.interval.low <= truth <= e.interval.high) for e in estimated) >= FEWEST
    flipped = share_below(image, words, candidates, fidelity_db=19.0, seed=7, **asked)
    assert flipped.interval == estimated[7].interval and 0 < flipped.cost < len(candidates)


def test_the_benchmark_against_the_truth() -> None:
    image = Image.of(random_program(8, 8))
    rows = bench_estimate(
        image, random_inputs(image.program, 1, 4), repeats=CAMPAIGNS, half_widths=(0.05, 0.02)
    )
    assert [(row.quality, row.half_width) for row in rows] == [
        (quality, width) for quality in ("broken", "degraded or worse") for width in (0.05, 0.02)
    ]
    for row in rows:
        assert 0 <= row.share <= 1 and row.tried > 0
        assert row.covered * CAMPAIGNS >= FEWEST
        assert row.as_json()["saving"] == row.uniform / row.tried
