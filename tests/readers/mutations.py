"""Mutations of files: bytes of any kind, lengths of binary formats, and the structure of JSON.

All draw from the generator that they are given, so that a seed repeats them.
"""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

from workbench.container import _DIGEST_BYTES, _PREFIX

_LENGTHS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63, 2**64 - 1)
# What a place in JSON may hold instead; each is a kind of its own to some reader.
_LEAVES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 255, 2**31, 2**63, 2**64, 10**30, 10**400, -(10**30), 0.0, -0.5,
    1.5, 1e300, float("inf"), float("-inf"), float("nan"), "", " ", "a", "12", "1.5", "abc", "\0", "\n",
    "../a", "\ud800", "\u0661", "x" * 300, "é", [], {}, [[]], [1], [1.5], ["12"], ["a", "a"], [None],
    [1, 1, 1, 1], [2**62, 2**62], [0, 2**62, 2**62], [0, 2**70], [2**31 - 1] * 3 + [0], [-1, -1], [1] * 40, {"a": 1}, {"": {}}, {"0": [0]},
)  # fmt: skip
_RAW_JSON = (
    "[" * 100_000, '{"a":' * 100_000, "9" * 5000, "1e999999999", "-", "nul", '"\\ud800"', "\ufeff{}", "",
    "[" * 20 + "]" * 20, "[" * 60 + "]" * 60, '{"a": ' * 900 + "1" + "}" * 900,
)  # fmt: skip


def mutated_bytes(data: bytes, rng: random.Random) -> bytes:
    """One to four changes of bytes somewhere in `data`."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        rng.choice(_BYTE_CHANGES)(changed, rng)
    return bytes(changed)


def mutated_text(data: bytes, rng: random.Random) -> bytes:
    """Like `mutated_bytes`, and with numbers, words and separators exchanged."""
    text = data.decode("utf-8", "surrogateescape")
    kind = rng.randrange(4)
    if kind == 0:
        return mutated_bytes(data, rng)
    parts = "".join(c if c.isalnum() else f"\0{c}\0" for c in text).split("\0")
    at = rng.randrange(len(parts))
    if kind == 1:
        parts[at] = str(rng.choice(_LEAVES))
    elif kind == 2:
        parts[at : at + 1] = []
    else:
        parts.insert(at, rng.choice(parts))
    return "".join(parts).encode("utf-8", "surrogateescape" if "\ud800" not in parts else "replace")


def mutated_json(data: bytes, rng: random.Random) -> bytes:
    """JSON with values, keys or structure changed, or what a JSON parser stumbles over in one place."""
    contents = json.loads(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        contents = changed_json(contents, rng)
    text = json.dumps(contents)
    if rng.random() < 0.1:
        return text.replace(rng.choice(text.split()), rng.choice(_RAW_JSON), 1).encode()
    return text.encode()


def mutated_tensors(data: bytes, rng: random.Random) -> bytes:
    """A safetensors file with another header, a number of bytes and JSON, or with other data."""
    stop = 8 + int.from_bytes(data[:8], "little")
    header, body = mutated_json(data[8:stop], rng), data[stop:]
    if rng.random() < 0.2:
        body = mutated_bytes(body, rng)
    return len(header).to_bytes(8, "little") + header + body


def mutated_container(data: bytes, rng: random.Random) -> bytes:
    """The same container with another header or payload, under a digest that is right."""
    magic, version, header_bytes, _ = _PREFIX.unpack_from(data)
    stop = _PREFIX.size + header_bytes
    header, payload = data[_PREFIX.size : stop], data[stop:-_DIGEST_BYTES]
    if rng.random() < 0.85:
        header = mutated_json(header, rng)
    else:
        payload = mutated_bytes(payload, rng)
    body = _PREFIX.pack(magic, version, len(header), len(payload)) + header + payload
    return body + hashlib.sha256(body).digest()


def changed_json(node: Any, rng: random.Random) -> Any:
    """The same data with one thing replaced, removed, renamed, repeated, wrapped or moved."""
    if not isinstance(node, dict | list) or not node or rng.random() < 0.03:
        return _instead(node, rng)
    keys = list(node) if isinstance(node, dict) else range(len(node))
    key = rng.choice(keys)
    changed = node.copy()
    if isinstance(node[key], dict | list) and rng.random() < 0.75:
        changed[key] = changed_json(node[key], rng)
        return changed
    kind = rng.randrange(6)
    if kind <= 2:
        changed[key] = _instead(node[key], rng)
    elif kind == 3:
        del changed[key]
    elif isinstance(changed, dict):
        changed[rng.choice(("extra", "", key + "s", "sha256", "0"))] = changed.pop(key)
    else:
        changed.insert(rng.randrange(len(changed) + 1), rng.choice(changed))
    if kind == 5 and isinstance(node, dict):
        other = rng.choice(list(node))
        changed[key], changed[other] = node[other], node[key]
    return changed


def _instead(value: Any, rng: random.Random) -> Any:
    kind = rng.randrange(8)
    if kind == 0:
        return [value]
    if kind == 1:
        return str(value)
    if kind == 2 and isinstance(value, int | float) and abs(value) < 1e9:
        return value + rng.choice((-1, 1, 0.5, 8))
    if kind == 3 and isinstance(value, str):
        return list(value)
    return rng.choice(_LEAVES)


def _flip(data: bytearray, rng: random.Random) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _put(data: bytearray, rng: random.Random) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.choice((0, 1, 0x20, 0x30, 0x5B, 0x7F, 0x80, 0xFF))


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _remove(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data) + 1)
    del data[start : start + rng.choice((1, 2, 4, 8, 50))]


def _insert(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data) + 1)
    data[start:start] = rng.randbytes(rng.choice((1, 2, 4, 8, 50)))


def _repeat(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data) + 1)
    data[start:start] = data[start : start + rng.choice((1, 4, 16, 200))]


def _blank(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data) + 1)
    stop = min(len(data), start + rng.choice((4, 16, 64)))
    data[start:stop] = bytes(stop - start)


def _length(data: bytearray, rng: random.Random) -> None:
    """A number that a length field may hold, mostly where headers are."""
    size = rng.choice((2, 4, 8))
    most = rng.choice((32, 64, len(data)))
    start = rng.randrange(min(most, len(data)) + 1)
    number = rng.choice(_LENGTHS) + rng.choice((-1, 0, 0, 1))
    order = rng.choice(("little", "big"))
    data[start : start + size] = (number % 2 ** (8 * size)).to_bytes(size, order)  # type: ignore[arg-type]


_BYTE_CHANGES = (
    _flip,
    _flip,
    _flip,
    _put,
    _cut,
    _remove,
    _insert,
    _repeat,
    _blank,
    _length,
    _length,
)

MUTATIONS = {
    "bytes": mutated_bytes,
    "text": mutated_text,
    "json": mutated_json,
    "tensors": mutated_tensors,
    "container": mutated_container,
}
