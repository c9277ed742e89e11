"""In-place error correction: weights that are code words themselves, without extra memory.

Reference: the idea of hiding check bits in the weights is from Guan et al. 2019,
https://arxiv.org/abs/1910.14479, whose check bits replace a bit that small weights do not need, so
that each read has to decode. Here every value is moved by as little as makes its word one of the code;
what is stored is what is meant, and kernels read it as it is. Layout: words of `ecc.InPlace`, which
begin where their section does; the least squared change of each is found by dynamic programming over
its elements, the syndrome so far being the state.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from workbench.errors import WorkbenchError, expect
from workbench.integer.program import Program
from workbench.integer.sections import WEIGHTS
from workbench.memory.codes.ecc import ECC, InPlace
from workbench.memory.places import Place, Places
from workbench.memory.tensors import read_tensor, write_tensor

# How far a value may move, in its own steps.
_REACH = {4: 2, 8: 2}
_NEVER = np.float32(1e30)


def in_place_program(program: Program, code: str | InPlace) -> Program:
    """The program nearest to `program` whose weights consist of words of `code`, one that ships by its name.

    Distance is the sum of squared steps of the stored codes in each word. Bytes beyond the last
    whole word stay as they are. Raises WorkbenchError where no near value is a word, as for words
    of few elements that may not move far.
    """
    expect(program, Program, "what is to be moved to words", "a Program, as `program` of a voice")
    words = ECC[code] if isinstance(code, str) else code
    assert isinstance(words, InPlace)
    layout, data = _weights(program)
    section, places = layout.sections[WEIGHTS], layout.places
    whole = section.size_bytes // words.word_bytes * words.word_bytes
    stored = data[section.start : section.start + whole]
    stored[:] = np.frombuffer(
        _encoded(stored.tobytes(), _elements(places, section.start, whole).tobytes(), words),
        np.uint8,
    )
    return program.with_parameters(
        {(place.operator, place.tensor): read_tensor(data, place) for place in places}
    )


def _weights(program: Program) -> tuple[Places, np.ndarray]:
    """The `weights` section of the program's image alone, and its bytes, uint8."""
    layout = Places(program)
    stored = [
        (operator, tensor, array)
        for operator, tensor, array in program.parameters()
        if operator.PARAMETERS[tensor] == WEIGHTS
    ]
    layout.append(WEIGHTS, [(o.name, t, o.parameter_bits(t), a.shape) for o, t, a in stored])
    data = np.zeros(layout.size_bytes, np.uint8)
    for operator, tensor, array in stored:
        write_tensor(data, layout.place(operator.name, tensor), array)
    return layout, data


def _elements(places: list[Place], start: int, size: int) -> np.ndarray:
    """Width in bits of the elements that each byte belongs to, 0 for padding: uint8 [size]."""
    bits = np.zeros(size, np.uint8)
    for place in places:
        first = place.start - start
        bits[first : first + place.size_bytes] = place.bits
        if place.bits == 4 and place.shape[2] * place.shape[3] % 2:
            row = (place.shape[2] * place.shape[3] + 1) // 2
            bits[first + row - 1 : first + place.size_bytes : row] = (
                3  # the upper nibble is padding
            )
    return bits


@lru_cache(maxsize=8)
def _encoded(stored: bytes, elements: bytes, code: InPlace) -> bytes:
    """Words made code words; words of one kind of elements go together.

    It is remembered, because every image of a strategy asks for it again.
    """
    rows = np.frombuffer(stored, np.uint8).reshape(-1, code.word_bytes)
    kinds = np.frombuffer(elements, np.uint8).reshape(-1, code.word_bytes)
    made = rows.copy()
    patterns, which = np.unique(kinds, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        chosen = which.reshape(-1) == number
        made[chosen] = _search(rows[chosen], pattern, code)
    return made.tobytes()


def _search(rows: np.ndarray, pattern: np.ndarray, code: InPlace) -> np.ndarray:
    """Dynamic programming over the elements of words that all have the same `pattern`."""
    values, spans = _split(rows, pattern)
    states = 1 << code.syndrome_bits
    # What the bytes of padding, and of anything that cannot move, add to the syndrome: nothing is
    # there but zeros.
    cost = np.full((len(rows), states), _NEVER, np.float32)
    cost[:, 0] = 0
    steps = []
    for value, (bits, offset) in zip(values, spans, strict=True):
        low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        best = np.full_like(cost, _NEVER)
        choice = np.zeros(cost.shape, np.int8)
        for move in sorted(range(-_REACH[bits], _REACH[bits] + 1), key=abs):
            moved = value + move
            allowed = (moved >= low) & (moved <= high)
            syndrome = _syndromes(moved, bits, offset, code)
            # The state that was before: this one without what the element adds.
            before = np.arange(states)[None, :] ^ syndrome[:, None]
            reached = np.take_along_axis(cost, before, axis=1) + np.float32(move * move)
            reached[~allowed] = _NEVER
            better = reached < best
            best[better] = reached[better]
            choice[better] = move
        cost = best
        steps.append(choice)
    if (cost[:, 0] >= _NEVER).any():
        raise WorkbenchError(
            f"some words of {code.name} have too few elements to become code words; use longer ones"
        )
    state = np.zeros(len(rows), np.int64)
    chosen = []
    for value, (bits, offset), choice in zip(values[::-1], spans[::-1], steps[::-1], strict=True):
        moved = value + choice[np.arange(len(rows)), state]
        state ^= _syndromes(moved, bits, offset, code)
        chosen.append(moved)
    return _joined(rows, chosen[::-1], spans)


def _split(rows: np.ndarray, pattern: np.ndarray) -> tuple[list[np.ndarray], list[tuple[int, int]]]:
    """Elements of each word, int64 [words] each, and (bits, first bit in the word) of each."""
    spans: list[tuple[int, int]] = []
    byte = 0
    while byte < len(pattern):
        kind = int(pattern[byte])
        if kind in (3, 4):
            spans += [(4, 8 * byte)] + ([(4, 8 * byte + 4)] if kind == 4 else [])
        elif kind:
            spans.append((kind, 8 * byte))
        byte += max(1, kind // 8)
    values = []
    for bits, offset in spans:
        stored = rows[:, offset // 8 : (offset + bits + 7) // 8].astype(np.int64)
        number = (stored << (8 * np.arange(stored.shape[1]))).sum(axis=1) >> (offset % 8)
        sign = 1 << (bits - 1)
        values.append(((number & (2 * sign - 1)) ^ sign) - sign)
    return values, spans


def _syndromes(values: np.ndarray, bits: int, offset: int, code: InPlace) -> np.ndarray:
    """What elements whose first bit is bit `offset` of their words add, int64 [words]."""
    syndromes = np.zeros(len(values), np.int64)
    for bit in range(bits):
        syndromes ^= np.where(values >> bit & 1, int(code.columns[offset + bit]), 0)
    return syndromes


def _joined(rows: np.ndarray, values: list[np.ndarray], spans: list[tuple[int, int]]) -> np.ndarray:
    made = rows.copy()
    for value, (bits, offset) in zip(values, spans, strict=True):
        for byte in range((bits + 7) // 8):
            part = value >> 8 * byte & 0xFF
            if bits == 4:
                shift = offset % 8
                other_half = made[:, offset // 8] & (0xF0 if shift == 0 else 0x0F)
                made[:, offset // 8] = other_half | ((part & 0xF) << shift).astype(np.uint8)
            else:
                made[:, offset // 8 + byte] = part
    return made
