"""Codes against plain loops and known answers, and against what they promise to see."""

import binascii
import zlib
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workbench.memory.codes.ecc import ECC, InPlace, Secded
from workbench.memory.codes.signatures import RADAR_KEY, SIGNATURES, Judgement, times_a
from workbench.memory.watches.areas import CODES

UNITS = st.integers(2, 20).flatmap(lambda n: arrays(np.uint8, 4 * n))
MASKS = st.sampled_from([1 << bit for bit in range(8)])


def words(data: np.ndarray) -> list[int]:
    return [int.from_bytes(data[i : i + 4].tobytes(), "little") for i in range(0, len(data), 4)]


def signed(code: str, data: np.ndarray) -> bytes:
    return CODES[code].sign(data).tobytes()


@settings(max_examples=100, deadline=None)
@given(data=UNITS)
def test_signatures_are_what_their_names_say(data: np.ndarray) -> None:
    xor = a = b = p = q = 0
    for word in words(data):
        xor ^= word
        a = (a + word) % 2**32
        b = (b + a) % 2**32
        p ^= word
        q = times_a(q) ^ word
    assert signed("xor", data) == xor.to_bytes(4, "little")
    assert signed("dual-sum", data) == a.to_bytes(4, "little") + b.to_bytes(4, "little")
    assert signed("pq", data) == p.to_bytes(4, "little") + q.to_bytes(4, "little")
    assert signed("crc32", data) == zlib.crc32(data.tobytes()).to_bytes(4, "little")
    crc16 = binascii.crc_hqx(data.tobytes(), 0xFFFF)
    assert signed("crc16", data) == crc16.to_bytes(2, "little")
    parities = [bin(byte).count("1") & 1 for byte in data.tolist()]
    bits = np.unpackbits(CODES["parity"].sign(data), bitorder="little")[: len(data)]
    assert bits.tolist() == parities
    total = sum(
        -int(w) if RADAR_KEY >> i % 16 & 1 else int(w) for i, w in enumerate(data.view(np.int8))
    )
    assert signed("radar", data) == bytes([(total // 256 % 2) * 2 + total // 128 % 2])


def test_known_answers() -> None:
    text = np.frombuffer(b"123456789   ", np.uint8)
    assert int.from_bytes(signed("crc32", text[:9]), "little") == 0xCBF43926
    assert int.from_bytes(signed("crc16", text[:9]), "little") == 0x29B1  # CRC-16/IBM-3740


@pytest.mark.parametrize("name", [n for n in CODES if n != "radar"])
@settings(max_examples=30, deadline=None)
@given(data=UNITS, where=st.integers(0, 10**6), mask=MASKS)
def test_every_single_flip_is_seen(name: str, data: np.ndarray, where: int, mask: int) -> None:
    code = CODES[name]
    whole = len(data)
    if isinstance(code, InPlace):
        whole = len(data) // code.word_bytes * code.word_bytes
        data[:] = 0
    check = code.sign(data)
    assert not code.wrong(data, check)
    if whole:
        data[where % whole] ^= mask
        assert code.wrong(data, check)
        assert where % whole in np.flatnonzero(code.located(data, check))
        data[where % whole] ^= mask
    if len(check):
        check[where % len(check)] ^= mask
        if name != "parity" or 8 * (where % len(check)) + mask.bit_length() <= len(data):
            assert code.wrong(data, check)


@pytest.mark.parametrize("name", ["crc16", "crc32", "pq"])
def test_all_double_flips_of_a_small_unit_are_seen(name: str) -> None:
    """Codes are linear: the zero unit stands for all."""
    code, zero = SIGNATURES[name], np.zeros(32, np.uint8)
    effects = set()
    for bit in range(8 * len(zero)):
        flipped = zero.copy()
        flipped[bit >> 3] ^= 1 << (bit & 7)
        effects.add((code.sign(flipped) ^ code.sign(zero)).tobytes())
    assert len(effects) == 8 * len(zero) and bytes(code.check_bytes(32)) not in effects


def test_pq_sees_pairs_in_pages_of_a_kilobyte_and_never_takes_them_for_a_check() -> None:
    """Two flips of column b in words i < j leave a^b (a^i + a^j) in Q alone; one bit would be a check."""
    powers = [1]
    for _ in range(287):
        powers.append(times_a(powers[-1]))
    for i, j in combinations(range(256), 2):
        assert (powers[i] ^ powers[j]).bit_count() > 1
    # ... and a^b x, shifted on, has one bit only if x a^b does: b up to 31.
    single = {1 << bit for bit in range(32)}
    for i, j in combinations(range(288), 2):
        assert powers[i] ^ powers[j] not in single


@settings(max_examples=100, deadline=None)
@given(data=UNITS, where=st.integers(0, 10**6), damage=st.integers(1, 2**32 - 1))
def test_pq_corrects_any_damage_of_a_word(data: np.ndarray, where: int, damage: int) -> None:
    code = SIGNATURES["pq"]
    check, clean = code.sign(data), data.copy()
    first = 4 * (where % (len(data) // 4))
    data[first : first + 4] ^= np.frombuffer(damage.to_bytes(4, "little"), np.uint8)
    assert code.wrong(data, check) and code.judge(data, check) == Judgement.BLAMES
    code.correct(data, check)
    np.testing.assert_array_equal(data, clean)
    check[where % 8] ^= 1 << where % 7
    assert code.judge(data, check) == Judgement.CLEARS
    code.correct(data, check)
    assert not code.wrong(data, check)
    np.testing.assert_array_equal(data, clean)


@pytest.mark.parametrize("code", ECC.values(), ids=ECC)
def test_columns_correct_one_flip_and_never_take_two_for_one(code) -> None:
    columns = [int(column) for column in code.columns]
    if isinstance(code, Secded):
        columns += [1 << bit for bit in range(8 if code.word_bytes == 8 else 7)]
    known = set(columns)
    assert len(known) == len(columns) and 0 not in known
    assert not any(a ^ b in known or a == b for a, b in combinations(columns, 2))


@pytest.mark.parametrize(
    "code", [c for c in ECC.values() if isinstance(c, Secded)], ids=lambda c: c.name
)
@settings(max_examples=60, deadline=None)
@given(data=UNITS, where=st.integers(0, 10**6), other=st.integers(0, 10**6))
def test_secded_words(code: Secded, data: np.ndarray, where: int, other: int) -> None:
    check, clean = code.sign(data), data.copy()
    signed_clean = check.copy()
    bit = where % (8 * len(data))
    data[bit >> 3] ^= 1 << (bit & 7)
    assert code.judge(data, check) == Judgement.BLAMES
    code.correct(data, check)
    np.testing.assert_array_equal(data, clean)
    check[other % len(check)] ^= 1 << other % 7
    assert code.wrong(data, check) and code.judge(data, check) == Judgement.CLEARS
    code.correct(data, check)
    np.testing.assert_array_equal(check, signed_clean)
    word = bit // (8 * code.word_bytes) * 8 * code.word_bytes
    second = word + other % min(8 * code.word_bytes, 8 * len(data) - word)
    if second != bit:
        for flip in (bit, second):
            data[flip >> 3] ^= 1 << (flip & 7)
        before = data.copy()
        code.correct(data, check)
        np.testing.assert_array_equal(data, before)  # two are seen, and left alone
        assert code.wrong(data, check)
