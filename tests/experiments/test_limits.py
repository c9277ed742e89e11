"""Limits of cumulative sums: stretches with several alarms, and where there is little to fit a tail to."""

import numpy as np
import pytest

from workbench.experiments.estimates.statistics import mean_gap_interval
from workbench.experiments.monitors.limits import false_alarms, limit_for


@pytest.mark.parametrize("mean_frames", [1e4, 1e6])
def test_a_long_stretch_of_unusual_frames_counts_as_often_as_it_alarms(mean_frames: float) -> None:
    """An alarm makes the sum zero, and the next frames of the same stretch raise another one."""
    rng = np.random.default_rng(11)

    def stream(frames: int) -> np.ndarray:
        scores = np.where(rng.random(frames) < 0.02, rng.geometric(0.4, frames), 0)
        for start in rng.integers(0, frames - 50, frames // 2_000):
            scores[start : start + rng.geometric(0.05)] += rng.geometric(0.3)
        return scores

    limit = limit_for(stream(200_000), drift=1, mean_frames=mean_frames)
    seen = 2_000_000
    alarms = false_alarms(stream(seen), drift=1, limit=limit)
    low, high = mean_gap_interval(alarms, seen, 0.999)
    assert low < 1.5 * mean_frames and (high is None or high > mean_frames / 1.5), (limit, alarms)


def test_short_streams_have_a_tail_too() -> None:
    """Of 30,000 frames, in fewer blocks than the tail has peaks: a limit is no lower than the highest sum where it must be."""
    rng, seen, alarms = np.random.default_rng(7), 500_000, 0

    def stream(frames: int) -> np.ndarray:
        return np.where(rng.random(frames) < 0.1, rng.geometric(0.4, frames), 0)

    for _ in range(8):
        limit = limit_for(stream(30_000), drift=1, mean_frames=1e6)
        alarms += false_alarms(stream(seen), drift=1, limit=limit)
    assert alarms < 2 * 8 * seen / 1e6


def test_equal_peaks_have_no_heavy_tail() -> None:
    """Nothing is said of shapes by peaks that are alike: a tail is as long as that of peaks that are nearly so."""
    alike = np.array([15] * 50 + [10] * 10)
    nearly = np.array([16] + [15] * 49 + [10] * 10)
    limits = []
    for peaks in (alike, nearly):
        scores = np.zeros(60_000, np.int64)
        scores[::1000] = peaks + 1
        limits.append(limit_for(scores, drift=1, mean_frames=1e6))
    assert abs(limits[0] - limits[1]) <= 1
