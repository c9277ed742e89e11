"""Bytes that are kept three times.

Reference: triple modular redundancy, von Neumann 1956. Layout: see `watch`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.codes.signatures import Judgement
from workbench.memory.places import CHECK, RAM_CHECK, Place, Places, Tensor
from workbench.memory.watches.areas import START_UP, Area, Kind
from workbench.memory.watches.watch import Watch

TRIPLE_BYTES = 32  # addresses in a unit


class TripleWatch(Watch):
    """Chosen bytes with two further copies in RAM; the majority, bit by bit, is what all become.

    Their addresses lie in flash, with a XOR of each unit's, so that a damaged address moves nothing.
    """

    def __init__(self, area: Area, layout: Places, label: str) -> None:
        super().__init__(area, layout, label)
        self.start, self.stop = 0, layout.working_bytes
        self.chosen = np.array(sorted(set(area.addresses)), np.int64)
        outside = self.chosen[(self.chosen < 0) | (self.chosen >= layout.working_bytes)]
        if outside.size:
            raise WorkbenchError(
                f"byte {outside[0]} cannot be kept in triple: the working copy has "
                f"{layout.working_bytes:,} bytes; take a protection mask of this image"
            )
        self.units = -(-len(self.chosen) // TRIPLE_BYTES)

    def tensors(self) -> list[tuple[str, Tensor]]:
        """`where` int32 [bytes] and `sums` int32 [units] in flash, `copies` bytes [2, bytes] in RAM."""
        count = len(self.chosen)
        return [
            (RAM_CHECK, (self.label, "copies", 8, (2, count))),
            (CHECK, (self.label, "where", 32, (count,))),
            (CHECK, (self.label, "sums", 32, (self.units,))),
        ]

    def _part(self, unit: int) -> slice:
        return slice(unit * TRIPLE_BYTES, min((unit + 1) * TRIPLE_BYTES, len(self.chosen)))

    def addresses(self, unit: int) -> np.ndarray:
        """The chosen bytes of a unit."""
        return self.chosen[self._part(unit)]

    def watched(self) -> np.ndarray:
        """All chosen bytes."""
        return self.chosen

    def units_in(self, addresses: np.ndarray) -> set[int]:
        """All: a damaged map may point anywhere."""
        return set(range(self.units)) if super().units_in(addresses) else set()

    def units_of(self, addresses: np.ndarray) -> np.ndarray:
        """Unit 0: whoever asks takes all, see `units_in`."""
        return np.zeros(len(addresses), np.int64)

    def units_checked(self, place: Place, offset: np.ndarray) -> np.ndarray:
        """Unit 0, likewise."""
        return np.zeros(len(offset), np.int64)

    def checks_unit(self, place: Place, unit: int) -> np.ndarray:
        """Copies and addresses of its bytes, and their XOR."""
        element = np.arange(place.size_bytes) // (place.bits // 8)
        if place.tensor == "sums":
            return element == unit
        return element % len(self.chosen) // TRIPLE_BYTES == unit

    def written(self, data: np.ndarray, unit: int) -> np.ndarray:
        """As the map in flash has them, brought into the working copy."""
        where = self._tensor(data, "where")[self._part(unit)].astype(np.int64)
        return np.minimum(where, self.layout.working_bytes - 1)

    def map_wrong(self, data: np.ndarray, unit: int) -> bool:
        """Whether the addresses of a unit are damaged, or their XOR is."""
        where, total = self._tensor(data, "where"), self._tensor(data, "sums")
        return int(np.bitwise_xor.reduce(where[self._part(unit)])) != int(total[unit])

    def wrong(self, data: np.ndarray, unit: int, *, golden: bool = False) -> bool:
        """Whether the three copies, or the map, are not at one."""
        return self.map_wrong(data, unit) or not (
            (self._copies(data, unit) == data[self.written(data, unit)]).all()
        )

    def data_wrong(self, data: np.ndarray, unit: int) -> bool:
        """Whether the working copy is outvoted; never where the map is damaged."""
        if self.map_wrong(data, unit):
            return False
        return bool((data[self.written(data, unit)] != self._majority(data, unit)).any())

    def correct(self, data: np.ndarray, unit: int) -> None:
        """Write the majority to all three, unless the map is damaged."""
        if not self.map_wrong(data, unit):
            majority = self._majority(data, unit)
            for index, address in enumerate(self.written(data, unit)):  # in order: one may be twice
                data[address] = majority[index]
            self._copies(data, unit)[:] = majority

    def judged(self, data: np.ndarray, unit: int, *, golden: bool = False) -> Judgement:
        """By majority: the working copy is damaged, or it is not."""
        return Judgement.BLAMES if self.data_wrong(data, unit) else Judgement.CLEARS

    def mend_check(self, data: np.ndarray, unit: int) -> str:
        """By majority, unless the map is damaged."""
        self.correct(data, unit)
        return "" if self.map_wrong(data, unit) else "CORRECT"

    def start_up(self, data: np.ndarray, unit: int) -> None:
        """Fill the two copies."""
        self.copy(data, unit)

    def copy(self, data: np.ndarray, unit: int) -> None:
        """Make the copies those of the working copy, unless the map is damaged."""
        if not self.map_wrong(data, unit):
            self._copies(data, unit)[:] = data[self.written(data, unit)]

    def sign(self, data: np.ndarray, unit: int) -> None:
        """Store copies, addresses and the XOR of these."""
        self._tensor(data, "where")[self._part(unit)] = self.addresses(unit)
        self._tensor(data, "sums")[unit] = np.bitwise_xor.reduce(self.addresses(unit))
        self.copy(data, unit)

    def _majority(self, data: np.ndarray, unit: int) -> np.ndarray:
        a, (b, c) = data[self.written(data, unit)], self._copies(data, unit)
        return a & b | a & c | b & c

    def _copies(self, data: np.ndarray, unit: int) -> np.ndarray:
        return self._tensor(data, "copies").reshape(2, -1)[:, self._part(unit)]

    def _tensor(self, data: np.ndarray, name: str) -> np.ndarray:
        place = self.layout.place(self.label, name)
        stored = data[place.start : place.start + place.size_bytes]
        return stored if place.bits == 8 else stored.view("<u4")


@dataclass(frozen=True)
class Triple(Kind):
    """The majority corrects, and nothing else can be done."""

    watch: ClassVar = TripleWatch
    fields: ClassVar[tuple[str, ...]] = ("addresses",)
    remedies: ClassVar[tuple[str, ...] | None] = ("CORRECT",)
    ladder_rule: ClassVar[str] = "triple copies can CORRECT, by majority, and nothing else"

    @property
    def corrects(self) -> bool:
        """The majority corrects."""
        return True

    def check_units(self, watch: TripleWatch) -> None:
        """An area names at least one byte."""
        if not watch.units:
            raise WorkbenchError("triple copies of no bytes protect nothing; give addresses")

    def compared_with(self, area: Area) -> str:
        """The copies are of what start-up found."""
        return START_UP

    def judges(self, area: Area) -> bool:
        """The majority judges."""
        return True

    def text(self, area: Area) -> str:
        """The name: addresses would be long."""
        return self.name
