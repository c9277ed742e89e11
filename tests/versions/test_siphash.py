"""SipHash-2-4-128 against the vectors of its authors' reference implementation, in Python and in C."""

from __future__ import annotations

import ctypes
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.firmware.toolchain import WARNINGS, build_folder, compile_shared, package_texts
from workbench.versions.siphash import TAG_BYTES, siphash

# vectors_sip128 of github.com/veorq/SipHash: key 0 to 15, messages 0, 1, ... of each length.
_KEY = bytes(range(16))
_VECTORS = {
    0: "a3817f04ba25a8e66df67214c7550293",
    1: "da87c1d86b99af44347659119b22fc45",
    7: "a1f1ebbed8dbc153c0b84aa61ff08239",
    8: "3b62a9ba6258f5610f83e264f31497b4",
    15: "5493e99933b0a8117e08ec0f97cfc3d9",
    63: "5150d1772f50834a503e069a973fbd7c",
}
_ALL_64_SHA256 = "ecfaa9fe47ff788fa834a9863ea2715a2880cd37d2b8c3c194402838428119b9"
_SOURCE = """#include "store/wb_siphash.h"

void tag_in_pieces(const uint8_t *key, const uint8_t *bytes, uint32_t first, uint32_t count, uint8_t *tag)
{
    wb_siphash hash;
    wb_siphash_begin(&hash, key);
    wb_siphash_add(&hash, bytes, first);
    wb_siphash_add(&hash, bytes + first, count - first);
    wb_siphash_end(&hash, tag);
}

int tags_equal(const uint8_t *left, const uint8_t *right)
{
    return wb_tags_equal(left, right, WB_TAG_BYTES);
}
"""


@pytest.fixture(scope="module")
def in_c() -> ctypes.CDLL:
    with build_folder({"tag.c": _SOURCE, **package_texts("store")}) as folder:
        compile_shared(folder, folder / "tag.so", options=WARNINGS)
        return ctypes.CDLL(str(folder / "tag.so"))


def _tag_in_c(library: ctypes.CDLL, key: bytes, message: bytes, first: int) -> bytes:
    tag = (ctypes.c_uint8 * TAG_BYTES)()
    library.tag_in_pieces(key, message, first, len(message), tag)
    return bytes(tag)


@pytest.mark.parametrize("length", _VECTORS)
def test_vectors(length: int, in_c: ctypes.CDLL) -> None:
    message = bytes(range(length))
    assert siphash(_KEY, message).hex() == _VECTORS[length]
    assert _tag_in_c(in_c, _KEY, message, length // 2).hex() == _VECTORS[length]


def test_all_vectors() -> None:
    tags = b"".join(siphash(_KEY, bytes(range(length))) for length in range(64))
    assert hashlib.sha256(tags).hexdigest() == _ALL_64_SHA256


@given(st.binary(min_size=16, max_size=16), st.binary(max_size=300), st.data())
def test_c_equals_python_in_any_pieces(
    in_c: ctypes.CDLL, key: bytes, message: bytes, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(message)))
    tag = siphash(key, message[:first], message[first:])
    assert _tag_in_c(in_c, key, message, first) == tag == siphash(key, message)


@given(st.binary(min_size=16, max_size=16), st.integers(0, 127))
def test_one_bit_makes_tags_unequal(in_c: ctypes.CDLL, tag: bytes, bit: int) -> None:
    other = bytearray(tag)
    other[bit // 8] ^= 1 << bit % 8
    assert in_c.tags_equal(tag, tag)
    assert not in_c.tags_equal(tag, bytes(other))
