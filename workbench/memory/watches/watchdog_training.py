"""Training of a watchdog network: logistic loss on clean and faulty frames, then integers.

Reference: Adam, Kingma & Ba 2015, https://arxiv.org/abs/1412.6980; NumPy, so that it gives the same network wherever it
is trained. What is learned is the logarithm of the odds that a frame is faulty. Its scale is SCALE steps for a factor of
e; the drift that is taken off each score is added to it, so that clean frames take up to so much off the sum.
Layout: of the parameters as `workbench.memory.watches.watchdog` has them, one tensor after the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SCALE = 2
_STEPS, _FAULTY, _CLEAN = 1500, 512, 1536  # frames of a step
_RATE, _DECAY, _SEED = 0.01, 1e-4, 15
_MOST_SHIFT, _MOST_WEIGHT, _MOST_HIDDEN = 15, 127, 127

Parameters = list[np.ndarray]  # w1 [units, features], b1 [units], w2 [units], b2 [1]


def trained(
    clean: Sequence[np.ndarray], faulty: Sequence[np.ndarray], *, units: int, drift: int
) -> tuple[int, ...]:
    """The integer parameters of a network that tells faulty frames from clean ones.

    Args:
        clean: Features of each clean utterance, [frames, features], non-negative.
        faulty: Of each faulty one; all count alike, however long they are.
        units: Hidden ones.
        drift: Of the sum that the scores go into.
    """
    quiet = np.concatenate(clean).astype(np.float64)
    struck = np.concatenate([*faulty, quiet[:0]]).astype(np.float64)
    if not len(struck):  # no fault was found that is heard: whatever leaves its range is faulty
        struck = quiet + 1
    share = np.concatenate(
        [np.full(len(each), 1 / len(each)) for each in faulty] or [np.ones(len(struck))]
    )
    size = np.maximum(np.concatenate([quiet[::10], struck]).std(axis=0), 0.5)
    rng = np.random.default_rng(_SEED)
    parameters = _started(rng, units, quiet.shape[1])
    moments = [(np.zeros_like(each), np.zeros_like(each)) for each in parameters]
    drawn = rng.choice(len(struck), (_STEPS, _FAULTY), p=share / share.sum())
    for step in range(_STEPS):
        frames = struck[drawn[step]], quiet[rng.integers(len(quiet), size=_CLEAN)]
        chosen = np.concatenate(frames)  # [frames, features]
        wanted = np.repeat([1.0, 0.0], (_FAULTY, _CLEAN))
        slopes = _slopes(parameters, chosen / size, wanted)
        rate = _RATE * 0.5 * (1 + np.cos(np.pi * step / _STEPS))
        for value, slope, (first, second) in zip(parameters, slopes, moments, strict=True):
            first += 0.1 * (slope - first)
            second += 0.001 * (slope**2 - second)
            unbiased = first / (1 - 0.9 ** (step + 1)), second / (1 - 0.999 ** (step + 1))
            value -= rate * (unbiased[0] / (np.sqrt(unbiased[1]) + 1e-8) + _DECAY * value)
    parameters[0] /= size
    return _as_integers(parameters, np.concatenate([quiet, struck]), drift)


def _started(rng: np.random.Generator, units: int, features: int) -> Parameters:
    w1 = rng.normal(0, 1 / np.sqrt(features), (units, features))
    w2 = rng.normal(0, 1 / np.sqrt(units), units)
    w1[0], w2[0] = np.abs(w1[0]), np.abs(w2[0])  # what leaves its range speaks for a fault
    return [w1, rng.normal(0, 0.5, units).clip(0.1), w2, np.zeros(1)]


def _slopes(parameters: Parameters, x: np.ndarray, wanted: np.ndarray) -> Parameters:
    """Derivatives of the mean logistic loss; x [frames, features], wanted [frames], 1 where faulty."""
    w1, b1, w2, b2 = parameters
    sums = x @ w1.T + b1  # [frames, units]
    hidden = np.maximum(sums, 0)
    odds = np.clip(hidden @ w2 + b2, -60, 60)  # [frames]
    error = (1 / (1 + np.exp(-odds)) - wanted) / len(x)
    back = error[:, None] * w2 * (sums > 0)  # [frames, units]
    return [back.T @ x, back.sum(axis=0), error @ hidden, np.array([error.sum()])]


def _as_integers(parameters: Parameters, x: np.ndarray, drift: int) -> tuple[int, ...]:
    """Weights of 8 bits in steps of powers of two; x: features that may occur, [frames, features]."""
    w1, b1, w2, b2 = parameters
    hidden = np.maximum(x @ w1.T + b1, 0)
    of_code = _exponent(np.quantile(hidden, 0.999), _MOST_HIDDEN)  # codes are hidden * 2^of_code
    of_w1 = min(_exponent(np.abs(w1).max(), _MOST_WEIGHT), of_code + _MOST_SHIFT)
    first = max(of_w1 - of_code, 0)
    of_code = of_w1 - first
    of_score = int(np.log2(SCALE))
    of_w2 = min(_exponent(np.abs(w2).max(), _MOST_WEIGHT), of_score + _MOST_SHIFT - of_code)
    second = max(of_w2 + of_code - of_score, 0)
    of_w2 = second + of_score - of_code
    values = (
        np.clip(np.round(w1 * 2.0**of_w1), -128, _MOST_WEIGHT),
        np.round(b1 * 2.0**of_w1),
        np.clip(np.round(w2 * 2.0**of_w2), -128, _MOST_WEIGHT),
        np.round((b2 * SCALE + drift) * 2.0**second),
        np.array([first, second]),
    )
    return tuple(
        int(each) for tensor in values for each in np.clip(tensor, -(2**31), 2**31 - 1).reshape(-1)
    )


def _exponent(largest: float, most: int) -> int:
    """The largest power of two by which `largest` can be multiplied and stay within `most`."""
    return int(np.floor(np.log2(most / max(float(largest), 1e-6))))
