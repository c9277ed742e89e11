"""Areas of the working copy that are watched, as data, and what is true of each kind of them.

Reference: the codes are in `workbench.memory.codes`. Layout: each kind has a file of its own here, with
its `Kind` and its `Watch`; `kind_registry` enters them all.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from workbench.errors import WorkbenchError, expect, nearest
from workbench.integer.program import Program
from workbench.memory.codes.ecc import ECC
from workbench.memory.codes.signatures import SIGNATURES, Code
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.watches.own import load_own

CODES: dict[str, Code] = {**SIGNATURES, **ECC}  # those that come with the workbench
FLASH, RAM = "flash", "ram"
GOLDEN_COPY, START_UP, MADE = "the golden copy", "what start-up found", "checks in flash"
PAGE_BYTES = 256
_MOST_MOMENTS = 64


def whole(described: object, *names: str) -> None:
    """Raise WorkbenchError naming the first of these attributes that is no whole number."""
    for name in names:
        value = getattr(described, name)
        if type(value) is not int:
            raise WorkbenchError(f"{name} is {value!r}; write a whole number")


@dataclass(frozen=True)
class Kind:
    """What is true of every area of one kind; guards and strategies ask here instead of comparing names.

    Attributes:
        name: The `code` of its areas.
        watch: Class of the `Watch` that lays such an area out.
        fields: Fields of `Area` that it has a use for, besides code, sections and unit_bytes.
        stream: It is a monitor: it observes the frame that is computed, not memory after it.
        asks: Its alarms make all guards look at memory at once, also those that look at no other time.
        single: A strategy has one guard of it at most.
        divided: Its units are runs of `unit_bytes`, or groups of as many.
        movable: Its units are pages, which may move to spare memory.
        interleaved: Neighbouring bytes belong to different units.
        corrects: It can put damage right by itself.
        repeats: What it finds wrong can be computed again within the frame.
        fades: It changes the output after an alarm.
        corrects_inputs: It changes the inputs before a frame is computed.
        validates: It computes frames of its own, whose outcome validates the remedies of others.
        second: Its code may be the second check of another one.
        least_unit: Bytes of its smallest unit.
        flash: It watches flash alone, and no unit of it belongs to the working copy.
        switches: It watches the modes of pruned layers, which UNPRUNE changes.
        remedies: Names of those that its ladders may have; None for all that fit the other facts.
        ladder_rule: What a message says of them.
        sees: What a monitor observes, in words.
    """

    name: str

    watch: ClassVar[Callable[..., Any]]
    fields: ClassVar[tuple[str, ...]] = ()
    stream: ClassVar[bool] = False
    asks: ClassVar[bool] = False
    single: ClassVar[bool] = False
    divided: ClassVar[bool] = False
    movable: ClassVar[bool] = False
    interleaved: ClassVar[bool] = False
    repeats: ClassVar[bool] = False
    fades: ClassVar[bool] = False
    corrects_inputs: ClassVar[bool] = False
    flash: ClassVar[bool] = False
    switches: ClassVar[bool] = False
    validates: ClassVar[bool] = False
    remedies: ClassVar[tuple[str, ...] | None] = None
    ladder_rule: ClassVar[str] = ""
    sees: ClassVar[str] = ""

    @property
    def corrects(self) -> bool:
        """See the class."""
        return False

    @property
    def second(self) -> bool:
        """See the class."""
        return False

    @property
    def least_unit(self) -> int:
        """See the class."""
        return 8

    @property
    def record(self) -> type[Area]:
        """Class of its areas: `Area`, or one derived from it that has further fields."""
        return Area

    def check(self, area: Area) -> None:
        """Raise WorkbenchError for an area that no such kind can have."""

    def check_schedule(self, area: Area, *, per_frame: int, every_frames: int, stride: int) -> None:
        """Raise WorkbenchError for a scrub schedule that no such kind can have."""

    def check_units(self, watch: Any) -> None:
        """Raise WorkbenchError for an area, as its `watch` lays it out, that would watch nothing."""

    def stores(self, area: Area) -> bool:
        """Whether a unit whose bytes were rewritten can be signed anew."""
        return False

    def compared_with(self, area: Area) -> str:
        """Source of what the bytes of a unit are compared with, "" where there is none."""
        return ""

    def golden_is_witness(self, *, read: bool) -> bool:
        """Whether the golden copy is evidence; read: whether a remedy takes it for the truth."""
        return read

    def judges(self, area: Area) -> bool:
        """Whether it tells a damaged unit from a damaged check without the golden copy."""
        return False

    def tolerates_rewrites(self, *, observes: bool, restorable: bool) -> bool:
        """Whether it accepts bytes of its sections that a remedy of another guard has rewritten.

        observes: its ladder is empty. restorable: the other guard may restore them at last.
        """
        return False

    def prepared(self, program: Program) -> Program:
        """The program that an image of such an area holds."""
        return program

    def fitted_code(self, size: int) -> str:
        """The code of this kind that `size` bytes have room for."""
        return self.name

    def unit_text(self, area: Area) -> str:
        """What a unit is, in words."""
        return f"{area.unit_bytes} bytes"

    def text(self, area: Area) -> str:
        """The area in words, as "crc32 of 256 bytes"."""
        return f"{self.name} of {self.unit_text(area)}"


KINDS: dict[str, Kind] = {}  # by the code of areas; `kind_registry` fills it
SHIPPED: set[str] = set()  # codes of those that ship, which every process knows
_OWN_KINDS = "own kinds"  # in the state of a pickled area


@dataclass(frozen=True)
class Area:
    """What is watched, and how.

    Args:
        code: Name of its kind.
        sections: Consecutive ones of the working copy.
        unit_bytes: Of a page, or of a group of interleaved bytes; a multiple of 8.
        keep: Where checks are stored, "flash" or "ram" (recomputed after a repair); page codes only.
        second: Another signature of the same units, kept beside the check, that decides whether the unit or its check
            is damaged; page codes only.
        columns: Checksum rows watch convolutions with at least so many.
        addresses: Of the bytes that are kept in triple.
        moments: Frames of golden inputs of a self-test, each a unit, 1 to 64.
    """

    code: str
    sections: tuple[str, ...] = WORKING_SECTIONS
    unit_bytes: int = PAGE_BYTES
    keep: str = FLASH
    second: str | None = None
    columns: int = 1
    addresses: tuple[int, ...] = ()
    moments: int = 1

    def __post_init__(self) -> None:
        self._check_types()
        _find(self.code, self.second)
        for names, known, what in (
            (self.sections, WORKING_SECTIONS, "section"),
            ((self.code,), tuple(KINDS), "code"),
        ):
            unknown = [name for name in names if name not in known]
            if unknown:
                raise WorkbenchError(
                    f"there is no {what} {unknown[0]!r}; {nearest(unknown[0], known)}"
                )
        self._check_fields()
        order = [s for s in WORKING_SECTIONS if s in self.sections]
        joined = "".join(WORKING_SECTIONS).find("".join(self.sections))
        if not self.sections or tuple(order) != self.sections or joined < 0:
            raise WorkbenchError(
                f"the sections {' '.join(self.sections)} do not follow each other; choose "
                f"neighbours of {' '.join(WORKING_SECTIONS)}, in this order"
            )
        if self.unit_bytes < 8 or self.unit_bytes % 8:
            size = max(8, self.unit_bytes // 8 * 8)
            raise WorkbenchError(
                f"a unit of {self.unit_bytes:,} bytes is not possible; use a multiple of 8, like "
                f"{size}"
            )
        self.kind.check(self)

    @property
    def kind(self) -> Kind:
        """What is true of all areas of this code."""
        return KINDS[self.code]

    def __getstate__(self) -> dict[str, Any]:
        """With kinds that do not ship: a notebook registers them in its own process, and workers need them."""
        own = [name for name in (self.code, self.second) if name and name not in SHIPPED]
        return {**self.__dict__, _OWN_KINDS: [KINDS[name] for name in own]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        KINDS.update((kind.name, kind) for kind in state.pop(_OWN_KINDS))
        self.__dict__.update(state)

    def _check_types(self) -> None:
        whole(self, "unit_bytes", "columns", "moments")
        if isinstance(self.sections, str):
            raise WorkbenchError(
                f"sections is the text {self.sections!r}; write ({self.sections!r},)"
            )
        for values in (self.sections, (self.code, self.keep)):
            expect(values, (tuple, list), "sections of a watched area", "a tuple of names")
            for value in values:
                what = "a code, a section or a place of checks of a watched area"
                expect(value, str, what, "its name as text")
        object.__setattr__(self, "sections", tuple(self.sections))
        object.__setattr__(self, "addresses", _addresses(self.addresses))

    def _check_fields(self) -> None:
        seconds = tuple(name for name, kind in KINDS.items() if kind.second)
        if self.second is not None and self.second not in seconds:
            raise WorkbenchError(
                f"{self.second!r} is no signature that could be a second check; "
                f"{nearest(self.second, seconds)}"
            )
        if self.keep not in (FLASH, RAM):
            raise WorkbenchError(f"checks cannot lie in {self.keep!r}; choose flash or ram")
        has_moments = "moments" in self.kind.fields
        if not 1 <= self.moments <= _MOST_MOMENTS or (self.moments > 1 and not has_moments):
            raise WorkbenchError(
                f"{self.code} cannot have {self.moments} golden moments; a self-test has 1 to "
                f"{_MOST_MOMENTS}, and nothing else has any"
            )
        for name in ("keep", "second", "columns", "addresses"):
            usual = type(self).__dataclass_fields__[name].default
            if getattr(self, name) != usual and name not in self.kind.fields:
                raise WorkbenchError(
                    f"{self.code} has no use for {name}={getattr(self, name)!r}; leave it out"
                )


def area_of(values: Mapping[str, Any]) -> Area:
    """The area that these values describe; WorkbenchError or TypeError for what are none."""
    return record_of(values.get("code"))(**values)


def record_of(code: object) -> type[Area]:
    """Class of the areas of a code; `Area` for a code that is none."""
    _find(code)
    kind = KINDS.get(code) if isinstance(code, str) else None
    return kind.record if kind else Area


def settings_of(code: object) -> tuple[str, ...]:
    """Fields of an area of this code besides code and sections; those of `Area` for a code that is none."""
    names = (field.name for field in fields(record_of(code)))
    return tuple(name for name in names if name not in ("code", "sections"))


def kinds_that(able: Callable[[Kind], bool]) -> Sequence[str]:
    """Names of the kinds of which something is true, in the order of the registry."""
    return [name for name, kind in KINDS.items() if able(kind)]


def _find(*names: object) -> None:
    """Where one of these is no kind that is known here, see what installed packages bring."""
    if any(isinstance(name, str) and name not in KINDS for name in names):
        load_own()


def _addresses(values: object) -> tuple[int, ...]:
    """Whole numbers, NumPy's too, of a list, a tuple or an array; 1.5 and "12" are none."""
    try:
        if isinstance(values, str | bytes):
            raise TypeError
        return tuple(operator.index(each) for each in values)  # type: ignore[attr-defined]
    except TypeError:
        raise WorkbenchError(
            f"addresses are {values!r:.60}; write a list of whole numbers"
        ) from None
