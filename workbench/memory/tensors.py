"""Tensors as bytes: little endian, 4-bit codes packed two to a byte, low nibble first.

Layout: see `workbench.memory.layout`; a place says where a tensor lies.
"""

from __future__ import annotations

import numpy as np

from workbench.integer.program import Program
from workbench.memory.places import Place, Places


def write_tensor(data: np.ndarray, place: Place, array: np.ndarray) -> None:
    """Store `array` of `place.shape` in the bytes of `place`."""
    stored = data[place.start : place.start + place.size_bytes]
    if place.bits == 4:
        stored[:] = pack_int4(array.reshape(place.shape[0] * place.shape[1], -1)).reshape(-1)
    else:
        stored[:] = np.ascontiguousarray(array, place.dtype).view(np.uint8).reshape(-1)


def read_tensor(data: np.ndarray, place: Place) -> np.ndarray:
    """Read the tensor of `place` from `data` uint8 [..., bytes]; native dtype, [..., *shape]."""
    stored = data[..., place.start : place.start + place.size_bytes]
    lead = data.shape[:-1]
    if place.bits == 4:
        rows = stored.reshape(*lead, place.shape[0] * place.shape[1], -1)
        codes = unpack_int4(rows, place.shape[2] * place.shape[3])
    else:
        codes = np.ascontiguousarray(stored).view(place.dtype)
    return codes.reshape(*lead, *place.shape).astype(place.dtype.newbyteorder("="))


def stored_program(data: np.ndarray, layout: Places, *, golden: bool = False) -> Program:
    """The program that the working copy in `data`, or the golden copy, now holds, faults and all."""
    program = layout.program
    return program.with_parameters(
        {
            (operator.name, tensor): read_tensor(
                data, layout.place(operator.name, tensor, golden=golden)
            )
            for operator, tensor, _ in program.parameters()
        }
    )


def pack_int4(codes: np.ndarray) -> np.ndarray:
    """Pack int8 codes -8..7 [rows, n] two to a byte, low nibble first: uint8 [rows, ceil(n / 2)]."""
    nibbles = codes.astype(np.uint8) & 0xF
    if nibbles.shape[1] % 2:
        nibbles = np.pad(nibbles, ((0, 0), (0, 1)))
    return nibbles[:, 0::2] | nibbles[:, 1::2] << 4


def unpack_int4(packed: np.ndarray, columns: int) -> np.ndarray:
    """Inverse of `pack_int4`: uint8 [..., ceil(columns / 2)] -> int8 -8..7 [..., columns]."""
    nibbles = np.stack([packed & 0xF, packed >> 4], axis=-1)
    nibbles = nibbles.reshape(*packed.shape[:-1], -1)[..., :columns]
    return ((nibbles ^ 8).astype(np.int8) - 8).astype(np.int8)
