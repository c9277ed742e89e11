"""What a guard needs of the network that it looks after: enough bytes, and values that its remedies suit."""

from __future__ import annotations

import math

from workbench.errors import WorkbenchError
from workbench.healing.strategies.guard import Guard
from workbench.memory.places import WORKING_SECTIONS, Places
from workbench.memory.watches.areas import Area, Kind
from workbench.memory.watches.watch import Watch

_MOST_SCAN_FRAMES = 2**30


def refuse_unsuitable(guard: Guard, watch: Watch) -> None:
    """Raise WorkbenchError for a guard that cannot work where `watch` lays it out, with what would."""
    area, kind, size = guard.area, guard.area.kind, watch.stop - watch.start
    where = " ".join(area.sections)
    if size < kind.least_unit > 8:
        raise WorkbenchError(
            f"{where} have {size} bytes and a word of {area.code} {kind.least_unit}; choose shorter words"
        )
    if kind.divided and not size and area.sections != WORKING_SECTIONS:
        raise WorkbenchError(f"this program has nothing in {where}; leave that guard out")
    if kind.divided and area.unit_bytes > max(size, 8):
        raise WorkbenchError(
            f"a unit of {area.unit_bytes} bytes is larger than {where}, which have {size}; use at most "
            f"{largest_unit(kind, size)}, or what `fitted(strategy, program)` makes"
        )
    kind.check_units(watch)
    if watch.units and math.gcd(guard.stride, watch.units) > 1:
        near = next(n for n in range(guard.stride, 0, -1) if math.gcd(n, watch.units) == 1)
        raise WorkbenchError(
            f"in steps of {guard.stride}, {area.code} would never check some of its {watch.units} "
            f"units; a stride of {near} reaches all"
        )
    scan = -(-watch.units // max(1, guard.per_frame)) * guard.every_frames
    if scan > _MOST_SCAN_FRAMES:
        raise WorkbenchError(
            f"{area.code} would check its {watch.units:,} units once in {scan:,} frames, more than "
            f"{_MOST_SCAN_FRAMES:,}; lower every_frames or raise per_frame"
        )
    if any(action.neighbours for action in guard.actions):
        _refuse_other_widths(watch.layout, area)


def largest_unit(kind: Kind, size: int) -> int:
    """The largest unit that `size` bytes have room for, and no smaller than the kind's smallest."""
    return max(kind.least_unit, size // kind.least_unit * kind.least_unit)


def _refuse_other_widths(layout: Places, area: Area) -> None:
    """Neighbours are bytes, and so have to be the values."""
    for place in layout.places:
        if place.section in area.sections and place.bits != 8:
            raise WorkbenchError(
                f"{place.operator}.{place.tensor} has {place.bits}-bit values, which have no neighbours "
                "byte by byte to INTERPOLATE or CLIP with; choose ZERO, or other sections"
            )
