"""Distances of many sounds at once are those of one pair at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.audio.metrics import log_mel_db
from workbench.audio.neighbours import mfcc, warped_distances
from workbench.audio.spectral_distance import WARP_FRAMES, SpectralDistance, warped_in_band
from workbench.errors import WorkbenchError


@given(
    samples=st.integers(1, 3000),
    loudness=st.lists(st.sampled_from([0.0, 1e-3, 0.1, 0.5]), min_size=1, max_size=4),
    seed=st.integers(0, 999),
)
def test_many_at_once_are_as_one_by_one(samples: int, loudness: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    clean = rng.uniform(-0.5, 0.5, samples).astype(np.float32)
    sounds = np.stack([clean + rng.normal(0, x, samples) for x in loudness]).astype(np.float32)
    log_mel, warped = SpectralDistance(clean).of(sounds)
    for sound, near, aligned in zip(sounds, log_mel, warped, strict=True):
        assert near == pytest.approx(log_mel_db(sound, clean), abs=2e-3)
        (free,) = warped_distances(mfcc(sound), [mfcc(clean)])
        if 1 + samples // 160 <= WARP_FRAMES + 1:  # the band leaves every path open
            assert aligned == pytest.approx(free, abs=5e-3)
        assert aligned >= free - 5e-3  # a band takes paths away
    assert (log_mel[np.array(loudness) == 0] == 0).all()


@given(frames=st.integers(1, 14), seed=st.integers(0, 999))
def test_the_band_is_that_of_sakoe_and_chiba(frames: int, seed: int) -> None:
    """Against the same sums, cell by cell."""
    rng = np.random.default_rng(seed)
    test, reference = rng.normal(size=(2, frames, 3))
    best = np.full((frames, frames), np.inf)
    for i in range(frames):
        for j in range(max(0, i - WARP_FRAMES), min(frames, i + WARP_FRAMES + 1)):
            cost = np.linalg.norm(test[i] - reference[j])
            ways = [2 * cost] if i == j == 0 else []
            ways += [best[i - 1, j - 1] + 2 * cost] if i and j else []
            ways += [best[i - 1, j] + cost] if i else []
            ways += [best[i, j - 1] + cost] if j else []
            best[i, j] = min(ways)
    (warped,) = warped_in_band(test[None], reference)
    assert warped == pytest.approx(best[-1, -1] / (2 * frames), rel=1e-5)


def test_a_shift_within_the_band_costs_less_than_its_frames() -> None:
    rng = np.random.default_rng(0)
    frames = np.cumsum(rng.normal(size=(60, 12)), axis=0)
    later = np.roll(frames, 3, axis=0)
    later[:3] = frames[0]
    (warped,) = warped_in_band(later[None], frames)
    assert warped < 0.3 * np.linalg.norm(later - frames, axis=1).mean()


def test_other_lengths_are_refused() -> None:
    with pytest.raises(WorkbenchError, match="cut them to its length"):
        SpectralDistance(np.ones(100, np.float32)).of(np.ones((2, 99), np.float32))
    with pytest.raises(WorkbenchError, match="at least one"):
        SpectralDistance(np.ones(0, np.float32))
