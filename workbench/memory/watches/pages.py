"""Pages, each with a signature or error-correcting words beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from workbench.errors import WorkbenchError, described
from workbench.memory.codes.signatures import Code, Judgement
from workbench.memory.places import CHECK, RAM_CHECK, Place, Places, Tensor
from workbench.memory.watches.areas import FLASH, KINDS, MADE, RAM, START_UP, Area, Kind
from workbench.memory.watches.watch import Watch, listed


class PageWatch(Watch):
    """Runs of `unit_bytes`; the last may be shorter."""

    AXES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "check": ("page", "byte"),
        "second": ("page", "byte"),
    }

    def __init__(self, area: Area, layout: Places, label: str) -> None:
        super().__init__(area, layout, label)
        self.code = _code_of(area.code)
        self.second = _code_of(area.second) if area.second else None
        self.unit_check_bytes = self.code.check_bytes(area.unit_bytes)

    def tensors(self) -> list[tuple[str, Tensor]]:
        """`check`, and `second` where there is one: bytes [units, check bytes]."""
        section = CHECK if self.area.keep == FLASH else RAM_CHECK
        made: list[tuple[str, Tensor]] = []
        for name, code in (("check", self.code), ("second", self.second)):
            if self.units and code and code.check_bytes(self.area.unit_bytes):
                shape = (self.units, code.check_bytes(self.area.unit_bytes))
                made.append((section, (self.label, name, 8, shape)))
        return made

    def addresses(self, unit: int) -> slice:
        """The bytes of a page."""
        first = self.start + unit * self.area.unit_bytes
        return slice(first, min(first + self.area.unit_bytes, self.stop))

    def units_of(self, addresses: np.ndarray) -> np.ndarray:
        """The pages of the bytes."""
        return (addresses - self.start) // self.area.unit_bytes

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

    @property
    def two_checks(self) -> bool:
        """True where the area names a second code."""
        return self.second is not None

    @property
    def remade(self) -> bool:
        """True where checks lie in RAM."""
        return self.area.keep == RAM and bool(self.places)

    @property
    def proves(self) -> bool:
        """True of codes that see every flip."""
        return self.code.sees_every_flip

    def judged(self, data: np.ndarray, unit: int, *, golden: bool = False) -> Judgement:
        """By both codes, of which one that blames counts more than one that clears."""
        said = {Judgement.UNSURE}
        if self.wrong(data, unit, golden=golden):
            said.add(self.judge(data, unit, golden=golden))
        if self.second:
            if self.wrong(data, unit, golden=golden, second=True):
                said.add(self.judge(data, unit, golden=golden, second=True))
            elif self.second.sees_every_flip:
                said.add(Judgement.CLEARS)
        return max(said)

    @property
    def vouches(self) -> bool:
        """True of every code, where it sees a difference."""
        return True

    def vouches_for(self, data: np.ndarray, address: int) -> bool:
        """Where the check tells the copies of the byte's unit from each other, and is that of the working copy."""
        if not self.start <= address < self.stop:
            return False
        unit = int(self.units_of(np.array([address]))[0])
        return not self.wrong(data, unit) and self.wrong(data, unit, golden=True)

    def second_wrong(self, data: np.ndarray, unit: int) -> bool:
        """True where the second code disagrees with its check."""
        return self.second is not None and self.wrong(data, unit, second=True)

    def sign(self, data: np.ndarray, unit: int) -> None:
        """Store the checks of both codes."""
        unit_data = data[self.addresses(unit)]
        self.check(data, unit)[:] = _signed(self.code, unit_data)
        if self.second:
            self.check(data, unit, second=True)[:] = _signed(self.second, unit_data)

    def start_up(self, data: np.ndarray, unit: int) -> None:
        """Sign a unit whose checks lie in RAM."""
        if self.area.keep == RAM:
            self.sign(data, unit)

    def mend_check(self, data: np.ndarray, unit: int) -> str:
        """Sign anew, where checks lie in RAM."""
        self.start_up(data, unit)
        return "RESIGN" if self.area.keep == RAM else ""

    def located(self, data: np.ndarray, unit: int) -> np.ndarray:
        """The bytes to which the code narrows the damage."""
        where = listed(self.addresses(unit), len(data))
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

    def correct_confirmed(self, data: np.ndarray, unit: int) -> None:
        """A code may take several flips for one elsewhere; golden copy and check, which agree, cannot both err."""
        if self.wrong(data, unit, golden=True):
            self.correct(data, unit)
            return
        working, golden = self._both(data, unit)
        corrected = working.copy()
        self.code.correct(corrected, self.check(data, unit).copy())
        np.copyto(working, corrected, where=corrected == golden)


@dataclass(frozen=True)
class Pages(Kind):
    """Pages with a code. signature: whether the code may be the second check of other pages."""

    code: Code
    signature: bool = False

    watch: ClassVar = PageWatch
    fields: ClassVar[tuple[str, ...]] = ("keep", "second")
    divided: ClassVar[bool] = True
    movable: ClassVar[bool] = True

    @property
    def corrects(self) -> bool:
        """True of codes that correct."""
        return self.code.corrects

    @property
    def second(self) -> bool:
        """True of signatures."""
        return self.signature

    def stores(self, area: Area) -> bool:
        """Checks that are stored, in RAM."""
        return area.keep == RAM and self.code.check_bytes(8) > 0

    def compared_with(self, area: Area) -> str:
        """Checks in RAM are of what start-up finds, those in flash are made with the image."""
        return START_UP if area.keep == RAM else MADE

    def judges(self, area: Area) -> bool:
        """By the code, or with a second one."""
        return self.code.judges or area.second is not None


def _signed(code: Code, data: np.ndarray) -> np.ndarray:
    """The check of a unit; WorkbenchError where a code of one's own gives another than it promises."""
    check: Any = code.sign(data)
    size = code.check_bytes(len(data))
    if not (isinstance(check, np.ndarray) and check.dtype == np.uint8 and check.shape == (size,)):
        given = (
            f"{check.dtype} {list(check.shape)}"
            if isinstance(check, np.ndarray)
            else described(check)
        )
        raise WorkbenchError(
            f"the code {code.name} signs {len(data)} bytes by {given} and its check_bytes are {size}; return "
            f"uint8 [{size}] from sign"
        )
    return check


def _code_of(name: str) -> Code:
    kind = KINDS[name]
    assert isinstance(kind, Pages)
    return kind.code
