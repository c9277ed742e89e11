"""An area in a layout: which bytes make a unit, where its check lies, and whether both agree.

Layout: units are numbered from 0; every function takes the bytes of a whole image, uint8, and works
in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np

from workbench.memory.codes.signatures import Judgement
from workbench.memory.places import GOLDEN, Place, Places, Tensor
from workbench.memory.watches.areas import Area


def listed(addresses: slice | np.ndarray, size: int) -> np.ndarray:
    """Addresses within `size` bytes one by one, int64."""
    if isinstance(addresses, slice):
        return np.arange(*addresses.indices(size))
    return addresses


def cleared_by_pages(pages: Sequence[Watch], data: np.ndarray, at: int, stop: int) -> bool:
    """Whether units of `pages` cover the working copy from `at` to `stop`, and all agree with their checks.

    By address, at each the unit of the first that has one, as the C runtime goes.
    """
    while at < stop:
        other = next((page for page in pages if page.start <= at < page.stop), None)
        if other is None:
            return False
        number = int(other.units_of(np.array([at]))[0])
        if other.wrong(data, number):
            return False
        where = other.addresses(number)
        assert isinstance(where, slice)
        at = where.stop
    return True


class Watch:
    """An area in a layout. label: of its tensors. units: how many. start, stop: watched addresses.

    asks_pages: pages of other guards that all agree with their checks may clear a unit of it. AXES: what the
    indexes of its check data count, by tensor.
    """

    asks_pages: ClassVar[bool] = False
    AXES: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __init__(self, area: Area, layout: Places, label: str) -> None:
        self.area = area
        self.label = label
        self.layout = layout
        self.start = layout.sections[area.sections[0]].start
        self.stop = layout.sections[area.sections[-1]].stop
        self.units = -(-(self.stop - self.start) // area.unit_bytes)

    def among(self, watches: Sequence[Watch]) -> None:
        """All of a layout are there, in their order, and nothing is laid out yet."""

    def tensors(self) -> list[tuple[str, Tensor]]:
        """(section, tensor) of the check data."""
        raise NotImplementedError

    def addresses(self, unit: int) -> slice | np.ndarray:
        """Of the working bytes of a unit."""
        raise NotImplementedError

    def ranges(self, unit: int) -> list[tuple[int, int]]:
        """(first address, one past the last) of the runs of working bytes that a unit consists of."""
        raise NotImplementedError

    def watched(self) -> np.ndarray:
        """Addresses of all watched bytes of the working copy, int64 [bytes]."""
        return np.arange(self.start, self.stop)

    def units_in(self, addresses: np.ndarray) -> set[int]:
        """The units that bytes of the image, int64, belong to as data or as check."""
        inside = addresses[(addresses >= self.start) & (addresses < self.stop)]
        units = set(self.units_of(inside).tolist())
        for place in self.places:
            offset = addresses - place.start
            offset = offset[(offset >= 0) & (offset < place.size_bytes)]
            if offset.size:
                units |= set(self.units_checked(place, offset).tolist())
        return units

    def units_of(self, addresses: np.ndarray) -> np.ndarray:
        """The units of watched addresses, int64, each once or more; none for what no unit has."""
        raise NotImplementedError

    def units_checked(self, place: Place, offset: np.ndarray) -> np.ndarray:
        """The units of bytes of a check tensor, int64."""
        raise NotImplementedError

    def checks_unit(self, place: Place, unit: int) -> np.ndarray:
        """Which bytes of a check tensor belong to a unit, bool [bytes]."""
        offsets = np.arange(place.size_bytes)
        return np.broadcast_to(self.units_checked(place, offsets) == unit, offsets.shape)

    @cached_property
    def places(self) -> list[Place]:
        """Where the check data lie."""
        return [self.layout.place(self.label, tensor[1]) for _, tensor in self.tensors()]

    def wrong(self, data: np.ndarray, unit: int, *, golden: bool = False) -> bool:
        """Whether a unit, or its golden copy, disagrees with its check."""
        raise NotImplementedError

    # What the evidence asks.

    @property
    def two_checks(self) -> bool:
        """Whether units have a second check."""
        return False

    @property
    def remade(self) -> bool:
        """Whether checks are made from the working copy at start-up, and stored."""
        return False

    @property
    def proves(self) -> bool:
        """Whether units that agree with their checks are sound: not where a code is blind."""
        return False

    def judged(self, data: np.ndarray, unit: int, *, golden: bool = False) -> Judgement:
        """What its own checks say of a unit, or its golden copy, that disagrees with the first of them."""
        return Judgement.UNSURE

    def second_wrong(self, data: np.ndarray, unit: int) -> bool:
        """Whether a unit disagrees with its second check, where there is one."""
        return False

    @property
    def tells_latent(self) -> bool:
        """Whether `latent` may be true of some unit."""
        return False

    def latent(self, data: np.ndarray, unit: int) -> bool:
        """Whether a golden copy is damaged and the working copy is not, of a unit that is `wrong`."""
        return False

    @property
    def vouches(self) -> bool:
        """Whether `vouches_for` may be true of some byte."""
        return False

    def vouches_for(self, data: np.ndarray, address: int) -> bool:
        """Whether a byte of the working copy, and not its golden copy, agrees with what is stored of its unit."""
        return False

    def trusts_golden(self, data: np.ndarray, unit: int) -> bool:
        """Whether the golden copy of a unit may be taken: it agrees with its check, or is cleared."""
        agrees = not self.wrong(data, unit, golden=True)
        return agrees or self.judged(data, unit, golden=True) == Judgement.CLEARS

    # What remedies need.

    def sign(self, data: np.ndarray, unit: int) -> None:
        """Make the check data agree with the working copy."""

    def start_up(self, data: np.ndarray, unit: int) -> None:
        """Make what a device has in RAM, as it does when it starts, from the working copy."""

    def mend_check(self, data: np.ndarray, unit: int) -> str:
        """Put a damaged check right; the name of the remedy that this was, or "" where nothing could be done."""
        return ""

    def located(self, data: np.ndarray, unit: int) -> np.ndarray:
        """Addresses among which the damage must be, int64."""
        return listed(self.addresses(unit), len(data))

    def written(self, data: np.ndarray, unit: int) -> slice | np.ndarray:
        """Addresses that a remedy of a unit may have changed."""
        return self.addresses(unit)

    def damaged(self, data: np.ndarray, clean: np.ndarray, unit: int) -> bool:
        """Whether a unit really is damaged; clean: uint8 of the working copy as it was made."""
        where = self.addresses(unit)
        return bool((data[: len(clean)][where] != clean[where]).any())

    def data_wrong(self, data: np.ndarray, unit: int) -> bool:
        """Whether more than the check is damaged; asked of kinds that correct."""
        raise NotImplementedError

    def correct(self, data: np.ndarray, unit: int) -> None:
        """Put right what can be; of kinds that correct."""
        raise NotImplementedError

    def correct_confirmed(self, data: np.ndarray, unit: int) -> None:
        """As `correct`, but for bytes that a golden copy refutes which agrees with the check."""
        self.correct(data, unit)

    def same_as_golden(self, data: np.ndarray, unit: int) -> bool:
        """Whether a unit equals its golden copy."""
        return bool(np.array_equal(*self._both(data, unit)))

    def restore(self, data: np.ndarray, unit: int) -> None:
        """Copy a unit from its golden copy."""
        data[self.addresses(unit)] = self._both(data, unit)[1]

    def _both(self, data: np.ndarray, unit: int) -> tuple[np.ndarray, np.ndarray]:
        where = self.addresses(unit)
        start = self.layout.sections[GOLDEN].start
        golden = slice(where.start + start, where.stop + start, where.step) if isinstance(where, slice) else where + start  # fmt: skip
        return data[where], data[golden]

    # What measurements ask.

    def read_bytes(self, unit: int) -> int:
        """Bytes of the working copy that a look at a unit reads."""
        where = self.addresses(unit)
        return len(range(*where.indices(self.stop))) if isinstance(where, slice) else len(where)

    def telling_bits(self, unit: int) -> list[int]:
        """Bit positions of a unit whose damage every code sees: bit 6 of its first and its last byte."""
        where = np.arange(self.layout.working_bytes)[self.addresses(unit)]
        return sorted({8 * int(where[0]) + 6, 8 * int(where[-1]) + 6})
