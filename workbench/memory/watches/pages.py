"""An area in a layout: which bytes make a unit, where its check lies, and whether both agree.

Layout: units are numbered from 0; every function takes the bytes of a whole image, uint8, and works
in place.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from workbench.memory.codes.signatures import SIGNATURES, Code, Judgement
from workbench.memory.places import Place, Places
from workbench.memory.watches.areas import CODES, FLASH, RADAR, RAM, Area

Tensor = tuple[str, str, int, tuple[int, ...]]


class Watch:
    """An area in a layout. label: of its tensors. units: how many. start, stop: watched addresses."""

    def __init__(self, area: Area, layout: Places, label: str) -> None:
        self.area = area
        self.label = label
        self.layout = layout
        self.start = layout.sections[area.sections[0]].start
        self.stop = layout.sections[area.sections[-1]].stop
        self.units = -(-(self.stop - self.start) // area.unit_bytes)

    def tensors(self) -> list[tuple[str, Tensor]]:
        """(section, tensor) of the check data."""
        raise NotImplementedError

    def addresses(self, unit: int) -> slice | np.ndarray:
        """Of the working bytes of a unit."""
        raise NotImplementedError

    def ranges(self, unit: int) -> list[tuple[int, int]]:
        """(first address, one past the last) of the runs of working bytes that a unit consists of."""
        raise NotImplementedError

    def units_in(self, addresses: np.ndarray) -> set[int]:
        """The units that bytes of the image, int64, belong to as data or as check."""
        inside = addresses[(addresses >= self.start) & (addresses < self.stop)]
        found = set(np.unique(self.units_of(inside)).tolist())
        for place in self.places:
            offset = addresses - place.start
            offset = offset[(offset >= 0) & (offset < place.size_bytes)]
            if offset.size:
                found |= set(np.unique(self.units_checked(place, offset)).tolist())
        return found

    def units_of(self, addresses: np.ndarray) -> np.ndarray:
        """The units of watched addresses, int64, each once or more; none for what no unit has."""
        raise NotImplementedError

    def units_checked(self, place: Place, offset: np.ndarray) -> np.ndarray:
        """The units of bytes of a check tensor, int64."""
        raise NotImplementedError

    @cached_property
    def places(self) -> list[Place]:
        """Where the check data lie."""
        return [self.layout.place(self.label, tensor[1]) for _, tensor in self.tensors()]

    def wrong(self, data: np.ndarray, unit: int, *, golden: bool = False) -> bool:
        """Whether a unit, or its golden copy, disagrees with its check."""
        raise NotImplementedError

    def sign(self, data: np.ndarray, unit: int) -> None:
        """Make the check data agree with the working copy."""

    def located(self, data: np.ndarray, unit: int) -> np.ndarray:
        """Addresses among which the damage must be, int64."""
        return np.arange(len(data))[self.addresses(unit)]

    def written(self, data: np.ndarray, unit: int) -> slice | np.ndarray:
        """Addresses that a remedy of a unit may have changed."""
        return self.addresses(unit)

    def same_as_golden(self, data: np.ndarray, unit: int) -> bool:
        """Whether a unit equals its golden copy."""
        return bool(np.array_equal(*self._both(data, unit)))

    def restore(self, data: np.ndarray, unit: int) -> None:
        """Copy a unit from its golden copy."""
        data[self.addresses(unit)] = self._both(data, unit)[1]

    def _both(self, data: np.ndarray, unit: int) -> tuple[np.ndarray, np.ndarray]:
        where = self.addresses(unit)
        start = self.layout.sections["golden"].start
        kept = slice(where.start + start, where.stop + start, where.step) if isinstance(where, slice) else where + start  # fmt: skip
        return data[where], data[kept]


class PageWatch(Watch):
    """Pages, or interleaved groups, each with a signature or error-correcting words."""

    def __init__(self, area: Area, layout: Places, label: str) -> None:
        super().__init__(area, layout, label)
        self.code = CODES[area.code]
        self.second = SIGNATURES[area.second] if area.second else None
        self.unit_check_bytes = self.code.check_bytes(area.unit_bytes)

    def tensors(self) -> list[tuple[str, Tensor]]:
        """`check`, and `second` where there is one: bytes [units, check bytes]."""
        section = "check" if self.area.keep == FLASH else "ram_check"
        found: list[tuple[str, Tensor]] = []
        for name, code in (("check", self.code), ("second", self.second)):
            if self.units and code and code.check_bytes(self.area.unit_bytes):
                shape = (self.units, code.check_bytes(self.area.unit_bytes))
                found.append((section, (self.label, name, 8, shape)))
        return found

    def addresses(self, unit: int) -> slice:
        """A page, or every n-th byte from the n of groups."""
        if self.area.code == RADAR:
            return slice(self.start + unit, self.stop, self.units)
        first = self.start + unit * self.area.unit_bytes
        return slice(first, min(first + self.area.unit_bytes, self.stop))

    def units_of(self, addresses: np.ndarray) -> np.ndarray:
        """By page or group."""
        offset = addresses - self.start
        return offset % self.units if self.area.code == RADAR else offset // self.area.unit_bytes

    def units_checked(self, place: Place, offset: np.ndarray) -> np.ndarray:
        """By the size of a check."""
        return offset // place.shape[1]

    def check(self, data: np.ndarray, unit: int, *, second: bool = False) -> np.ndarray:
        """The stored check of a unit, a view."""
        code = self.second if second else self.code
        size = code.check_bytes(self.area.unit_bytes) if code else 0
        if not code or not size:
            return data[:0]
        first = self.layout.place(self.label, "second" if second else "check").start + unit * size
        return data[first : first + code.check_bytes(len(data[self.addresses(unit)]))]

    def wrong(
        self, data: np.ndarray, unit: int, *, golden: bool = False, second: bool = False
    ) -> bool:
        """By the first code, or by the second, which there has to be."""
        check = self.check(data, unit, second=second)
        return self._code(second).wrong(self._both(data, unit)[golden], check)

    def judge(
        self, data: np.ndarray, unit: int, *, golden: bool = False, second: bool = False
    ) -> Judgement:
        """Of a unit, or its golden copy, that is `wrong` by the same code: what that says of it."""
        check = self.check(data, unit, second=second)
        return self._code(second).judge(self._both(data, unit)[golden], check)

    def _code(self, second: bool) -> Code:
        code = self.second if second else self.code
        assert code
        return code

    def sign(self, data: np.ndarray, unit: int) -> None:
        """Both checks."""
        unit_data = data[self.addresses(unit)]
        self.check(data, unit)[:] = self.code.sign(unit_data)
        if self.second:
            self.check(data, unit, second=True)[:] = self.second.sign(unit_data)

    def located(self, data: np.ndarray, unit: int) -> np.ndarray:
        """As the code can tell."""
        where = np.arange(len(data))[self.addresses(unit)]
        return where[self.code.located(data[self.addresses(unit)], self.check(data, unit))]

    def data_wrong(self, data: np.ndarray, unit: int) -> bool:
        """Whether more than the check is damaged, as the code says."""
        return self.judge(data, unit) != Judgement.CLEARS

    def correct(self, data: np.ndarray, unit: int) -> None:
        """Of a code that corrects; a check in flash stays as it is."""
        check = self.check(data, unit)
        self.code.correct(
            data[self.addresses(unit)], check if self.area.keep == RAM else check.copy()
        )


class GoldenWatch(Watch):
    """Pages compared with their golden copy, byte by byte; the copy is the check."""

    def tensors(self) -> list[tuple[str, Tensor]]:
        """None."""
        return []

    def addresses(self, unit: int) -> slice:
        """A page."""
        first = self.start + unit * self.area.unit_bytes
        return slice(first, min(first + self.area.unit_bytes, self.stop))

    def units_in(self, addresses: np.ndarray) -> set[int]:
        """The golden copy is the check."""
        golden = self.layout.sections["golden"]
        kept = (addresses >= golden.start) & (addresses < golden.stop)
        return super().units_in(np.where(kept, addresses - golden.start, addresses))

    def units_of(self, addresses: np.ndarray) -> np.ndarray:
        """By page."""
        return (addresses - self.start) // self.area.unit_bytes

    def wrong(self, data: np.ndarray, unit: int, *, golden: bool = False) -> bool:
        """Whether they differ; a golden copy never differs from itself."""
        return not golden and not self.same_as_golden(data, unit)
