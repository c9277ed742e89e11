"""Codes that watch memory: what is stored beside a unit of bytes, and what it tells of their damage.

References: CRC-32 of IEEE 802.3; CRC-16/IBM-3740 (polynomial 0x1021, begun with 0xffff, not reflected,
nothing added at the end; 0x29b1 for "123456789"); P + Q sums of H. P. Anvin,
"The mathematics of RAID-6"; RADAR, Li et al. 2021, https://arxiv.org/abs/2101.08254. Layout: a unit
is uint8 [bytes], its check uint8 [check bytes]; words are 32 bits, little endian, and what is missing
of the last one counts as zero.
"""

from __future__ import annotations

import binascii
import zlib

import numpy as np

_WORD = 2**32
# x^32 + x^7 + x^3 + x^2 + 1, primitive over GF(2) and so an element of order 2^32 - 1.
FIELD = 0x8D
RADAR_KEY = 0xB5C3  # which weights of a group count negatively, by position modulo 16


class Code:
    """What every code can do; `name` is that of strategies and of the C runtime.

    self_evident: it tells damaged data from a damaged check by itself. corrects: it can put some
    damage right.
    """

    name = ""
    self_evident = False
    corrects = False

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
        """Bytes among which the damage must be, bool [bytes]; all of them where a code cannot tell."""
        return np.full(len(data), self.wrong(data, check))

    def data_wrong(self, data: np.ndarray, check: np.ndarray) -> bool:
        """Of a self-evident code whose unit is `wrong`: whether more than the check is damaged."""
        raise NotImplementedError

    def correct(self, data: np.ndarray, check: np.ndarray) -> None:
        """Of a code that `corrects`: put right what it can, in place."""
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

    def check_bytes(self, unit_bytes: int) -> int:
        """8 for any unit."""
        return 8

    def sign(self, data: np.ndarray) -> np.ndarray:
        """a = sum_i w_i, b = sum_i (n - i) w_i."""
        words = _words(data).astype(np.uint64)
        running = np.cumsum(words, dtype=np.uint64) % _WORD
        total = int(running[-1]) if len(running) else 0
        return _stored(total, int(running.sum() % _WORD))


class Crc16(Code):
    """CRC-16 with polynomial 0x1021, begun with ones: sees all 1 to 3 flips in up to 4,093 bytes."""

    name = "crc16"

    def check_bytes(self, unit_bytes: int) -> int:
        """2 for any unit."""
        return 2

    def sign(self, data: np.ndarray) -> np.ndarray:
        """The remainder, highest bit first."""
        return np.array([binascii.crc_hqx(data.tobytes(), 0xFFFF)], "<u2").view(np.uint8)


class Crc32(Code):
    """CRC-32 of IEEE 802.3: sees all 1 to 3 flips in up to 11 KB, all 4 in up to 371 bytes."""

    name = "crc32"

    def check_bytes(self, unit_bytes: int) -> int:
        """4 for any unit."""
        return 4

    def sign(self, data: np.ndarray) -> np.ndarray:
        """The usual reflected CRC-32; 0 for no bytes."""
        return _stored(zlib.crc32(data.tobytes()))


class PlusQ(Code):
    """P = XOR_i w_i and Q = XOR_i a^(n - 1 - i) w_i in GF(2^32), as RAID-6 does over disks.

    Sees every 1 to 3 flips and every odd number of them: P every odd number, and two flips that P
    misses lie in one column of two words, where Q has a^i + a^j != 0. Damage within one word w_i
    gives P' = e, Q' = a^(n - 1 - i) e, which tells i and e: it is put right.
    """

    name = "pq"
    self_evident = True
    corrects = True

    def check_bytes(self, unit_bytes: int) -> int:
        """8 for any unit."""
        return 8

    def sign(self, data: np.ndarray) -> np.ndarray:
        """P, then Q by Horner's scheme."""
        p = q = 0
        for word in _words(data).tolist():
            p ^= word
            q = times_a(q) ^ word
        return _stored(p, q)

    def data_wrong(self, data: np.ndarray, check: np.ndarray) -> bool:
        """A flip of the check shows as one bit of the sums; of one to three flips of the data, in up to 1 KB, none does."""
        p, q = self._differences(data, check)
        return (p.bit_count() + q.bit_count()) != 1

    def correct(self, data: np.ndarray, check: np.ndarray) -> None:
        """One damaged word, or one damaged sum."""
        p, q = self._differences(data, check)
        if not self.data_wrong(data, check):
            check[:] = self.sign(data)
            return
        product = p
        for index in range(-(-len(data) // 4) - 1, -1, -1):
            if product == q:
                place = slice(4 * index, min(4 * index + 4, len(data)))
                data[place] ^= _stored(p)[: place.stop - place.start]
                return
            product = times_a(product)

    def _differences(self, data: np.ndarray, check: np.ndarray) -> tuple[int, int]:
        p, q = (self.sign(data) ^ check).view("<u4").tolist()
        return p, q


class Parity(Code):
    """A bit for every byte: tells where an odd number of flips in a byte is."""

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


_PARITY = np.array([bin(byte).count("1") % 2 for byte in range(256)], np.uint8)


def _words(data: np.ndarray) -> np.ndarray:
    missing = -len(data) % 4
    padded = np.concatenate([data, np.zeros(missing, np.uint8)]) if missing else data
    return np.ascontiguousarray(padded).view("<u4")


def _stored(*words: int) -> np.ndarray:
    return np.array(words, "<u4").view(np.uint8)
