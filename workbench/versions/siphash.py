"""SipHash-2-4 with 128 bits of output, as `firmware/store/wb_siphash.h` has it: the keyed tag of versions and records.

Source: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF" (2012), and its 128-bit variant.
"""

from __future__ import annotations

import struct
from itertools import chain

KEY_BYTES = 16
TAG_BYTES = 16
_WORD = 0xFFFF_FFFF_FFFF_FFFF
_START = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


def siphash(key: bytes, *parts: bytes) -> bytes:
    """The tag, 16 bytes, of the parts one after the other under a key of 16 bytes."""
    message = b"".join(parts)
    low, high = struct.unpack("<2Q", key)
    v0, v1, v2, v3 = (
        start ^ half for start, half in zip(_START, (low, high, low, high), strict=True)
    )
    state = (v0, v1 ^ 0xEE, v2, v3)
    whole = len(message) & ~7
    last = int.from_bytes(message[whole:], "little") | (len(message) & 0xFF) << 56
    words = (word for (word,) in struct.iter_unpack("<Q", message[:whole]))
    for word in chain(words, (last,)):
        v0, v1, v2, v3 = _rounds((*state[:3], state[3] ^ word), 2)
        state = (v0 ^ word, v1, v2, v3)
    v0, v1, v2, v3 = _rounds((state[0], state[1], state[2] ^ 0xEE, state[3]), 4)
    first = v0 ^ v1 ^ v2 ^ v3
    v0, v1, v2, v3 = _rounds((v0, v1 ^ 0xDD, v2, v3), 4)
    return struct.pack("<2Q", first, v0 ^ v1 ^ v2 ^ v3)


def _rounds(state: tuple[int, int, int, int], count: int) -> tuple[int, int, int, int]:
    v0, v1, v2, v3 = state
    for _ in range(count):
        v0 = (v0 + v1) & _WORD
        v2 = (v2 + v3) & _WORD
        v1 = _rotated(v1, 13) ^ v0
        v3 = _rotated(v3, 16) ^ v2
        v0 = _rotated(v0, 32)
        v2 = (v2 + v1) & _WORD
        v0 = (v0 + v3) & _WORD
        v1 = _rotated(v1, 17) ^ v2
        v3 = _rotated(v3, 21) ^ v0
        v2 = _rotated(v2, 32)
    return v0, v1, v2, v3


def _rotated(word: int, bits: int) -> int:
    return (word << bits | word >> (64 - bits)) & _WORD
