"""Random draws that are pure functions of a label and a number, the same on every machine.

Reference: Philox4x64-10, Salmon et al. 2011, https://doi.org/10.1145/2063384.2063405. Integers alone:
no draw depends on how a machine rounds. Layout: one row of words for each number (trial, device).
"""

from __future__ import annotations

import hashlib
from fractions import Fraction
from functools import lru_cache

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.ordering import stable_order

KEYS = 2**128  # a seed modulo this is a key of Philox
_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_ROUNDS = 10
_WORDS = 4  # in a block of the generator
_BLOCKS_AT_ONCE = 1 << 13  # which stay in the cache
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_PRECISION_BITS = 160  # of a probability in a table of counts


def counter_stream(label: str, index: int) -> np.random.Philox:
    """Random words number `index` of the family `label`; different streams never overlap.

    Raises WorkbenchError unless index is in 0 .. 2**64 - 1.
    """
    if not 0 <= index < 2**64:
        raise no_such_number(index)
    return np.random.Philox(key=_key(label), counter=index << 128)


def counter_words(label: str, indexes: np.ndarray, count: int) -> np.ndarray:
    """The first `count` words of `counter_stream` for each index: uint64 [n, count]."""
    indexes = np.asarray(indexes)
    words = ragged_words(label, indexes, np.full(len(indexes), count), np.zeros(len(indexes), int))
    return words.reshape(len(indexes), count)


def ragged_words(
    label: str, indexes: np.ndarray, counts: np.ndarray, first: np.ndarray
) -> np.ndarray:
    """Words number first[i] .. first[i] + counts[i] - 1 of each stream i, one after the other.

    indexes, counts, first: integers [n]. Returns uint64 [sum of counts].
    """
    indexes = np.asarray(indexes)
    if len(indexes) and indexes.min() < 0:
        raise no_such_number(int(indexes.min()))
    first_block = first // _WORDS
    blocks = np.where(counts > 0, -(-(first + counts) // _WORDS) - first_block, 0)
    stream = np.repeat(np.arange(len(indexes)), blocks)
    block = np.arange(len(stream)) - np.repeat(np.cumsum(blocks) - blocks, blocks)
    # NumPy's Philox counts before it makes a block, so that its first one is number 1.
    number = (block + first_block[stream] + 1).astype(np.uint64)
    words = _philox(_key(label), number, indexes.astype(np.uint64)[stream]).reshape(-1)
    if not (first % _WORDS).any() and not (counts % _WORDS).any():
        return words
    offset = (_WORDS * block - (first % _WORDS)[stream])[:, None] + np.arange(_WORDS)
    return words[((offset >= 0) & (offset < counts[stream][:, None])).reshape(-1)]


def distinct(
    label: str, indexes: np.ndarray, counts: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """counts[i] different numbers below `size` for each stream i, every set equally likely.

    They are the first counts[i] different ones of the stream's words modulo `size`, so that a larger
    count only adds to a smaller one. Returns stream 0 .. n - 1, number (int64) and the word (uint64)
    that drew it, sorted by stream and number. counts are at most `size`.
    """
    wanted = np.asarray(counts, np.int64)
    stream = np.repeat(np.arange(len(wanted)), wanted)
    word = ragged_words(label, indexes, wanted, np.zeros_like(wanted))
    used = wanted.copy()
    while True:
        value = (word % np.uint64(max(1, size))).astype(np.int64)
        order = stable_order(stream, value)
        same = (np.diff(stream[order]) == 0) & (np.diff(value[order]) == 0)
        first = order[np.concatenate([np.ones(min(1, len(order)), bool), ~same])]
        drawn = np.bincount(stream[first], minlength=len(wanted))
        if len(first) == len(word) and (drawn == wanted).all():
            return stream[first], value[first], word[first]
        # First come, first kept, and no more than wanted; draws stand in their order.
        first.sort()
        first = first[np.argsort(stream[first], kind="stable")]
        rank = np.arange(len(first)) - np.repeat(np.cumsum(drawn) - drawn, drawn)
        first = first[rank < wanted[stream[first]]]
        stream, word = stream[first], word[first]
        missing = wanted - np.minimum(drawn, wanted)
        # About as many words as it takes to meet that many new numbers.
        ask = np.where(missing > 0, missing * size // np.maximum(1, size - drawn) + 1, 0)
        word = np.concatenate([word, ragged_words(label, indexes, ask, used)])
        stream = np.concatenate([stream, np.repeat(np.arange(len(wanted)), ask)])
        used += ask


def binomial_counts(words: np.ndarray, size: int, probability: Fraction) -> np.ndarray:
    """How many of `size` independent events happen: int64 [n], one for each uint64 word.

    By inversion, exact to 2**-64 in every probability; a larger probability gives a word no smaller
    count.
    """
    lowest, thresholds = _binomial_table(size, probability)
    return lowest + np.searchsorted(thresholds, words, side="right").astype(np.int64)


@lru_cache(maxsize=64)
def _binomial_table(size: int, probability: Fraction) -> tuple[int, np.ndarray]:
    """A count and, from it on, 2**64 * P(no more than the count), uint64."""
    p, whole = probability.numerator, probability.denominator
    q = whole - p
    if p <= 0 or q <= 0 or not size:
        return (size if q <= 0 else 0), np.zeros(0, np.uint64)
    mode = min((size + 1) * p // whole, size)
    weights = {mode: 1 << _PRECISION_BITS}
    count, weight = mode, weights[mode]
    while count < size and (weight := weight * (size - count) * p // ((count + 1) * q)):
        count += 1
        weights[count] = weight
    count, weight = mode, weights[mode]
    while count > 0 and (weight := weight * count * q // ((size - count + 1) * p)):
        count -= 1
        weights[count] = weight
    total = sum(weights.values())
    thresholds, below = [], 0
    for each in sorted(weights)[:-1]:
        below += weights[each]
        thresholds.append(min((below << 64) // total, 2**64 - 1))
    return min(weights), np.array(thresholds, np.uint64)


def _philox(key: int, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Blocks of the counters (low, 0, high, 0): uint64 [n, 4]."""
    out = np.empty((len(low), _WORDS), np.uint64)
    for start in range(0, len(low), _BLOCKS_AT_ONCE):
        part = slice(start, start + _BLOCKS_AT_ONCE)
        a, c = low[part], high[part]
        b = d = np.zeros(len(a), np.uint64)
        keys = [key % 2**64, key >> 64]
        for _ in range(_ROUNDS):
            k0, k1 = (np.uint64(k) for k in keys)
            high_a, low_a = _product(_MULTIPLIERS[0], a)
            high_c, low_c = _product(_MULTIPLIERS[1], c)
            a, b, c, d = high_c ^ b ^ k0, low_c, high_a ^ d ^ k1, low_a
            keys = [(k + w) % 2**64 for k, w in zip(keys, _WEYL, strict=True)]
        out[part] = np.stack([a, b, c, d], axis=1)
    return out


def _product(multiplier: int, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """High and low word of the 128-bit product with uint64 x."""
    high, low = np.uint64(multiplier >> 32), np.uint64(multiplier & 0xFFFFFFFF)
    x_high, x_low = x >> _HALF, x & _LOW
    middle = high * x_low + ((low * x_low) >> _HALF)
    carried = low * x_high + (middle & _LOW)
    return high * x_high + (middle >> _HALF) + (carried >> _HALF), np.uint64(multiplier) * x


def _key(label: str) -> int:
    return int.from_bytes(hashlib.sha256(label.encode()).digest()[:16], "little")


def no_such_number(index: int) -> WorkbenchError:
    """What to raise for a number that no stream has."""
    return WorkbenchError(
        f"there is no trial or device number {index}; they run from 0 to 2**64 - 1"
    )
