"""Limits of cumulative sums where there is little to fit a tail to."""

import numpy as np

from workbench.experiments.monitors.limits import Episodes, episodes, false_alarms, limit_for


def test_short_streams_have_a_tail_too() -> None:
    """Of 30,000 frames, in fewer blocks than the tail has peaks: a limit is no lower than the highest sum where it must be."""
    rng, seen, alarms = np.random.default_rng(7), 500_000, 0

    def stream(frames: int) -> np.ndarray:
        return np.where(rng.random(frames) < 0.1, rng.geometric(0.4, frames), 0)

    for _ in range(8):
        limit = limit_for(episodes(stream(30_000), 1), frames=30_000, mean_frames=1e6)
        alarms += false_alarms(stream(seen), drift=1, limit=limit)
    assert alarms < 2 * 8 * seen / 1e6


def test_equal_peaks_have_no_heavy_tail() -> None:
    """Nothing is said of shapes by peaks that are alike: a tail is as long as that of peaks that are nearly so."""
    starts = 1000 * np.arange(60)
    alike = np.array([15] * 50 + [10] * 10)
    nearly = np.array([16] + [15] * 49 + [10] * 10)
    limits = [
        limit_for(Episodes(starts, peaks), frames=60_000, mean_frames=1e6)
        for peaks in (alike, nearly)
    ]
    assert abs(limits[0] - limits[1]) <= 1
