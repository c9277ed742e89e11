"""The limit of a cumulative sum for a wanted mean time between false alarms.

An alarm makes the sum zero, and a long stretch of unusual frames then raises another one: all of them count. Where fewer than
five are expected among the frames seen, the tail of the sums decides. Frames hang together, so that it is that of episodes,
stretches in which the sum is above zero, each with as many alarms as those at its base have on average. One unusual word brings several at once, so that of all that begin within BLOCK frames the highest counts there. What
it exceeds the 50th by is taken for generalised Pareto distributed, fitted by probability-weighted moments (Hosking and Wallis
1987, https://doi.org/10.1080/00401706.1987.10488243): exponential, as the sum of independent scores has it (Siegmund
1985, Sequential Analysis, chapter X), or heavier, as people speak.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.watches.behaviour_area import MOST_LEVEL, MOST_SCORE

BLOCK = 1000  # frames
_LEAST_EXPECTED = 5  # episodes, for the order statistic
_TAIL = 50  # highest peaks that the tail is fitted to
_MOST_SHAPE = 0.5  # of a tail whose excess has a variance
_FURTHEST = 100  # times as rare as the frames seen can show


class Episodes(NamedTuple):
    """Stretches of a stream in which the sum is above zero, in order: their first frames and highest sums, int64 [episodes]."""

    starts: np.ndarray
    peaks: np.ndarray


def episodes(scores: np.ndarray, drift: int) -> Episodes:
    """The episodes of a stream.

    >>> episodes(np.array([0, 5, 0, 0, 0, 0, 0, 3, 3]), 1)
    Episodes(starts=array([1, 7]), peaks=array([4, 4]))

    Args:
        scores: Of its frames, int64 [frames].
        drift: Taken off in every frame.
    """
    level, first = _episodes(scores, drift)
    peaks = np.maximum.reduceat(level, first) if first.size else np.zeros(0, np.int64)
    return Episodes(first, peaks)


def _episodes(scores: np.ndarray, drift: int) -> tuple[np.ndarray, np.ndarray]:
    """The sum after each frame, int64 [frames], and the first frames of the episodes."""
    walk = np.concatenate([[0], np.cumsum(scores.astype(np.int64) - drift)])
    level = walk - np.minimum.accumulate(walk)
    return level[1:], np.flatnonzero((level[1:] > 0) & (level[:-1] == 0))


def limit_for(scores: np.ndarray, *, drift: int, mean_frames: float) -> int:
    """The lowest limit with at most one false alarm in `mean_frames` frames on average.

    Args:
        scores: Of the frames seen, int64 [frames].
        drift: Taken off in every frame.
        mean_frames: Wanted between two false alarms.

    Raises:
        WorkbenchError: Too few frames were seen to say; the message has how many are needed.
    """
    frames, seen = len(scores), episodes(scores, drift)
    expected, peaks = frames / mean_frames, np.sort(seen.peaks)[::-1]
    if expected < 1 / _FURTHEST:
        raise WorkbenchError(
            f"{frames:,} frames are too few for a mean of {mean_frames:,.0f} between false alarms; "
            f"calibrate with at least {math.ceil(mean_frames / _FURTHEST):,}"
        )
    if expected >= _LEAST_EXPECTED or len(peaks) <= _TAIL:
        # With few episodes there is no tail to speak of: none may be an alarm that is not allowed.
        limit = _with_alarms(scores, drift, peaks, int(expected))
    else:
        highest = _highest_of_blocks(seen)
        if len(highest) <= _TAIL:  # a short stream: the tail of its episodes is better than none
            highest = peaks
        base = int(highest[_TAIL])
        beyond = max(int((peaks > base).sum()), 1)
        alone = (highest > base).sum() / beyond  # blocks an episode
        each = max(false_alarms(scores, drift=drift, limit=base) / beyond, 1.0)  # alarms an episode
        limit = _from_tail(highest, expected / each * alone)
    limit = max(1, limit)
    if limit > MOST_LEVEL - MOST_SCORE:
        raise WorkbenchError(
            f"a limit of {limit:,} is beyond what a sum can reach; choose a larger drift, or other signals"
        )
    return limit


def _with_alarms(scores: np.ndarray, drift: int, peaks: np.ndarray, allowed: int) -> int:
    """The limit at which the scores raise at most so many alarms; peaks: of their episodes, the largest first."""
    # Each episode whose peak is above the limit has at least one, and none is above the largest peak.
    low = int(peaks[allowed]) if allowed < len(peaks) else 1
    high = max(int(peaks[0]), low) if len(peaks) else low
    while low < high:
        middle = (low + high) // 2
        if false_alarms(scores, drift=drift, limit=middle) > allowed:
            low = middle + 1
        else:
            high = middle
    return high


def _highest_of_blocks(seen: Episodes) -> np.ndarray:
    """Of the episodes that begin within BLOCK frames the highest, int64 [blocks with one], the largest first."""
    blocks = np.flatnonzero(np.diff(seen.starts // BLOCK, prepend=-1))
    highest = np.maximum.reduceat(seen.peaks, blocks) if blocks.size else seen.peaks
    return np.sort(highest)[::-1]


def _from_tail(highest: np.ndarray, expected: float) -> int:
    """What so many are expected to be above, given more than _TAIL, the largest first."""
    base = int(highest[_TAIL])
    beyond = highest[highest > base] - base
    count = len(beyond)
    if not count:
        return base
    mean = float(beyond.mean())
    weighted = float((beyond * np.arange(count)).sum() / (count * max(count - 1, 1)))
    spread = mean - 2 * weighted
    shape = min(max(2 - mean / spread, 0), _MOST_SHAPE) if spread > 0 else 0  # equal ones have none
    times = math.log(count / max(expected, 1e-12))  # as rare as the base, as a logarithm
    steps = math.expm1(shape * times) / shape if shape > 0 else times
    return base + max(0, math.ceil(mean * (1 - shape) * steps))


def false_alarms(scores: np.ndarray, *, drift: int, limit: int) -> int:
    """How often the sum exceeds the limit, beginning anew each time."""
    return len(alarm_frames(scores, drift=drift, limit=limit))


def alarm_frames(scores: np.ndarray, *, drift: int, limit: int) -> np.ndarray:
    """Frames after which the sum exceeds the limit, beginning anew each time, ascending int64 [alarms]."""
    level, first = _episodes(scores, drift)
    frames = []
    # Beginning anew makes no sum larger, so that episodes whose peak is no alarm stay without.
    for start, stop in zip(first, [*first[1:], len(level)], strict=False):
        if level[start:stop].max() > limit:
            sum_ = 0
            for frame, score in enumerate(scores[start:stop].tolist(), int(start)):
                sum_ = max(0, sum_ + score - drift)
                if sum_ > limit:
                    frames.append(frame)
                    sum_ = 0
    return np.array(frames, np.int64)
