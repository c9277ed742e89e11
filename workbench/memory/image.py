"""A memory image: the bytes of a program at their addresses, in which any bit can be flipped.

Reference: single-event upsets as bit flips of stored bytes. Layout: see `workbench.memory.layout`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from workbench.container import read_container, write_container
from workbench.errors import WorkbenchError, described, expect
from workbench.integer.program import Program
from workbench.integer.storage import program_from, program_header, program_payload
from workbench.memory.choice import DrawnFlips, Names, Numbers, draw_flips
from workbench.memory.layout import LAYOUT, Layout
from workbench.memory.places import GOLDEN, RESERVE, STATE, VERSIONS, Site
from workbench.memory.tensors import read_tensor, stored_program, write_tensor
from workbench.memory.watches.areas import PAGE_BYTES, Area, area_of

KIND = "image"
_VERSIONS = "versions"  # in the header where there are several
_HEADER_KEYS = {"layout", "page_bytes", "areas", "spare_pages", "program", "program_bytes"}


class Image:
    """Bytes of a program under a layout; immutable, a flip gives a new image.

    Args:
        program: The clean program.
        layout: Where its tensors lie.
        data: uint8 [layout.size_bytes], possibly with flips. The image keeps the array itself, not a copy, and
            makes it read-only.
        drawn: Which trial its last flips are; None where they were given by position or it was read from a file.
    """

    def __init__(
        self, program: Program, layout: Layout, data: np.ndarray, drawn: DrawnFlips | None = None
    ) -> None:
        self.program = program
        self.layout = layout
        self.data = data
        self.data.flags.writeable = False
        self.drawn = drawn
        # The image without flips, where it is known: to make it anew takes every code's time.
        self._is_clean = False
        self._unflipped: Image | None = None

    @classmethod
    def of(
        cls,
        program: Program,
        *,
        page_bytes: int = PAGE_BYTES,
        areas: tuple[Area, ...] | None = None,
        spare_pages: int = 0,
        versions: int = 1,
    ) -> Image:
        """The clean image of `program`: silent state, golden copy, checks; see `Layout`."""
        cure = "a Program, as `program` of a voice or of lower(...)"
        expect(program, Program, "what an image is to be made of", cure)
        return cls._clean(Layout(program, page_bytes, areas, spare_pages, versions))

    @classmethod
    def _clean(cls, layout: Layout) -> Image:
        program = layout.program
        data = np.zeros(layout.size_bytes, np.uint8)
        for operator, tensor, array in program.parameters():
            write_tensor(data, layout.place(operator.name, tensor), array)
        working = data[: layout.working_bytes]
        golden = layout.sections[GOLDEN]
        data[golden.start : golden.stop] = working
        for watch in layout.watches:
            for unit in range(watch.units):
                watch.sign(data, unit)
        others = layout.sections[VERSIONS]
        if others.size_bytes:  # the same weights in each
            data[others.start : others.stop].reshape(layout.versions - 1, -1)[:] = data[
                golden.start : others.start
            ]
        image = cls(program, layout, data)
        image._is_clean = True
        return image

    def save(self, path: Path | str) -> None:
        """Replace the file `path`, all or nothing: the clean program, then the bytes as they are."""
        parameters = program_payload(self.program)
        header = {
            "layout": LAYOUT,
            "page_bytes": self.layout.page_bytes,
            "spare_pages": self.layout.spare_pages,
            "areas": [asdict(area) for area in self.layout.areas],
            "program": program_header(self.program),
            "program_bytes": len(parameters),
            **({_VERSIONS: self.layout.versions} if self.layout.versions > 1 else {}),
        }
        write_container(path, kind=KIND, header=header, payload=parameters + self.data.tobytes())

    @classmethod
    def load(cls, path: Path | str) -> Image:
        """Read an image, flips and all; WorkbenchError when anything about the file is off."""
        header, payload = read_container(path, kind=KIND)
        if header.keys() - {_VERSIONS} != _HEADER_KEYS:
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
        if not 8 <= page_bytes < 2**31 or page_bytes % 8:
            raise WorkbenchError(
                f"{path} has pages of {page_bytes!s:.40} bytes, which cannot be; make it again"
            )
        program = program_from(header["program"], payload[:program_bytes], str(path))
        try:
            spare_pages = header["spare_pages"]
            if type(spare_pages) is not int or not 0 <= spare_pages <= len(payload):
                raise WorkbenchError("its number of spare pages cannot be; make it again")
            versions = header.get(_VERSIONS, 1)
            if type(versions) is not int or not 1 <= versions <= len(payload):
                raise WorkbenchError("its number of versions cannot be; make it again")
            layout = Layout(program, page_bytes, _areas(header["areas"]), spare_pages, versions)
        except WorkbenchError as error:
            raise WorkbenchError(f"{path}: {error}") from error
        data = np.frombuffer(payload[program_bytes:], np.uint8)
        if len(data) != layout.size_bytes:
            raise WorkbenchError(
                f"{path} holds {len(data):,} bytes of memory and its program needs "
                f"{layout.size_bytes:,}; make it again"
            )
        return cls(program, layout, data)

    @property
    def working(self) -> np.ndarray:
        """The working copy of the parameters, uint8 [working_bytes]."""
        return self.data[: self.layout.working_bytes]

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over layout, page size, clean program and bytes; 64 hexadecimal digits."""
        layout = self.layout
        digest = hashlib.sha256(
            f"{LAYOUT} {layout.page_bytes} {layout.areas} {layout.spare_pages}".encode()
        )
        digest.update(f" {layout.versions}".encode() if layout.versions > 1 else b"")
        digest.update(self.program.content_hash.encode())
        digest.update(self.data.tobytes())
        return digest.hexdigest()

    def flip(
        self,
        positions: Iterable[int] | np.ndarray | None = None,
        *,
        operator: Names = None,
        tensor: Names = None,
        section: Names = None,
        bits: Numbers = None,
        count: int | None = None,
        seed: int | None = None,
        trial: int | None = None,
    ) -> Image:
        """A new image with some bits inverted: those at given positions, or drawn ones.

        Bits are drawn as the fault model `flips` does in a campaign, so that `drawn` of the new image names the trial.

        Args:
            positions: Bits as 8 * address + bit; one that is given twice is inverted twice.
            operator: A name or several, None for any.
            tensor: A name or several, None for any.
            section: A name or several, None for those of the working copy.
            bits: Numbers within an element, 0 the lowest; None for any.
            count: How many bits are drawn (1).
            seed: Another number draws other bits (0).
            trial: Another number draws other bits (0).

        Raises:
            WorkbenchError: Positions outside of the image, both ways at once, unknown names, too few bits that
                match, or what is no whole number.
        """
        choice: dict[str, Any] = {
            "operator": operator, "tensor": tensor, "section": section, "bits": bits,
            "count": count, "seed": seed, "trial": trial,
        }  # fmt: skip
        given = {name: value for name, value in choice.items() if value is not None}
        drawn = None
        if given:
            if positions is not None:
                raise WorkbenchError(
                    f"flip takes positions or {next(iter(given))}=..., not both; leave one out"
                )
            positions, plan, number = draw_flips(self.layout, **given)
            drawn = DrawnFlips(self.content_hash, plan, number)
        data = self.data.copy()
        flip_bits(data, positions)
        image = Image(self.program, self.layout, data, drawn)
        image._unflipped = self if self._is_clean else self._unflipped
        return image

    def flipped(self) -> np.ndarray:
        """Positions of the bits that differ from the clean image, ascending int64."""
        return differing_bits(self.data, self.clean().data)

    def clean(self) -> Image:
        """The image of the same program under the same layout, without flips."""
        if self._is_clean:
            return self
        if self._unflipped is None:
            self._unflipped = Image._clean(self.layout)
        return self._unflipped

    def site(self, position: int) -> Site:
        """The logical name of one bit; see `Layout.site`. Raises WorkbenchError outside of the image."""
        (position,) = _positions([position], len(self.data)).tolist()
        return self.layout.site(position)

    def to_program(self) -> Program:
        """The program that the working copy now holds, faults and all."""
        return stored_program(self.data, self.layout)

    def __repr__(self) -> str:
        ram = self.layout.sram_bytes
        return (
            f"Image of {self.program.name!r} ({self.content_hash[:12]}): {ram:,} bytes of RAM and "
            f"{self.layout.size_bytes - ram:,} of flash"
        )

    def _repr_html_(self) -> str:
        """A table of the sections that hold anything, with the bits that differ from the clean image."""
        addresses = self.flipped() >> 3
        rows = [
            f"<tr><td>{section.name}</td><td>{section.region}</td><td>{section.size_bytes:,}</td><td>"
            f"{np.count_nonzero((addresses >= section.start) & (addresses < section.stop)):,}</td></tr>"
            for section in self.layout.sections.values()
            if section.size_bytes
        ]
        head = "<tr><th>section</th><th>region</th><th>bytes</th><th>flipped bits</th></tr>"
        title = f"Image of {self.program.name} ({self.content_hash[:12]})"
        return f"<table><caption>{title}</caption>{head}{''.join(rows)}</table>"

    def states(self) -> dict[tuple[str, str], np.ndarray]:
        """The state section: int64 [1, *shape] by (operator, tensor), as `Stream.states`."""
        return {
            (place.operator, place.tensor): read_tensor(self.data, place).astype(np.int64)[None]
            for place in self.layout.places
            if place.section == STATE
        }


def _areas(described: object) -> tuple[Area, ...]:
    """The areas of a file's header; WorkbenchError for what are none."""
    try:
        return tuple(
            area_of({name: tuple(v) if isinstance(v, list) else v for name, v in each.items()})
            for each in described  # type: ignore[attr-defined]
        )
    except (TypeError, AttributeError) as error:
        raise WorkbenchError("its watched areas cannot be read; make it again") from error


def flip_bits(data: np.ndarray, positions: Iterable[int] | np.ndarray | None) -> None:
    """Invert bits of `data` uint8 [bytes] in place; WorkbenchError for what are no bits of it."""
    chosen = _positions(positions, len(data))
    np.bitwise_xor.at(data, chosen >> 3, (1 << (chosen & 7)).astype(np.uint8))


def _positions(positions: Iterable[int] | np.ndarray | None, size: int) -> np.ndarray:
    """Bit positions as int64; WorkbenchError for what are no whole numbers inside of `size` bytes."""
    if isinstance(positions, str | bytes) or not isinstance(positions, Iterable):
        raise WorkbenchError(
            f"bit positions are {described(positions)}; give a list of whole numbers, as [100]"
        )
    if not isinstance(positions, np.ndarray):
        positions = np.array(list(positions), object)
    if positions.dtype.kind not in "iu":
        for value in positions.ravel().tolist() if positions.dtype != object else positions:
            if isinstance(value, bool) or not isinstance(value, int | np.integer):
                raise WorkbenchError(
                    f"a bit position is {described(value)}; give a whole number, as 100"
                )
    outside = positions[(positions < 0) | (positions >= 8 * size)]
    if outside.size:
        raise WorkbenchError(
            f"bit position {outside[0]} lies outside of the image of {size:,} bytes"
        )
    return positions.astype(np.int64)


def wrong_parameters(data: np.ndarray, clean: np.ndarray, layout: Layout) -> np.ndarray:
    """Positions, ascending int64, of the bits of parameters that are computed with and are not as in the clean data."""
    working, reserve = layout.working_bytes, layout.sections[RESERVE]
    wrong = differing_bits(data[:working], clean[:working])
    if not reserve.size_bytes:
        return wrong
    there = slice(reserve.start, reserve.stop)
    others = 8 * reserve.start + differing_bits(data[there], clean[there])
    return np.concatenate([wrong, others])


def differing_bits(data: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Positions, ascending int64, of the bits in which two uint8 [bytes] arrays differ."""
    whole = len(data) // 8  # eight bytes at a time, since nearly all are equal
    words = data[: 8 * whole].view(np.uint64) != other[: 8 * whole].view(np.uint64)
    near = (8 * np.flatnonzero(words)[:, None] + np.arange(8)).reshape(-1)
    if 8 * whole < len(data):
        near = np.concatenate([near, np.arange(8 * whole, len(data))])
    difference = data[near] ^ other[near]
    wrong = difference != 0
    addresses = near[wrong]
    bits = np.unpackbits(difference[wrong, None], axis=1, bitorder="little")
    which, bit = np.nonzero(bits)
    return 8 * addresses[which] + bit
