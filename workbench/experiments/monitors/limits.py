"""The limit of a cumulative sum for a wanted mean time between false alarms.

Frames hang together, so that what is counted are episodes: stretches in which the sum is above zero. Those with a peak
above a limit are its false alarms. Where fewer than five of them are expected among the frames seen, the tail of the
peaks decides, which is geometric for a cumulative sum of negative drift (Page 1954,
https://doi.org/10.1093/biomet/41.1-2.100; Siegmund 1985, Sequential Analysis, chapter X).
"""

from __future__ import annotations

import math

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.watches.behaviour_area import MOST_LEVEL, MOST_SCORE

_LEAST_EXPECTED = 5  # episodes, for the order statistic
_TAIL = 50  # highest peaks that the tail is fitted to
_FURTHEST = 100  # times as rare as the frames seen can show


def episode_peaks(scores: np.ndarray, drift: int) -> np.ndarray:
    """Highest sums of the episodes in a stream, int64, in order.

    >>> episode_peaks(np.array([0, 5, 0, 0, 0, 0, 0, 3, 3]), 1).tolist()
    [4, 4]

    Args:
        scores: Of its frames, int64 [frames].
        drift: Taken off in every frame.
    """
    level, first = _episodes(scores, drift)
    return np.maximum.reduceat(level, first) if first.size else np.zeros(0, np.int64)


def _episodes(scores: np.ndarray, drift: int) -> tuple[np.ndarray, np.ndarray]:
    """The sum after each frame, int64 [frames], and the first frames of the episodes."""
    walk = np.concatenate([[0], np.cumsum(scores.astype(np.int64) - drift)])
    level = walk - np.minimum.accumulate(walk)
    return level[1:], np.flatnonzero((level[1:] > 0) & (level[:-1] == 0))


def limit_for(peaks: np.ndarray, *, frames: int, mean_frames: float) -> int:
    """The lowest limit with at most one false alarm in `mean_frames` frames on average.

    Args:
        peaks: Of the episodes in the frames seen.
        frames: How many were seen.
        mean_frames: Wanted between two false alarms.

    Raises:
        WorkbenchError: Too few frames were seen to say; the message has how many are needed.
    """
    expected, peaks = frames / mean_frames, np.sort(peaks)[::-1]
    if expected < 1 / _FURTHEST:
        raise WorkbenchError(
            f"{frames:,} frames are too few for a mean of {mean_frames:,.0f} between false alarms; "
            f"calibrate with at least {math.ceil(mean_frames / _FURTHEST):,}"
        )
    if expected >= _LEAST_EXPECTED or len(peaks) <= _TAIL:
        # With few episodes there is no tail to speak of: none may be an alarm that is not allowed.
        allowed = int(expected)
        limit = int(peaks[allowed]) if allowed < len(peaks) else 1
    else:
        limit = _from_tail(peaks, expected)
    limit = max(1, limit)
    if limit > MOST_LEVEL - MOST_SCORE:
        raise WorkbenchError(
            f"a limit of {limit:,} is beyond what a sum can reach; choose a larger drift, or other signals"
        )
    return limit


def _from_tail(peaks: np.ndarray, expected: float) -> int:
    """Peaks above the base in steps of one, each as likely as the last times `ratio`."""
    base = int(peaks[_TAIL])
    beyond = peaks[peaks > base] - base
    if not beyond.size:
        return base
    ratio = 1 - 1 / float(beyond.mean())
    if ratio <= 0:
        return base + 1
    steps = math.log(max(expected, 1e-12) / len(beyond)) / math.log(ratio)
    return base + max(0, math.ceil(steps))


def false_alarms(scores: np.ndarray, *, drift: int, limit: int) -> int:
    """How often the sum exceeds the limit, beginning anew each time."""
    level, first = _episodes(scores, drift)
    alarms = 0
    # Beginning anew makes no sum larger, so that episodes whose peak is no alarm stay without.
    for start, stop in zip(first, [*first[1:], len(level)], strict=False):
        if level[start:stop].max() > limit:
            sum_ = 0
            for score in scores[start:stop].tolist():
                sum_ = max(0, sum_ + score - drift)
                if sum_ > limit:
                    alarms, sum_ = alarms + 1, 0
    return alarms
