"""Areas of the working copy that a code watches, as data.

Reference: the codes are in `workbench.memory.codes`. Layout: `pages` lays an area out.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass

from workbench.errors import WorkbenchError, expect, nearest
from workbench.memory.codes.ecc import ECC, InPlace
from workbench.memory.codes.signatures import SIGNATURES, Code
from workbench.memory.places import WORKING_SECTIONS

CODES: dict[str, Code] = {**SIGNATURES, **ECC}
GOLDEN, ABFT, TRIPLE, RADAR = "golden", "abft", "triple", "radar"
SELF_TEST = "self-test"
KINDS = (*CODES, GOLDEN, ABFT, TRIPLE, SELF_TEST)
FLASH, RAM = "flash", "ram"
PAGE_BYTES = 256
_MOST_MOMENTS = 64


def whole(described: object, *names: str) -> None:
    """Raise WorkbenchError naming the first of these attributes that is no whole number."""
    for name in names:
        value = getattr(described, name)
        if type(value) is not int:
            raise WorkbenchError(f"{name} is {value!r}; write a whole number")


@dataclass(frozen=True)
class Area:
    """What is watched, and how.

    code: of KINDS. sections: consecutive ones of the working copy. unit_bytes: of a page, or of a
    group of RADAR, whose groups are interleaved; a multiple of 8. keep: whether its checks lie in
    "flash" or in "ram", where they can be signed anew; of codes alone, as is `second`: another signature
    of the same units, kept beside it, that decides whether the unit or its check is damaged. columns: ABFT watches
    convolutions with at least so many. addresses: of the bytes that are kept in triple. moments: of
    a self-test, how many frames of golden inputs it has, each a unit, 1 to 64.
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
        unknown = [section for section in self.sections if section not in WORKING_SECTIONS]
        if unknown:
            raise WorkbenchError(
                f"there is no section {unknown[0]!r}; {nearest(unknown[0], WORKING_SECTIONS)}"
            )
        if self.code not in KINDS:
            raise WorkbenchError(f"there is no code {self.code!r}; {nearest(self.code, KINDS)}")
        if self.second is not None and self.second not in tuple(SIGNATURES):
            raise WorkbenchError(
                f"{self.second!r} is no signature that could be a second check; "
                f"{nearest(self.second, SIGNATURES)}"
            )
        if self.code == RADAR and self.second not in (None, "crc16", "crc32"):
            raise WorkbenchError(
                f"{self.second} reads whole words and radar's groups are interleaved; choose crc16 or "
                "crc32 as second check"
            )
        if self.keep not in (FLASH, RAM):
            raise WorkbenchError(f"checks cannot lie in {self.keep!r}; choose flash or ram")
        if not 1 <= self.moments <= _MOST_MOMENTS or (self.moments > 1 and self.code != SELF_TEST):
            raise WorkbenchError(
                f"{self.code} cannot have {self.moments} golden moments; a self-test has 1 to "
                f"{_MOST_MOMENTS}, and nothing else has any"
            )
        for name, able in (
            ("keep", CODES),
            ("second", CODES),
            ("columns", (ABFT,)),
            ("addresses", (TRIPLE,)),
        ):
            usual = type(self).__dataclass_fields__[name].default
            if getattr(self, name) != usual and self.code not in able:
                raise WorkbenchError(
                    f"{self.code} has no use for {name}={getattr(self, name)!r}; leave it out"
                )
        if not 1 <= self.columns < 2**16:
            raise WorkbenchError(
                f"abft cannot watch convolutions with {self.columns} columns; choose at least 1"
            )
        if self.code == SELF_TEST and self.sections != WORKING_SECTIONS:
            raise WorkbenchError(
                "a self-test computes with all parameters at once; leave out its sections"
            )
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
        code = CODES.get(self.code)
        if isinstance(code, InPlace) and self.sections != ("weights",):
            raise WorkbenchError(
                f"{self.code} moves the lowest bits of what it watches, which only weights bear; "
                'write sections=("weights",), and guard the rest with another code'
            )
        if isinstance(code, InPlace) and self.unit_bytes % code.word_bytes:
            raise WorkbenchError(
                f"units of {self.unit_bytes:,} bytes cut the words of {self.code}; use a multiple of "
                f"{code.word_bytes}"
            )


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
