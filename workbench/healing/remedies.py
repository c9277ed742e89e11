"""What a simulated device does about damage: one function for each rung of a ladder, and for checks.

Layout: functions work on the bytes of the device, uint8, and tell it which ones they wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import WorkbenchError
from workbench.healing.evidence import trusts_golden
from workbench.healing.log import Remedy
from workbench.healing.replacing import replace
from workbench.healing.spares import FREE, RETIRED
from workbench.healing.strategy import RESIGNING, Guard
from workbench.healing.variables import State
from workbench.memory.watches.areas import GOLDEN, RAM
from workbench.memory.watches.pages import PageWatch, Watch
from workbench.memory.watches.triple import TripleWatch

if TYPE_CHECKING:
    from workbench.healing.device import Device


def apply(device: Device, rung: Remedy, watch: Watch, unit: int, state: State) -> bool:
    """Do it; tell whether it could be done."""
    if rung == Remedy.RESTORE:
        return _restore(device, watch, unit)
    if rung == Remedy.CORRECT:
        return _correct(device, watch, unit)
    if rung in RESIGNING:
        replace(rung, device.data, watch, unit, device.settle)
        watch.sign(device.data, unit)
        device.mended(watch.written(device.data, unit))
        return True
    if rung == Remedy.RELOCATE:
        return _relocate(device, watch, unit, state)
    if rung == Remedy.REBOOT:
        return _reboot(device, watch, unit)
    raise WorkbenchError(f"{rung.name} is no remedy for a unit of {watch.label}")


def mend_check(device: Device, guard: Guard, watch: Watch, unit: int) -> Remedy:
    """What can be done about a check alone: by its code, or by signing in RAM."""
    remedy = Remedy.NONE
    if isinstance(watch, TripleWatch) and guard.ladder and not watch.map_wrong(device.data, unit):
        watch.correct(device.data, unit)
        remedy = Remedy.CORRECT
    elif isinstance(watch, PageWatch) and guard.area.keep == RAM and guard.ladder:
        watch.sign(device.data, unit)
        remedy = Remedy.RESIGN
    device.settle()
    return remedy


def _restore(device: Device, watch: Watch, unit: int) -> bool:
    if not trusts_golden(watch, device.data, unit):
        return False
    watch.restore(device.data, unit)
    device.mended(watch.written(device.data, unit))
    return True


def _correct(device: Device, watch: Watch, unit: int) -> bool:
    assert isinstance(watch, PageWatch | TripleWatch)
    if not watch.data_wrong(device.data, unit):
        return False  # it would sign what the golden copy has shown to be damaged
    watch.correct(device.data, unit)
    device.mended(watch.written(device.data, unit))
    return True


def _relocate(device: Device, watch: Watch, unit: int, state: State) -> bool:
    """Give a page the next spare one; a spare that it has already is retired."""
    if not trusts_golden(watch, device.data, unit) or FREE not in state["map"]:
        return False
    where = watch.addresses(unit)
    assert isinstance(where, slice)
    spare = state["map"].index(FREE)
    if where.start in device.spares.moved:
        state["map"][device.spares.moved.index(where.start)] = RETIRED
    state["map"][spare] = where.start + 1
    device.spares.follow(device.data, state["map"])
    watch.restore(device.data, unit)
    device.mended(where)
    return True


def _reboot(device: Device, watch: Watch, unit: int) -> bool:
    """As start-up does, but for units whose golden copy is known to be damaged, which keep what they have."""
    if not trusts_golden(watch, device.data, unit):
        return False
    layout, data = device.layout, device.data
    golden = layout.sections["golden"]
    unwatched = np.ones(layout.working_bytes, bool)
    for _, other in device.guards:
        if _has_pages(other):
            unwatched[other.start : other.stop] = False
    data[: layout.working_bytes][unwatched] = data[golden.start : golden.stop][unwatched]
    for _, other in device.guards:
        for number in range(other.units if _has_pages(other) else 0):
            if trusts_golden(other, data, number):
                other.restore(data, number)
    device.settle()
    for guard, other in device.guards:
        for number in range(other.units):
            if isinstance(other, TripleWatch):
                other.copy(data, number)
            elif guard.area.keep == RAM:
                other.sign(data, number)
    device.settle()
    device.changed = device.silenced = True
    device.suspect_all()
    return True


def _has_pages(watch: Watch) -> bool:
    """Whether its units are pages or groups of the working copy."""
    return isinstance(watch, PageWatch) or watch.area.code == GOLDEN
