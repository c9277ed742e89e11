"""What a guard needs of the network that it looks after: enough bytes, and values that its remedies suit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError
from workbench.healing.log import Remedy
from workbench.integer.operators import Conv
from workbench.memory.codes.ecc import InPlace
from workbench.memory.places import WORKING_SECTIONS, Places
from workbench.memory.watches.areas import ABFT, CODES, GOLDEN, TRIPLE, Area
from workbench.memory.watches.pages import Watch

if TYPE_CHECKING:
    from workbench.healing.strategy import Guard


_MOST_SCAN_FRAMES = 2**30


def has_units(area: Area) -> bool:
    """Whether `unit_bytes` of an area means anything: pages, groups and words, not sums or inputs."""
    return area.code in CODES or area.code == GOLDEN


def least_unit(code: str) -> int:
    """Bytes of the smallest unit of a code."""
    words = CODES.get(code)
    return words.word_bytes if isinstance(words, InPlace) else 8


def refuse_unsuitable(guard: Guard, watch: Watch) -> None:
    """Raise WorkbenchError for a guard that cannot work where `watch` lays it out, with what would."""
    area, size = guard.area, watch.stop - watch.start
    where, least = " ".join(area.sections), least_unit(area.code)
    if size < least > 8:
        raise WorkbenchError(
            f"{where} have {size} bytes and a word of {area.code} {least}; choose shorter words"
        )
    if has_units(area) and not size and area.sections != WORKING_SECTIONS:
        raise WorkbenchError(f"this program has nothing in {where}; leave that guard out")
    if has_units(area) and area.unit_bytes > max(size, 8):
        raise WorkbenchError(
            f"a unit of {area.unit_bytes} bytes is larger than {where}, which have {size}; use at most "
            f"{largest_unit(area.code, size)}, or what `fitted(strategy, program)` makes"
        )
    if area.code == ABFT and not watch.units and _convolutions(watch.layout):
        raise WorkbenchError(
            f"abft would watch nothing: no convolution of one group has {area.columns} columns; choose "
            "fewer columns, or pages"
        )
    if watch.units and math.gcd(guard.stride, watch.units) > 1:
        near = next(n for n in range(guard.stride, 0, -1) if math.gcd(n, watch.units) == 1)
        raise WorkbenchError(
            f"in steps of {guard.stride}, {area.code} would never see some of its {watch.units} "
            f"units; a stride of {near} sees all"
        )
    scan = -(-watch.units // guard.per_frame) * guard.every_frames
    if scan > _MOST_SCAN_FRAMES:
        raise WorkbenchError(
            f"{area.code} would see its {watch.units:,} units once in {scan:,} frames, more than anybody "
            "counts; let it look after fewer frames or at more units"
        )
    if area.code == TRIPLE and not watch.units:
        raise WorkbenchError("triple copies of no bytes protect nothing; give addresses")
    if {Remedy.INTERPOLATE, Remedy.CLIP} & set(guard.ladder):
        _refuse_other_widths(watch.layout, area)


def largest_unit(code: str, size: int) -> int:
    """The largest unit that `size` bytes have room for, and no smaller than the code's smallest."""
    least = least_unit(code)
    return max(least, size // least * least)


def _convolutions(layout: Places) -> bool:
    return any(isinstance(operator, Conv) for operator in layout.program.operators)


def _refuse_other_widths(layout: Places, area: Area) -> None:
    """Neighbours are bytes, and so have to be the values."""
    for place in layout.places:
        if place.section in area.sections and place.bits != 8:
            raise WorkbenchError(
                f"{place.operator}.{place.tensor} has {place.bits}-bit values, which have no neighbours "
                "byte by byte to INTERPOLATE or CLIP with; choose ZERO, or other sections"
            )
