"""Codes for error detection: what is stored beside a unit of bytes, and what a mismatch says of the damage.

References: CRC-32 of IEEE 802.3; CRC-16/IBM-3740 (polynomial 0x1021, begun with 0xffff, not reflected,
nothing added at the end; 0x29b1 for "123456789"); P + Q sums of H. P. Anvin,
"The mathematics of RAID-6"; RADAR, Li et al. 2021, https://arxiv.org/abs/2101.08254. Layout: a unit
is uint8 [bytes], its check uint8 [check bytes]; words are 32 bits, little endian, and what is missing
of the last one counts as zero.
"""

from __future__ import annotations

import binascii
import zlib
from enum import IntEnum
from functools import cache, lru_cache

import numpy as np

_WORD = 2**32
# Units and their sums: a finding asks for those of the same one many times.
_MOST_KEPT = 256
# x^32 + x^7 + x^3 + x^2 + 1, primitive over GF(2) and so an element of order 2^32 - 1.
FIELD = 0x8D
RADAR_KEY = 0xB5C3  # which weights of a group count negatively, by position modulo 16


class Judgement(IntEnum):
    """Diagnoses of a code for a unit that disagrees with its check; the numbers are those of the C runtime.

    CLEARS: the difference is that of a damaged check, the unit is sound. BLAMES: it is that of
    damaged data, the check is sound. UNSURE: neither, or the code cannot tell.
    """

    UNSURE = 0
    CLEARS = 1
    BLAMES = 2


class Code:
    """What every code can do; `name` is that of strategies and of the C runtime.

    judges: it tells damaged data from a damaged check by itself, see `judge`. corrects: it can put
    some damage right. sees_every_flip: every single flip of data or check shows. interleaved: its units
    are groups of bytes that do not lie side by side.
    """

    name = ""
    interleaved = False
    judges = False
    corrects = False
    sees_every_flip = True

    def check_bytes(self, unit_bytes: int) -> int:
        """Bytes of check for a unit of so many."""
        raise NotImplementedError

    def sign(self, data: np.ndarray) -> np.ndarray:
        """The check of a unit, uint8 [check_bytes(len(data))]."""
        raise NotImplementedError

    def wrong(self, data: np.ndarray, check: np.ndarray) -> bool:
        """Whether unit and check disagree."""
        return self.sign(data).tobytes() != check.tobytes()

    def located(self, data: np.ndarray, check: np.ndarray) -> np.ndarray:
        """Bytes among which the damage must be, bool [bytes]; all of them where the code does not locate."""
        return np.full(len(data), self.wrong(data, check))

    def judge(self, data: np.ndarray, check: np.ndarray) -> Judgement:
        """Whether the unit or its check is damaged, of a unit that is `wrong`.

        Never mistaken about a single flip of data or check. Codes of distance 4 over both (CRC, SECDED)
        are not about two either; P + Q sums are, where a flip of the data meets one of P or Q.
        """
        return Judgement.UNSURE

    def correct(self, data: np.ndarray, check: np.ndarray) -> None:
        """Of a code that `corrects`: correct the correctable errors, in place."""
        raise NotImplementedError


class Xor(Code):
    """XOR of all words; misses an even number of flips of one bit of the word."""

    name = "xor"

    def check_bytes(self, unit_bytes: int) -> int:
        """4 for any unit."""
        return 4

    def sign(self, data: np.ndarray) -> np.ndarray:
        """XOR_i w_i."""
        return _stored(int(np.bitwise_xor.reduce(_words(data), initial=0)))


class DualSum(Code):
    """Sum of the words and sum of the running sums, both modulo 2^32."""

    name = "dual-sum"
    judges = True

    def check_bytes(self, unit_bytes: int) -> int:
        """8 for any unit."""
        return 8

    def sign(self, data: np.ndarray) -> np.ndarray:
        """a = sum_i w_i, b = sum_i (n - i) w_i."""
        words = _words(data).astype(np.uint64)
        running = np.cumsum(words, dtype=np.uint64) % _WORD
        total = int(running[-1]) if len(running) else 0
        return _stored(total, int(running.sum() % _WORD))

    def judge(self, data: np.ndarray, check: np.ndarray) -> Judgement:
        """A flip of word i changes a by +-2^k and b by (n - i) times as much, one of the check a or b.

        Of a flip of bit k of a's check, (n - i) 2^k may be zero modulo 2^32 for a flip of the data as
        well; then nobody can tell.
        """
        now, stored = self.sign(data).view("<u4").tolist(), check.view("<u4").tolist()
        a, b = ((each - other) % _WORD for each, other in zip(now, stored, strict=True))
        words = -(-len(data) // 4)
        if a == 0:
            return Judgement.CLEARS if _power_of_two(b) else Judgement.UNSURE
        if not _power_of_two(a):
            return Judgement.UNSURE
        by_data = any(a * number % _WORD == b for number in range(1, words + 1))
        if b == 0:
            return Judgement.UNSURE if by_data else Judgement.CLEARS
        return Judgement.BLAMES if by_data else Judgement.UNSURE


class _Crc(Code):
    """A cyclic code: the difference of two checks depends on the flips alone."""

    judges = True

    def judge(self, data: np.ndarray, check: np.ndarray) -> Judgement:
        """One bit of difference is one of the check; that of any bit of the data has three or more."""
        difference = int.from_bytes((self.sign(data) ^ check).tobytes(), "little")
        if difference.bit_count() == 1:
            return Judgement.CLEARS
        return (
            Judgement.BLAMES if difference in self.single_flips(8 * len(data)) else Judgement.UNSURE
        )

    def single_flips(self, bits: int) -> frozenset[int]:
        """The differences that single flips of so many bits of data make."""
        raise NotImplementedError


class Crc16(_Crc):
    """CRC-16 with polynomial 0x1021, begun with ones: sees all 1 to 3 flips in up to 4,093 bytes."""

    name = "crc16"

    def check_bytes(self, unit_bytes: int) -> int:
        """2 for any unit."""
        return 2

    def sign(self, data: np.ndarray) -> np.ndarray:
        """The remainder, highest bit first."""
        return np.array([binascii.crc_hqx(data.tobytes(), 0xFFFF)], "<u2").view(np.uint8)

    def single_flips(self, bits: int) -> frozenset[int]:
        """x^k modulo the polynomial, k from 16 on."""
        return _chain(0x1021, bits, 16)


class Crc32(_Crc):
    """CRC-32 of IEEE 802.3: sees all 1 to 3 flips in up to 11 KB, all 4 in up to 371 bytes."""

    name = "crc32"

    def check_bytes(self, unit_bytes: int) -> int:
        """4 for any unit."""
        return 4

    def sign(self, data: np.ndarray) -> np.ndarray:
        """The usual reflected CRC-32; 0 for no bytes."""
        return _stored(zlib.crc32(data.tobytes()))

    def single_flips(self, bits: int) -> frozenset[int]:
        """x^k modulo the polynomial, k from 32 on; the highest power is the lowest bit."""
        return _chain(0xEDB88320, bits, 32)


class PlusQ(Code):
    """P = XOR_i w_i and Q = XOR_i a^(n - 1 - i) w_i in GF(2^32), as RAID-6 does over disks.

    Sees every 1 to 3 flips and every odd number of them: P every odd number, and two flips that P
    misses lie in one column of two words, where Q has a^i + a^j != 0. Damage within one word w_i
    gives P' = e, Q' = a^(n - 1 - i) e, which tells i and e: it is put right.
    """

    name = "pq"
    judges = True
    corrects = True

    def check_bytes(self, unit_bytes: int) -> int:
        """8 for any unit."""
        return 8

    def sign(self, data: np.ndarray) -> np.ndarray:
        """P, then Q: every bit that is set contributes its power."""
        return np.frombuffer(_plus_q(data.tobytes()), np.uint8).copy()

    def judge(self, data: np.ndarray, check: np.ndarray) -> Judgement:
        """A flip of the check shows as one bit of the sums; of one to three flips of the data, in up to 1 KB, none does."""
        p, q = self._differences(data, check)
        if p.bit_count() + q.bit_count() == 1:
            return Judgement.CLEARS
        return Judgement.BLAMES if self._damaged_word(data, p, q) >= 0 else Judgement.UNSURE

    def correct(self, data: np.ndarray, check: np.ndarray) -> None:
        """One damaged word, or one damaged sum."""
        p, q = self._differences(data, check)
        if self.judge(data, check) == Judgement.CLEARS:
            check[:] = self.sign(data)
            return
        index = self._damaged_word(data, p, q)
        if index >= 0:
            place = slice(4 * index, min(4 * index + 4, len(data)))
            data[place] ^= _stored(p)[: place.stop - place.start]

    @staticmethod
    def _damaged_word(data: np.ndarray, p: int, q: int) -> int:
        """The only word whose damage explains both differences; -1 where none does."""
        return _word_of(-(-len(data) // 4), p, q)

    def _differences(self, data: np.ndarray, check: np.ndarray) -> tuple[int, int]:
        p, q = (self.sign(data) ^ check).view("<u4").tolist()
        return p, q


class Parity(Code):
    """A parity bit for every byte: it detects and locates an odd number of flips in a byte."""

    name = "parity"

    def check_bytes(self, unit_bytes: int) -> int:
        """A bit a byte."""
        return -(-unit_bytes // 8)

    def sign(self, data: np.ndarray) -> np.ndarray:
        """Bit i of the check is the parity of byte i."""
        return np.packbits(_PARITY[data], bitorder="little")

    def located(self, data: np.ndarray, check: np.ndarray) -> np.ndarray:
        """Bytes of the wrong parity."""
        differs = np.unpackbits(self.sign(data) ^ check, bitorder="little")
        return differs[: len(data)].astype(bool)


class Radar(Code):
    """Two bits of a masked sum of the weights of a group, which sees flips of their top bits.

    M = sum_i +-w_i, the sign by a key; signature bits floor(M / 256) and floor(M / 128) modulo 2.
    """

    name = "radar"
    interleaved = True
    sees_every_flip = False

    def check_bytes(self, unit_bytes: int) -> int:
        """2 bits, kept in a byte."""
        return 1

    def sign(self, data: np.ndarray) -> np.ndarray:
        """Bits 8 and 7 of M."""
        weights = data.view(np.int8).astype(np.int64)
        negative = RADAR_KEY >> (np.arange(len(data)) % 16) & 1
        total = int(np.where(negative, -weights, weights).sum())
        return np.array([total >> 7 & 3], np.uint8)


SIGNATURES: dict[str, Code] = {
    code.name: code for code in (Xor(), DualSum(), Crc16(), Crc32(), PlusQ(), Parity(), Radar())
}


def times_a(element: int) -> int:
    """a * element in GF(2^32), a the generator."""
    return (element << 1) % _WORD ^ (FIELD if element >> 31 else 0)


@lru_cache(_MOST_KEPT)
def _plus_q(data: bytes) -> bytes:
    """P and Q as they are stored."""
    words = _words(np.frombuffer(data, np.uint8))
    ones = np.unpackbits(words.view(np.uint8), bitorder="little").reshape(-1, 32)
    powers = _powers(max(1, len(words)))[::-1][: len(words)]
    q = np.bitwise_xor.reduce(powers * ones, axis=None, initial=0)
    return _stored(int(np.bitwise_xor.reduce(words, initial=0)), int(q)).tobytes()


@lru_cache(_MOST_KEPT)
def _word_of(words: int, p: int, q: int) -> int:
    """Of so many words the only one whose damage makes these differences; -1 where none does."""
    ones = (p >> np.arange(32) & 1).astype(np.uint32)
    multiples = np.bitwise_xor.reduce(_powers(max(1, words)) * ones, axis=1)  # a^k p
    fits = np.flatnonzero(multiples[:words] == q)
    return words - 1 - int(fits[0]) if fits.size else -1


@cache
def _powers(words: int) -> np.ndarray:
    """a^k 2^j, which is a^(k + j), by k and j: uint32 [words, 32]."""
    powers = [1]
    while len(powers) < words + 31:
        powers.append(times_a(powers[-1]))
    return np.lib.stride_tricks.sliding_window_view(np.array(powers, np.uint32), 32)


def _power_of_two(number: int) -> bool:
    """Whether `number`, modulo 2^32, is +-2^k."""
    return number.bit_count() == 1 or (-number % _WORD).bit_count() == 1


@cache
def _chain(first: int, bits: int, width: int) -> frozenset[int]:
    """`first` and what a CRC register of `width` bits makes of it, zeros coming in, for `bits` values.

    16 bits shift to the left, 32 to the right, as the codes above do.
    """
    register, values = first, []
    for _ in range(bits):
        values.append(register)
        if width == 16:
            register = (register << 1) % 2**16 ^ (first if register >> 15 else 0)
        else:
            register = register >> 1 ^ (first if register & 1 else 0)
    return frozenset(values)


_PARITY = np.array([bin(byte).count("1") % 2 for byte in range(256)], np.uint8)


def _words(data: np.ndarray) -> np.ndarray:
    missing = -len(data) % 4
    padded = np.concatenate([data, np.zeros(missing, np.uint8)]) if missing else data
    return np.ascontiguousarray(padded).view("<u4")


def _stored(*words: int) -> np.ndarray:
    return np.array(words, "<u4").view(np.uint8)
