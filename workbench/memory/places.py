"""Where each tensor of an image lies, and the way between bits and their logical names.

Layout: sections in address order; every tensor starts at a multiple of 4 bytes and padding is zero.
Numbers are little endian. Convolution weights are [up, out, taps, in / groups] in C order; 4-bit codes
are packed two to a byte, low nibble first, every [up, out] row starting at a byte.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.errors import WorkbenchError, nearest
from workbench.integer.program import Program
from workbench.integer.sections import COPIED_SECTIONS as COPIED_SECTIONS
from workbench.integer.sections import PARAMETER_SECTIONS as PARAMETER_SECTIONS
from workbench.integer.sections import RESERVE as RESERVE
from workbench.integer.sections import WORKING_SECTIONS as WORKING_SECTIONS
from workbench.integer.signals import code_dtype

STATE, HEALER, RAM_CHECK, SPARE, BACKOFF = "state", "healer", "ram_check", "spare", "backoff"
GOLDEN, CHECK, VERSIONS = "golden", "check", "versions"
SRAM_SECTIONS = (*COPIED_SECTIONS, STATE, HEALER, RAM_CHECK, SPARE, BACKOFF)
FLASH_SECTIONS = (GOLDEN, CHECK, VERSIONS, RESERVE)
SECTIONS = SRAM_SECTIONS + FLASH_SECTIONS

# (operator, tensor, bits of an element, shape) of what is to be placed.
Tensor = tuple[str, str, int, tuple[int, ...]]
_ALIGNMENT_BYTES = 4


@dataclass(frozen=True)
class Section:
    """Addresses start .. start + size_bytes - 1; region is "sram" or "flash"."""

    name: str
    region: str
    start: int
    size_bytes: int

    @property
    def stop(self) -> int:
        """First address after the section."""
        return self.start + self.size_bytes

    def has(self, positions: np.ndarray) -> np.ndarray:
        """Which of these bits (8 * address + bit) lie in it, bool, as many."""
        return (positions >= 8 * self.start) & (positions < 8 * self.stop)


@dataclass(frozen=True)
class Place:
    """Where a tensor lies.

    operator, tensor: its logical name, e.g. ("conv_in", "weight"); ("healer", "cursor"), ("crc32_0",
    "check").
    bits: width of an element, 4 to 32. shape: of the tensor; elements are in C order.
    start: first address. size_bytes: without the padding behind it.
    """

    section: str
    operator: str
    tensor: str
    bits: int
    shape: tuple[int, ...]
    start: int
    size_bytes: int

    @property
    def dtype(self) -> np.dtype:
        """Little-endian dtype of the unpacked elements."""
        if self.section == HEALER:
            return np.dtype("<u4")
        return code_dtype(self.bits).newbyteorder("<")


@dataclass(frozen=True)
class Site:
    """One bit of the image by its logical name.

    Args:
        section: One of SECTIONS.
        operator: "" for padding, which no computation reads; "golden" has the names of the parameters that it keeps.
        tensor: "" for padding.
        index: Of the element.
        bit: Within the element, 0 the lowest.
        address: Of the byte in the image.
    """

    section: str
    operator: str
    tensor: str
    index: tuple[int, ...]
    bit: int
    address: int

    def __str__(self) -> str:
        if not self.operator:
            return f"padding of {self.section} at address {self.address}"
        index = ", ".join(str(i) for i in self.index)
        prefix = "golden copy of " if self.section == GOLDEN else ""
        return f"{prefix}{self.operator}.{self.tensor}[{index}] bit {self.bit}"


class Places:
    """The sections and tensors of one program's image, appended one behind the other."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.sections: dict[str, Section] = {}
        self.places: list[Place] = []

    @property
    def working_bytes(self) -> int:
        """Size of the working copy, which begins at address 0."""
        return self.sections[STATE].start

    @property
    def size_bytes(self) -> int:
        """Of everything that is placed."""
        return max((section.stop for section in self.sections.values()), default=0)

    def add_section(self, name: str, size_bytes: int) -> None:
        """Begin a section behind all others."""
        start = self.size_bytes
        region = "flash" if name in FLASH_SECTIONS else "sram"
        self.sections[name] = Section(name, region, start, size_bytes)

    def append(self, name: str, tensors: list[Tensor]) -> None:
        """A section with these tensors."""
        start = address = self.size_bytes
        for operator, tensor, bits, shape in tensors:
            size = _size_bytes(bits, shape)
            self.places.append(Place(name, operator, tensor, bits, shape, address, size))
            address += aligned([(operator, tensor, bits, shape)])
        self.add_section(name, address - start)

    def contents(self, addresses: slice | np.ndarray) -> tuple[str, ...]:
        """Logical names of the tensors that some bytes of the working copy, or of flash, belong to."""
        chosen = np.zeros(self.size_bytes, bool)
        chosen[addresses] = True
        return tuple(
            f"{p.operator}.{p.tensor}"
            for p in self.places
            if p.section in (*COPIED_SECTIONS, *FLASH_SECTIONS)
            and chosen[p.start : p.start + p.size_bytes].any()
        )

    def section_at(self, address: int) -> Section:
        """The section of a byte; WorkbenchError when the address lies outside of the image."""
        if not 0 <= address < self.size_bytes:
            raise WorkbenchError(
                f"address {address} lies outside of the image of {self.size_bytes:,} bytes"
            )
        return next(s for s in self.sections.values() if s.start <= address < s.stop)

    def place(self, operator: str, tensor: str, *, golden: bool = False) -> Place:
        """The place of a tensor by its logical name; WorkbenchError when there is none."""
        try:
            return self._by_name[golden, operator, tensor]
        except KeyError:
            tensors = {place.tensor for place in self.places if place.operator == operator}
            asked = tensor if tensors else operator
            known = sorted(tensors or {place.operator for place in self.places})
            raise WorkbenchError(
                f"the image has no tensor {operator}.{tensor}; {nearest(asked, known)}"
            ) from None

    def site(self, position: int) -> Site:
        """The logical name of bit `position` (8 * address + bit)."""
        address, bit = divmod(position, 8)
        section = self.section_at(address).name
        nearest = self.places[bisect.bisect_right(self._starts, address) - 1]
        offset = address - nearest.start
        if nearest.section != section or offset >= nearest.size_bytes:
            return Site(section, "", "", (), bit, address)
        if nearest.bits == 4:
            row, byte = divmod(offset, _row_bytes(nearest))
            column = 2 * byte + bit // 4
            if column >= _row_length(nearest):
                return Site(section, "", "", (), bit, address)
            flat, bit = row * _row_length(nearest) + column, bit % 4
        else:
            flat, byte = divmod(offset, nearest.bits // 8)
            bit += 8 * byte
        index = tuple(int(i) for i in np.unravel_index(flat, nearest.shape))
        return Site(section, nearest.operator, nearest.tensor, index, bit, address)

    def position(
        self, operator: str, tensor: str, index: tuple[int, ...], bit: int, *, golden: bool = False
    ) -> int:
        """The inverse of `site`; WorkbenchError when index or bit lie outside of the tensor."""
        place = self.place(operator, tensor, golden=golden)
        refuse_outside(f"{operator}.{tensor}", place.shape, place.bits, index, bit)
        return int(self.element_positions(place)[index]) + bit

    def element_positions(self, place: Place) -> np.ndarray:
        """Bit position of bit 0 of every element of `place`, int64, in the tensor's shape."""
        count = int(np.prod(place.shape))
        if place.bits == 4:
            row, column = np.divmod(np.arange(count), _row_length(place))
            offset = 8 * row * _row_bytes(place) + 4 * column
        else:
            offset = np.arange(count) * place.bits
        return (8 * place.start + offset).reshape(place.shape)

    def positions(
        self,
        sections: Sequence[str] = WORKING_SECTIONS,
        *,
        operators: Sequence[str] = (),
        bits: Sequence[int] = (),
    ) -> np.ndarray:
        """Positions of the bits of all tensors in `sections`, ascending int64; no padding.

        operators: of these alone, () for any. bits: these of an element alone, 0 the lowest, () for
        any. Names that nothing has are no mistake here: nothing matches them.
        """
        parts = [np.zeros(0, np.int64)]
        for place in self.places:
            if place.section in sections and (not operators or place.operator in operators):
                chosen = [bit for bit in range(place.bits) if not bits or bit in bits]
                first = self.element_positions(place).reshape(-1, 1)
                parts.append((first + np.array(chosen, np.int64)).reshape(-1))
        return np.concatenate(parts)

    @cached_property
    def _by_name(self) -> dict[tuple[bool, str, str], Place]:
        return {(p.section == GOLDEN, p.operator, p.tensor): p for p in self.places}

    @cached_property
    def _starts(self) -> list[int]:
        return [place.start for place in self.places]

    @cached_property
    def columns(self) -> np.ndarray:
        """Start, size in bytes, bits an element and row length of every place, int64 [4, places]."""
        rows = [(p.start, p.size_bytes, p.bits, int(np.prod(p.shape[2:]))) for p in self.places]
        return np.array(rows, np.int64).reshape(-1, 4).T


def refuse_outside(
    name: str, shape: tuple[int, ...], bits: int, index: tuple[int, ...], bit: int
) -> None:
    """Raise WorkbenchError unless a tensor of this shape, `bits` an element, has that bit at that index."""
    inside = len(index) == len(shape) and all(0 <= i < n for i, n in zip(index, shape, strict=True))
    if not inside or not 0 <= bit < bits:
        raise WorkbenchError(
            f"{name} has shape {list(shape)} and {bits} bits an element; index {list(index)}, bit {bit} is "
            "not in it"
        )


def _size_bytes(bits: int, shape: tuple[int, ...]) -> int:
    if bits == 4:
        return shape[0] * shape[1] * -(-(shape[2] * shape[3]) // 2)
    return int(np.prod(shape)) * bits // 8


def aligned(tensors: Sequence[Tensor]) -> int:
    """Bytes that these tensors take, each filled up to a multiple of the alignment."""
    sizes = (_size_bytes(bits, shape) for _, _, bits, shape in tensors)
    return sum(-(-size // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES for size in sizes)


def _row_length(place: Place) -> int:
    return place.shape[2] * place.shape[3]


def _row_bytes(place: Place) -> int:
    return -(-_row_length(place) // 2)
