"""A memory image: the bytes of a program at their addresses, in which any bit can be flipped.

Reference: single-event upsets as bit flips of stored bytes. Layout: see `workbench.memory.layout`.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np

from workbench.container import read_container, write_container
from workbench.errors import WorkbenchError
from workbench.integer.program import Program
from workbench.integer.storage import program_from, program_header, program_payload
from workbench.memory.layout import LAYOUT, PAGE_BYTES, Layout, Place, Site

KIND = "image"
_HEADER_KEYS = {"layout", "page_bytes", "program", "program_bytes"}


class Image:
    """Bytes of `program` under a layout; immutable, a flip gives a new image.

    program: the clean program. data: uint8 [layout.size_bytes], possibly with flips; the image keeps
    the array itself, not a copy, and makes it read-only.
    """

    def __init__(self, program: Program, layout: Layout, data: np.ndarray) -> None:
        self.program = program
        self.layout = layout
        self.data = data
        self.data.flags.writeable = False

    @classmethod
    def of(cls, program: Program, *, page_bytes: int = PAGE_BYTES) -> Image:
        """The clean image of `program`: silent state, golden copy, CRC-32 of every page."""
        layout = Layout(program, page_bytes)
        data = np.zeros(layout.size_bytes, np.uint8)
        for operator, tensor, array in program.parameters():
            write_tensor(data, layout.place(operator.name, tensor), array)
        working = data[: layout.working_bytes]
        golden = layout.sections["golden"]
        data[golden.start : golden.stop] = working
        checks = [zlib.crc32(working[layout.page(n)].tobytes()) for n in range(layout.pages)]
        write_tensor(data, layout.place("check", "crc32"), np.array(checks, np.uint32))
        return cls(program, layout, data)

    def save(self, path: Path | str) -> None:
        """Replace the file `path`, all or nothing: the clean program, then the bytes as they are."""
        parameters = program_payload(self.program)
        header = {
            "layout": LAYOUT,
            "page_bytes": self.layout.page_bytes,
            "program": program_header(self.program),
            "program_bytes": len(parameters),
        }
        write_container(path, kind=KIND, header=header, payload=parameters + self.data.tobytes())

    @classmethod
    def load(cls, path: Path | str) -> Image:
        """Read an image, flips and all; WorkbenchError when anything about the file is off."""
        header, payload = read_container(path, kind=KIND)
        if header.keys() != _HEADER_KEYS:
            raise WorkbenchError(
                f"{path} has a header with {sorted(header)} where an image has "
                f"{sorted(_HEADER_KEYS)}; make it again"
            )
        if header["layout"] != LAYOUT:
            raise WorkbenchError(
                f"{path} has the layout {header['layout']!r} and this workbench knows {LAYOUT!r}; "
                "use the version that wrote it"
            )
        page_bytes, program_bytes = header["page_bytes"], header["program_bytes"]
        if type(page_bytes) is not int or type(program_bytes) is not int or program_bytes < 0:
            raise WorkbenchError(f"{path} has sizes that are not whole numbers; make it again")
        program = program_from(header["program"], payload[:program_bytes], str(path))
        try:
            layout = Layout(program, page_bytes)
        except WorkbenchError as error:
            raise WorkbenchError(f"{path}: {error}") from error
        data = np.frombuffer(payload[program_bytes:], np.uint8)
        if len(data) != layout.size_bytes:
            raise WorkbenchError(
                f"{path} holds {len(data)} bytes of memory and its program needs "
                f"{layout.size_bytes}; make it again"
            )
        return cls(program, layout, data)

    @property
    def working(self) -> np.ndarray:
        """The working copy of the parameters, uint8 [working_bytes]."""
        return self.data[: self.layout.working_bytes]

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over layout, page size, clean program and bytes; 64 hexadecimal digits."""
        digest = hashlib.sha256(f"{LAYOUT} {self.layout.page_bytes} ".encode())
        digest.update(self.program.content_hash.encode())
        digest.update(self.data.tobytes())
        return digest.hexdigest()

    def flip(self, positions: Iterable[int] | np.ndarray) -> Image:
        """A new image with each bit of `positions` (8 * address + bit) inverted.

        A position given twice is inverted twice. Raises WorkbenchError outside of the image.
        """
        data = self.data.copy()
        flip_bits(data, positions)
        return Image(self.program, self.layout, data)

    def flipped(self) -> np.ndarray:
        """Positions of the bits that differ from the clean image, ascending int64."""
        return differing_bits(
            self.data, Image.of(self.program, page_bytes=self.layout.page_bytes).data
        )

    def site(self, position: int) -> Site:
        """The logical name of one bit; see `Layout.site`."""
        return self.layout.site(position)

    def to_program(self) -> Program:
        """The program that the working copy now holds, faults and all."""
        return self.program.with_parameters(
            {
                (operator.name, tensor): read_tensor(
                    self.data, self.layout.place(operator.name, tensor)
                )
                for operator, tensor, _ in self.program.parameters()
            }
        )

    def histories(self) -> dict[str, np.ndarray]:
        """The state section: int64 [1, history, channels] by operator, as `Stream.histories`."""
        return {
            place.operator: read_tensor(self.data, place).astype(np.int64)[None]
            for place in self.layout.places
            if place.section == "state"
        }


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


def flip_bits(data: np.ndarray, positions: Iterable[int] | np.ndarray) -> None:
    """Invert bits of `data` uint8 [bytes] in place; WorkbenchError outside of it."""
    chosen = np.asarray(
        positions if isinstance(positions, np.ndarray) else list(positions), np.int64
    )
    outside = chosen[(chosen < 0) | (chosen >= 8 * len(data))]
    if outside.size:
        raise WorkbenchError(
            f"bit position {outside[0]} lies outside of the image of {len(data)} bytes"
        )
    np.bitwise_xor.at(data, chosen >> 3, (1 << (chosen & 7)).astype(np.uint8))


def differing_bits(data: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Positions, ascending int64, of the bits in which two uint8 [bytes] arrays differ."""
    difference = data ^ other
    addresses = np.flatnonzero(difference)
    bits = np.unpackbits(difference[addresses, None], axis=1, bitorder="little")
    which, bit = np.nonzero(bits)
    return 8 * addresses[which] + bit
