"""Flash itself, looked through slowly: the golden copy, all checks and reserves, in pages under a CRC-32.

Damage there shows only once the golden copy is needed, or a check alarms for nothing; by then it may be too late.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.codes.signatures import Judgement
from workbench.memory.places import (
    CHECK,
    GOLDEN,
    RESERVE,
    WORKING_SECTIONS,
    Place,
    Places,
    Tensor,
    aligned,
)
from workbench.memory.watches.areas import Area, Kind
from workbench.memory.watches.watch import Watch, cleared_by_pages

_SUM_BYTES = 4


class FlashWatch(Watch):
    """Pages of the golden copy, then of what other guards have in flash, then of reserves; none of the working copy.

    reserve_unit: the first page of the reserves.

    A page that disagrees with its sum is judged by the working copy, which was copied from the golden copy at start-up:
    where that agrees with the sum, or with checks of other guards in flash, it is right. Of a reserve there is no copy:
    where a single bit of the sum differs, which no two flips of a page do, the sum is damaged, else the page.
    """

    AXES: ClassVar[Mapping[str, tuple[str, ...]]] = {"sum": ("page",)}

    def __init__(self, area: Area, layout: Places, label: str) -> None:
        super().__init__(area, layout, label)
        self.start = self.stop = 0
        self._golden_units = -(-layout.working_bytes // area.unit_bytes)
        self._others: Sequence[Watch] = ()

    def among(self, watches: Sequence[Watch]) -> None:
        """Count the pages, once it is known what other guards store."""
        if watches[-1] is not self:
            raise WorkbenchError(
                f"{self.area.code} checks what all other guards have in flash; write it as the last guard"
            )
        self._others = watches[:-1]
        sizes = [tensor for watch in self._others for where, tensor in watch.tensors() if where == CHECK]  # fmt: skip
        program = self.layout.program
        reserves = [(o.name, t, 8, a.shape) for o, t, a in program.parameters() if o.PARAMETERS[t] == RESERVE]  # fmt: skip
        self.reserve_unit = self._golden_units + -(-aligned(sizes) // self.area.unit_bytes)
        self.units = self.reserve_unit + -(-aligned(reserves) // self.area.unit_bytes)

    def tensors(self) -> list[tuple[str, Tensor]]:
        """`sum` int32 [pages], in flash."""
        return [(CHECK, (self.label, "sum", 32, (self.units,)))]

    @property
    def golden_units(self) -> int:
        """Pages of the golden copy, which come first."""
        return self._golden_units

    @property
    def _sums(self) -> Place:
        return self.layout.place(self.label, "sum")

    def addresses(self, unit: int) -> slice:
        """The bytes of a page of flash."""
        size, golden, reserve = self.area.unit_bytes, self.layout.sections[GOLDEN], self.layout.sections[RESERVE]  # fmt: skip
        if unit < self._golden_units:
            first, stop = golden.start + unit * size, golden.stop
        elif unit >= self.reserve_unit:
            first, stop = reserve.start + (unit - self.reserve_unit) * size, reserve.stop
        else:
            first = self.layout.sections[CHECK].start + (unit - self._golden_units) * size
            stop = self._sums.start
        return slice(first, min(first + size, stop))

    def ranges(self, unit: int) -> list[tuple[int, int]]:
        """Of the working copy, what a page of the golden copy is a copy of."""
        if unit >= self._golden_units:
            return []
        first = unit * self.area.unit_bytes
        return [(first, min(first + self.area.unit_bytes, self.layout.working_bytes))]

    def watched(self) -> np.ndarray:
        """Nothing of the working copy."""
        return np.zeros(0, np.int64)

    def units_in(self, addresses: np.ndarray) -> set[int]:
        """The pages of bytes in flash."""
        golden, check, sums = self.layout.sections[GOLDEN], self.layout.sections[CHECK], self._sums
        reserve, size = self.layout.sections[RESERVE], self.area.unit_bytes
        kept = addresses[(addresses >= reserve.start) & (addresses < reserve.stop)]
        copied = addresses[(addresses >= golden.start) & (addresses < golden.stop)]
        stored = addresses[(addresses >= check.start) & (addresses < sums.start)]
        summed = addresses[(addresses >= sums.start) & (addresses < sums.start + sums.size_bytes)]
        return {
            *((copied - golden.start) // size).tolist(),
            *(self._golden_units + (stored - check.start) // size).tolist(),
            *(self.reserve_unit + (kept - reserve.start) // size).tolist(),
            *self.units_checked(sums, summed - sums.start).tolist(),
        }

    def units_checked(self, place: Place, offset: np.ndarray) -> np.ndarray:
        """By the size of a sum."""
        return offset // _SUM_BYTES

    def wrong(self, data: np.ndarray, unit: int, *, golden: bool = False) -> bool:
        """Whether a page disagrees with its sum; there is no golden copy of flash that could be right."""
        return golden or _crc(data[self.addresses(unit)]) != self._sum(data, unit)

    def judged(self, data: np.ndarray, unit: int, *, golden: bool = False) -> Judgement:
        """Of a page that is wrong: whether what is stored to check, a sum or a page of checks, is damaged."""
        if unit >= self.reserve_unit:
            return (
                Judgement.UNSURE
                if golden or self._is_reserve_wrong(data, unit)
                else Judgement.CLEARS
            )
        if golden or not (unit >= self._golden_units or self._is_right(data, unit)):
            return Judgement.UNSURE
        same = unit >= self._golden_units or self._same(data, unit)
        return Judgement.CLEARS if same else Judgement.UNSURE

    @property
    def tells_latent(self) -> bool:
        """True: of pages of the golden copy."""
        return True

    def latent(self, data: np.ndarray, unit: int) -> bool:
        """Whether the golden copy is damaged and the working copy is right, or a reserve is damaged."""
        if unit >= self.reserve_unit:
            return self._is_reserve_wrong(data, unit)
        return unit < self._golden_units and self._is_right(data, unit) and not self._same(data, unit)  # fmt: skip

    @property
    def vouches(self) -> bool:
        """True: of pages of the golden copy."""
        return True

    def vouches_for(self, data: np.ndarray, address: int) -> bool:
        """Where the page of the golden copy is wrong and the working copy is right."""
        unit = address // self.area.unit_bytes
        return self.wrong(data, unit) and self.latent(data, unit)

    def _is_right(self, data: np.ndarray, unit: int) -> bool:
        """Whether the working copy of a page agrees with the sum, or with checks in flash of other guards."""
        ((first, stop),) = self.ranges(unit)
        if _crc(data[first:stop]) == self._sum(data, unit):
            return True
        pages = [watch for watch in self._others if watch.proves and not watch.remade]
        return cleared_by_pages(pages, data, first, stop)

    def _is_reserve_wrong(self, data: np.ndarray, unit: int) -> bool:
        """Of a page of a reserve that is wrong: whether it is the page and not its sum."""
        difference = _crc(data[self.addresses(unit)]) ^ self._sum(data, unit) % 2**32
        return difference.bit_count() != 1

    def _same(self, data: np.ndarray, unit: int) -> bool:
        ((first, stop),) = self.ranges(unit)
        return bool(np.array_equal(data[first:stop], data[self.addresses(unit)]))

    def same_as_golden(self, data: np.ndarray, unit: int) -> bool:
        """Nothing is concluded from it here; see `latent`."""
        return False

    def sign(self, data: np.ndarray, unit: int) -> None:
        """Store the sum of a page."""
        first = self._sums.start + unit * _SUM_BYTES
        stored = data[first : first + _SUM_BYTES].view("<u4")
        stored[0] = _crc(data[self.addresses(unit)])

    def _sum(self, data: np.ndarray, unit: int) -> int:
        first = self._sums.start + unit * _SUM_BYTES
        return int(data[first : first + _SUM_BYTES].view("<u4")[0])

    def read_bytes(self, unit: int) -> int:
        """Bytes of flash that a look at a page reads."""
        where = self.addresses(unit)
        return where.stop - where.start

    def telling_bits(self, unit: int) -> list[int]:
        """Bit 6 of the first and the last byte of a page of flash."""
        where = self.addresses(unit)
        return sorted({8 * where.start + 6, 8 * (where.stop - 1) + 6})


def _crc(data: np.ndarray) -> int:
    """CRC-32 as in IEEE 802.3."""
    return zlib.crc32(data.tobytes())


@dataclass(frozen=True)
class Flash(Kind):
    """It reports; what is stored in flash is the application's to write."""

    watch: ClassVar = FlashWatch
    single: ClassVar[bool] = True
    flash: ClassVar[bool] = True
    remedies: ClassVar[tuple[str, ...] | None] = ()
    ladder_rule: ClassVar[str] = (
        "flash cannot be rewritten by a healer; write repair=[], which reports"
    )

    def check(self, area: Area) -> None:
        """All of flash, whatever sections the copies belong to."""
        if area.sections != WORKING_SECTIONS:
            raise WorkbenchError(
                f"{self.name} checks the golden copy and all checks, of every section; leave the sections out"
            )

    def golden_is_witness(self, *, read: bool) -> bool:
        """The working copy is, of the golden copy: the table's rows with a golden copy hold."""
        return True

    def judges(self, area: Area) -> bool:
        """By the working copy."""
        return True

    def tolerates_rewrites(self, *, observes: bool, restorable: bool) -> bool:
        """What is rewritten lies in RAM."""
        return True
