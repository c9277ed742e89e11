"""Detection of many faults at once from syndromes, without reading memory again.

For codes that are linear over GF(2), up to a constant (XOR, CRC, P + Q, parity, error-correcting words),
sign(data ^ e) = sign(data) ^ L(e): what is seen of a fault is the XOR of L of its bits, known beforehand.
Sums (dual-sum, RADAR) add up instead: each flip adds +-2^b, by the bit that is stored. Layout: a fault
is a row of different bit positions of the working copy, int64 [trials, flips].
"""

from __future__ import annotations

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.codes.signatures import RADAR_KEY, DualSum, Radar
from workbench.memory.watches.pages import PageWatch

_WORD = 2**32
_LIMBS = 8  # bytes of a syndrome in one uint64


def detected(watch: PageWatch, data: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Whether some unit of `watch` disagrees with its check after these flips, bool [trials].

    data: uint8, the bytes of a clean image. positions: int64 [trials, flips], in the watched sections.
    Raises WorkbenchError where a flip lies elsewhere.
    """
    address = positions >> 3
    if ((address < watch.start) | (address >= watch.stop)).any():
        raise WorkbenchError(
            f"some flips lie outside of what {watch.label} watches, bytes {watch.start} to "
            f"{watch.stop - 1}; choose among these"
        )
    unit = watch.units_of(address.reshape(-1)).reshape(address.shape)
    if isinstance(watch.code, DualSum | Radar):
        return _by_sums(watch, data, positions, unit)
    seen = _effects(watch, data, positions, unit)
    mask = np.zeros(len(positions), bool)
    for column in range(positions.shape[1]):
        # The XOR over the flips of this one's unit: zero for all of them together where it is missed.
        same = unit == unit[:, column : column + 1]
        total = np.bitwise_xor.reduce(np.where(same[:, :, None], seen, 0), axis=1)
        mask |= total.any(axis=1)
    return mask


def _effects(
    watch: PageWatch, data: np.ndarray, positions: np.ndarray, unit: np.ndarray
) -> np.ndarray:
    """L of single flips, uint64 [trials, flips, limbs]; each different bit is computed once."""
    bits, which = np.unique(positions, return_inverse=True)
    code = watch.code
    rows = []
    zero = np.zeros(watch.area.unit_bytes, np.uint8)
    parts = getattr(code, "word_bytes", 0)
    for position, number in zip(bits.tolist(), watch.units_of(bits >> 3).tolist(), strict=True):
        where = watch.addresses(number)
        count = len(data[where])
        offset = ((position >> 3) - where.start) // (where.step or 1)
        flipped = zero[:count].copy()
        flipped[offset] = 1 << (position & 7)
        if parts:  # a word each: the place of the word is part of what is seen
            syndromes = code.syndromes(flipped, zero[: code.check_bytes(count)])  # type: ignore[attr-defined]
            effect = syndromes.astype("<u2").view(np.uint8)
        else:
            effect = code.sign(flipped) ^ code.sign(zero[:count])
        rows.append(effect)
    width = -(-max(len(row) for row in rows) // _LIMBS) * _LIMBS
    table = np.zeros((len(rows), width), np.uint8)
    for row, effect in zip(table, rows, strict=True):
        row[: len(effect)] = effect
    return table.view("<u8")[which.reshape(positions.shape)]


def _by_sums(
    watch: PageWatch, data: np.ndarray, positions: np.ndarray, unit: np.ndarray
) -> np.ndarray:
    address, bit = positions >> 3, positions & 7
    stored = data[address] >> bit.astype(np.uint8) & 1
    if isinstance(watch.code, Radar):
        place = (address - watch.start) // watch.units
        sign = np.where(RADAR_KEY >> (place % 16) & 1, -1, 1) * np.where(bit == 7, -1, 1)
        change = np.where(stored, -1, 1) * sign << bit
        begun = _radar_sums(watch, data)
    else:
        offset = address - watch.start - unit * watch.area.unit_bytes
        change = np.where(stored, -1, 1) << (bit + 8 * (offset % 4))
        length = np.minimum(
            watch.area.unit_bytes, watch.stop - watch.start - unit * watch.area.unit_bytes
        )
        weight = -(-length // 4) - offset // 4
    mask = np.zeros(len(positions), bool)
    for column in range(positions.shape[1]):
        same = unit == unit[:, column : column + 1]
        total = np.where(same, change, 0).sum(axis=1)
        if isinstance(watch.code, Radar):
            before = begun[unit[:, column]]
            mask |= (before >> 7 & 3) != (before + total >> 7 & 3)
        else:
            running = (np.where(same, change * weight, 0) % _WORD).sum(axis=1)
            mask |= (total % _WORD != 0) | (running % _WORD != 0)
    return mask


def _radar_sums(watch: PageWatch, data: np.ndarray) -> np.ndarray:
    """M of every group, int64 [units]."""
    sums = []
    for unit in range(watch.units):
        weights = data[watch.addresses(unit)].view(np.int8).astype(np.int64)
        negative = RADAR_KEY >> (np.arange(len(weights)) % 16) & 1
        sums.append(int(np.where(negative, -weights, weights).sum()))
    return np.array(sums, np.int64)


def faults_in_a_unit(
    watch: PageWatch, flips: int, trials: int, rng: np.random.Generator
) -> np.ndarray:
    """Random faults of so many different bits, all of one unit each, int64 [trials, flips].

    Raises WorkbenchError where the last, shorter unit would have to hold more flips than it has bits.
    """
    rows = []
    for unit in rng.integers(0, watch.units, trials):
        where = np.arange(watch.stop)[watch.addresses(int(unit))]
        if flips > 8 * len(where):
            raise WorkbenchError(
                f"{flips:,} flips do not fit a unit of {len(where):,} bytes; use fewer"
            )
        chosen = rng.choice(8 * len(where), flips, replace=False)
        rows.append(8 * where[chosen >> 3] + (chosen & 7))
    return np.array(rows, np.int64).reshape(trials, flips)
