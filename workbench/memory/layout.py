"""The `plain` layout: where each tensor of a program lies in the flat memory image.

Sections in address order; every tensor starts at a multiple of 4 bytes and padding is zero:
    sram   weights bias shift table embed   the working copy of the parameters
    sram   state                            histories of the convolutions
    sram   healer                           uint32 variables of the healer, each three times
    sram   ram_check                        check data that can be signed anew
    sram   spare                            pages that take the place of broken ones
    sram   backoff                          4 bits a watched unit: how long a retry waits
    flash  golden                           byte-for-byte copy of the working copy
    flash  check                            check data that cannot
What is watched by which code, and so what the last sections hold, are the layout's `areas`: by
default CRC-32 of every page of the working copy, in flash.
Numbers are little endian. Convolution weights are [up, out, taps, in / groups] in C order; 4-bit
codes are packed two to a byte, low nibble first, every [up, out] row starting at a byte.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from workbench.errors import WorkbenchError, nearest
from workbench.integer.program import Conv, Program, code_dtype
from workbench.integer.reference import convolutions_with_history
from workbench.memory.watches.areas import PAGE_BYTES, WORKING_SECTIONS, Area
from workbench.memory.watches.pages import Tensor, Watch
from workbench.memory.watches.registry import watches

LAYOUT = "plain-4"
SRAM_SECTIONS = (*WORKING_SECTIONS, "state", "healer", "ram_check", "spare", "backoff")
FLASH_SECTIONS = ("golden", "check")
SECTIONS = SRAM_SECTIONS + FLASH_SECTIONS
# Of the healer, besides a cursor for every area; see `workbench.healing.variables`.
HEALER_VARIABLES = ("frame", "epoch", "rest", "spent")

_SECTION_OF = {
    "weight": "weights",
    "bias": "bias",
    "shift": "shift",
    "table": "table",
    "rows": "embed",
}
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
        if self.section == "healer":
            return np.dtype("<u4")
        return code_dtype(self.bits).newbyteorder("<")


@dataclass(frozen=True)
class Site:
    """One bit of the image by its logical name.

    operator, tensor: "" for padding, which no computation reads; "golden" has the names of the
    parameters that it keeps. index: of the element. bit: within the element, 0 the lowest.
    address: byte in the image. section: of SECTIONS.
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
        kept = "golden copy of " if self.section == "golden" else ""
        return f"{kept}{self.operator}.{self.tensor}[{index}] bit {self.bit}"


class Layout:
    """Sections and places of one program, and the way between bits and names.

    page_bytes: size of the pages that logs and masks speak of, a multiple of 8, and of the default
    areas. areas: what codes watch. watches: the same with addresses. spare_pages: as large as the
    units of the first area.
    """

    def __init__(
        self,
        program: Program,
        page_bytes: int = PAGE_BYTES,
        areas: tuple[Area, ...] | None = None,
        spare_pages: int = 0,
    ) -> None:
        self.program = program
        self.spare_pages = spare_pages
        self.page_bytes = page_bytes
        self.areas = (Area("crc32", unit_bytes=page_bytes),) if areas is None else areas
        self.sections: dict[str, Section] = {}
        self.places: list[Place] = []
        for name in (*WORKING_SECTIONS, "state"):
            self._append(name, _tensors(program, name))
        self.working_bytes = self.sections["state"].start
        self.watches: list[Watch] = watches(self.areas, self) if self.working_bytes else []
        self.spare_bytes = self.areas[0].unit_bytes if spare_pages else 0
        self._append("healer", _healer(len(self.watches), spare_pages))
        self._append("ram_check", self._checks("ram_check"))
        spare: list[Tensor] = [("spare", "pages", 8, (spare_pages, self.spare_bytes))]
        self._append("spare", spare if spare_pages else [])
        units = sum(watch.units for watch in self.watches)
        waits: list[Tensor] = [("healer", "backoff", 4, (1, 1, 1, units))]
        self._append("backoff", waits if units else [])
        self.sram_bytes = self.sections["backoff"].stop
        parameters = [place for place in self.places if place.section in WORKING_SECTIONS]
        self._add_section("golden", self.working_bytes)
        self.places += [
            replace(place, section="golden", start=self.sram_bytes + place.start)
            for place in parameters
        ]
        self._append("check", self._checks("check"))
        self.size_bytes = self.sections["check"].stop

    def _checks(self, section: str) -> list[Tensor]:
        found = [pair for watch in self.watches for pair in watch.tensors()]
        return [tensor for where, tensor in found if where == section]

    @property
    def pages(self) -> int:
        """Pages of the working copy; the last may be shorter."""
        return -(-self.working_bytes // self.page_bytes)

    def page(self, number: int) -> slice:
        """Addresses of page `number` in the working copy."""
        start = number * self.page_bytes
        return slice(start, min(start + self.page_bytes, self.working_bytes))

    def page_contents(self, number: int) -> tuple[str, ...]:
        """Logical names of the tensors that page `number` touches, e.g. ("conv_in.weight",)."""
        return self.contents(self.page(number))

    def contents(self, addresses: slice | np.ndarray) -> tuple[str, ...]:
        """Logical names of the tensors that some bytes of the working copy belong to."""
        chosen = np.zeros(self.working_bytes, bool)
        chosen[addresses] = True
        return tuple(
            f"{p.operator}.{p.tensor}"
            for p in self.places
            if p.section in WORKING_SECTIONS and chosen[p.start : p.start + p.size_bytes].any()
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
        inside = len(index) == len(place.shape) and all(
            0 <= i < n for i, n in zip(index, place.shape, strict=True)
        )
        if not inside or not 0 <= bit < place.bits:
            raise WorkbenchError(
                f"{operator}.{tensor} has shape {list(place.shape)} and {place.bits} bits an element; "
                f"index {list(index)}, bit {bit} is not in it"
            )
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
        found = [np.zeros(0, np.int64)]
        for place in self.places:
            if place.section in sections and (not operators or place.operator in operators):
                chosen = [bit for bit in range(place.bits) if not bits or bit in bits]
                first = self.element_positions(place).reshape(-1, 1)
                found.append((first + np.array(chosen, np.int64)).reshape(-1))
        return np.concatenate(found)

    @cached_property
    def _by_name(self) -> dict[tuple[bool, str, str], Place]:
        return {(p.section == "golden", p.operator, p.tensor): p for p in self.places}

    @cached_property
    def _starts(self) -> list[int]:
        return [place.start for place in self.places]

    @cached_property
    def columns(self) -> np.ndarray:
        """Start, size in bytes, bits an element and row length of every place, int64 [4, places]."""
        rows = [(p.start, p.size_bytes, p.bits, int(np.prod(p.shape[2:]))) for p in self.places]
        return np.array(rows, np.int64).reshape(-1, 4).T

    def _add_section(self, name: str, size_bytes: int) -> None:
        start = max((section.stop for section in self.sections.values()), default=0)
        region = "flash" if name in FLASH_SECTIONS else "sram"
        self.sections[name] = Section(name, region, start, size_bytes)

    def _append(self, name: str, tensors: list[Tensor]) -> None:
        start = max((section.stop for section in self.sections.values()), default=0)
        address = start
        for operator, tensor, bits, shape in tensors:
            size = _size_bytes(bits, shape)
            self.places.append(Place(name, operator, tensor, bits, shape, address, size))
            address += -(-size // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES
        self._add_section(name, address - start)


def _healer(areas: int, spare_pages: int) -> list[Tensor]:
    """Every variable three times; none without areas."""
    if not areas:
        return []
    variables: list[Tensor] = [("healer", name, 32, (3,)) for name in HEALER_VARIABLES]
    variables.append(("healer", "cursor", 32, (areas, 3)))
    return [*variables, ("healer", "map", 32, (spare_pages, 3))] if spare_pages else variables


def _tensors(program: Program, section: str) -> list[Tensor]:
    """(operator, tensor, bits, shape) of the parameters or histories of a section, in program order."""
    if section == "state":
        return [
            (conv.name, "history", source.bits, (conv.history, source.channels))
            for conv, source in convolutions_with_history(program)
        ]
    found = []
    for operator, tensor, array in program.parameters():
        if _SECTION_OF[tensor] == section:
            packed = isinstance(operator, Conv) and tensor == "weight" and operator.weight_bits == 4
            bits = 4 if packed else 8 * array.dtype.itemsize
            found.append((operator.name, tensor, bits, array.shape))
    return found


def _size_bytes(bits: int, shape: tuple[int, ...]) -> int:
    if bits == 4:
        return shape[0] * shape[1] * -(-(shape[2] * shape[3]) // 2)
    return int(np.prod(shape)) * bits // 8


def _row_length(place: Place) -> int:
    return place.shape[2] * place.shape[3]


def _row_bytes(place: Place) -> int:
    return -(-_row_length(place) // 2)
