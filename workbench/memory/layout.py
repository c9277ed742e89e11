"""The `plain` layout: where each tensor of a program lies in the flat memory image.

Sections in address order; every tensor starts at a multiple of 4 bytes and padding is zero:
    sram   weights bias shift table embed   the working copy of the parameters ...
    sram   mode                             ... and switches, which no guard watches
    sram   state                            what operators remember
    sram   healer                           uint32 variables of the healer, each three times
    sram   ram_check                        check data that can be signed anew
    sram   spare                            pages that take the place of broken ones
    sram   backoff                          4 bits a watched unit: how long a retry waits
    flash  golden                           byte-for-byte copy of the working copy
    flash  check                            check data that cannot
    flash  versions                         golden copy and checks of each version that waits
    flash  reserve                          weights that count while a switch says so
What is watched by which code, and so what the last sections hold, are the layout's `areas`: by
default CRC-32 of every page of the working copy, in flash.
Numbers are little endian. Convolution weights are [up, out, taps, in / groups] in C order; 4-bit
codes are packed two to a byte, low nibble first, every [up, out] row starting at a byte.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workbench.integer.operators.operator import CHANNEL, Operator
from workbench.integer.program import Program
from workbench.memory.places import (
    BACKOFF,
    CHECK,
    COPIED_SECTIONS,
    GOLDEN,
    HEALER,
    RAM_CHECK,
    RESERVE,
    SPARE,
    STATE,
    VERSIONS,
    Place,
    Places,
    Tensor,
)
from workbench.memory.watches.areas import PAGE_BYTES, Area
from workbench.memory.watches.kind_registry import watches
from workbench.memory.watches.watch import Watch

LAYOUT = "plain-4"
# Of the healer, besides a cursor for every area; see `workbench.healing.devices.variables`.
HEALER_VARIABLES = ("frame", "epoch", "rest", "spent")


class Layout(Places):
    """Sections and places of one program, and the way between bits and names.

    page_bytes: size of the pages that logs and masks speak of, a multiple of 8, and of the default
    areas. areas: what codes watch. watches: the same with addresses. spare_pages: as large as the
    units of the first area of pages. versions: in flash, the one that runs among them.
    """

    def __init__(
        self,
        program: Program,
        page_bytes: int = PAGE_BYTES,
        areas: tuple[Area, ...] | None = None,
        spare_pages: int = 0,
        versions: int = 1,
    ) -> None:
        super().__init__(program)
        self.versions = versions
        self.spare_pages = spare_pages
        self.page_bytes = page_bytes
        self.areas = (Area("crc32", unit_bytes=page_bytes),) if areas is None else areas
        for name in (*COPIED_SECTIONS, STATE):
            self.append(name, _tensors(program, name))
        self.watches: list[Watch] = watches(self.areas, self) if self.working_bytes else []
        for watch in self.watches:
            watch.among(self.watches)
        sizes = (area.unit_bytes for area in self.areas if area.kind.movable)
        self.spare_bytes = next(sizes, 0) if spare_pages else 0
        self.append(HEALER, _healer(len(self.watches), spare_pages, versions))
        self.append(RAM_CHECK, self._checks(RAM_CHECK))
        spare: list[Tensor] = [("spare", "pages", 8, (spare_pages, self.spare_bytes))]
        self.append(SPARE, spare if spare_pages else [])
        units = sum(watch.units for watch in self.watches)
        waits: list[Tensor] = [("healer", "backoff", 4, (1, 1, 1, units))]
        self.append(BACKOFF, waits if units else [])
        self.sram_bytes = self.sections[BACKOFF].stop
        parameters = [place for place in self.places if place.section in COPIED_SECTIONS]
        self.add_section(GOLDEN, self.working_bytes)
        self.places += [
            replace(place, section=GOLDEN, start=self.sram_bytes + place.start)
            for place in parameters
        ]
        self.append(CHECK, self._checks(CHECK))
        size = self.sections[CHECK].stop - self.sections[GOLDEN].start
        others: list[Tensor] = [("store", "version", 8, (versions - 1, size))]
        self.append(VERSIONS, others if versions > 1 else [])
        self.append(RESERVE, _tensors(program, RESERVE))

    def _checks(self, section: str) -> list[Tensor]:
        pairs = [pair for watch in self.watches for pair in watch.tensors()]
        return [tensor for where, tensor in pairs if where == section]

    def axes(self, place: Place) -> tuple[str, ...]:
        """What the indexes of a tensor count, as its operator or its watch says; () where neither does."""
        owners: list[Operator | Watch] = [
            o for o in self.program.operators if o.name == place.operator
        ]
        owners += [watch for watch in self.watches if watch.label == place.operator]
        return next((owner.AXES.get(place.tensor, ()) for owner in owners), ())

    def channel_axis(self, place: Place) -> int | None:
        """Which axis of a tensor counts channels of the operator's target; None where none does."""
        axes = self.axes(place)
        return axes.index(CHANNEL) if CHANNEL in axes else None

    def has_parameters(self, positions: np.ndarray) -> np.ndarray:
        """Which of these bits (8 * address + bit) are of parameters that are computed with, bool, as many."""
        return (positions < 8 * self.working_bytes) | self.sections[RESERVE].has(positions)

    @property
    def pages(self) -> int:
        """Pages of the working copy; the last may be shorter."""
        return -(-self.working_bytes // self.page_bytes)

    def page(self, number: int) -> slice:
        """Addresses of page `number` in the working copy."""
        start = number * self.page_bytes
        return slice(start, min(start + self.page_bytes, self.working_bytes))


def _healer(areas: int, spare_pages: int, versions: int) -> list[Tensor]:
    """Every variable three times; none without areas."""
    if not areas:
        return []
    variables: list[Tensor] = [("healer", name, 32, (3,)) for name in HEALER_VARIABLES]
    variables.append(("healer", "cursor", 32, (areas, 3)))
    variables += [("healer", "map", 32, (spare_pages, 3))] if spare_pages else []
    return [*variables, ("healer", "version", 32, (3,))] if versions > 1 else variables


def _tensors(program: Program, section: str) -> list[Tensor]:
    """(operator, tensor, bits, shape) of the parameters or histories of a section, in program order."""
    if section == STATE:
        return [
            (op.name, tensor.name, tensor.bits, tensor.shape) for op, tensor in program.states()
        ]
    return [
        (operator.name, tensor, operator.parameter_bits(tensor), array.shape)
        for operator, tensor, array in program.parameters()
        if operator.PARAMETERS[tensor] == section
    ]
