"""What is done about damage: a table from remedy to function, and what is true of each.

Layout: functions work on the bytes of a device, uint8, and tell it which ones they wrote. A remedy of
one's own is a function and an entry here (and one in `workbench.firmware.remedies_in_c`, for devices).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, cast

import numpy as np

from workbench.healing.devices.replacing import clipped, mean, replace, zero
from workbench.healing.devices.running_version import rank_of, with_rank
from workbench.healing.devices.spares import FREE, RETIRED
from workbench.healing.devices.unpruning import Unpruning
from workbench.healing.devices.whereabouts import Whereabouts
from workbench.healing.log import Remedy
from workbench.memory.layout import Layout
from workbench.memory.places import GOLDEN
from workbench.memory.watches.input_gain import GainWatch
from workbench.memory.watches.monitor import Monitor
from workbench.memory.watches.own import load_own
from workbench.memory.watches.watch import Watch

State = dict[str, Any]  # the healer's variables by name; "cursor" and "map" are lists


class Patient(Protocol):
    """What a remedy needs of a device; see `workbench.healing.devices.device.Device`."""

    layout: Layout
    data: np.ndarray
    where: Whereabouts
    changed: bool
    silenced: bool
    unpruning: Unpruning

    @property
    def watches(self) -> Sequence[Watch]:
        """Of all guards."""

    @property
    def guards(self) -> Sequence[tuple[Any, Watch]]:
        """Each a `Guard` and what it watches."""

    def settle(self) -> None:
        """Stuck cells take their values back."""

    def mended(self, addresses: slice | np.ndarray) -> None:
        """Working bytes were written."""

    def look_again(self, addresses: np.ndarray) -> None:
        """These bytes, int64, of any section, were written."""


@dataclass(frozen=True)
class Action:
    """A rung of a ladder.

    Attributes:
        apply: Does it to a unit and tells whether it could be done; None where it happens within the
            frame, as REPEAT.
        corrects: It needs a kind that corrects.
        reads_golden: It takes the golden copy for the truth.
        rewrites: It leaves bytes that were never trained, and has the unit signed anew.
        neighbours: It needs the bytes beside a damaged one.
        moves: It moves pages to spare memory.
        restarts: It silences histories and changes more than the unit.
        falls_back: It takes another version in flash, whoever is damaged in this one.
        recalibrates: It needs a kind that corrects inputs.
        unprunes: It changes modes, and needs a guard of them.
    """

    apply: Callable[[Patient, Watch, int, State], bool] | None
    corrects: bool = False
    reads_golden: bool = False
    rewrites: bool = False
    neighbours: bool = False
    moves: bool = False
    restarts: bool = False
    falls_back: bool = False
    recalibrates: bool = False
    unprunes: bool = False


def mend_check(device: Patient, watch: Watch, unit: int) -> Remedy:
    """What can be done about a check alone: by its code, or by signing in RAM."""
    name = watch.mend_check(device.data, unit)
    device.settle()
    return Remedy[name] if name else Remedy.NONE


def rewrite(
    value: Callable[[int, int, int], int], device: Patient, watch: Watch, unit: int, state: State
) -> bool:
    """Give every located byte of a unit a new value, and sign the unit anew; see `replacing.replace`."""
    replace(value, device.data, watch, unit, device.settle)
    watch.sign(device.data, unit)
    device.mended(watch.written(device.data, unit))
    return True


def _restore(device: Patient, watch: Watch, unit: int, state: State) -> bool:
    if not watch.trusts_golden(device.data, unit):
        return False
    watch.restore(device.data, unit)
    device.mended(watch.written(device.data, unit))
    return True


def _correct(device: Patient, watch: Watch, unit: int, state: State) -> bool:
    if not watch.data_wrong(device.data, unit):
        return False  # it would sign what the golden copy has shown to be damaged
    if any(guard.golden_is_witness for guard, each in device.guards if each is watch):
        watch.correct_confirmed(device.data, unit)
    else:
        watch.correct(device.data, unit)
    device.mended(watch.written(device.data, unit))
    return True


def _relocate(device: Patient, watch: Watch, unit: int, state: State) -> bool:
    """Give a page the next spare one; a spare that it has already is retired."""
    if not watch.trusts_golden(device.data, unit) or FREE not in state["map"]:
        return False
    where = watch.addresses(unit)
    assert isinstance(where, slice)
    spare = state["map"].index(FREE)
    if where.start in device.where.spares.moved:
        state["map"][device.where.spares.moved.index(where.start)] = RETIRED
    state["map"][spare] = where.start + 1
    device.where.spares.follow(device.data, state["map"])
    watch.restore(device.data, unit)
    device.mended(where)
    return True


def _reboot(device: Patient, watch: Watch, unit: int, state: State) -> bool:
    """As start-up does, but for units whose golden copy is known to be damaged, which keep what they have."""
    if not watch.trusts_golden(device.data, unit):
        return False
    layout, data = device.layout, device.data
    before, golden = data.copy(), layout.sections[GOLDEN]
    divided = [other for other in device.watches if other.area.kind.divided]
    unwatched = np.ones(layout.working_bytes, bool)
    for other in divided:
        unwatched[other.start : other.stop] = False
    data[: layout.working_bytes][unwatched] = data[golden.start : golden.stop][unwatched]
    different = np.flatnonzero(data[: layout.working_bytes] != data[golden.start : golden.stop])
    for other in divided:
        for number in sorted(other.units_in(different)):  # to copy the others changes nothing
            if other.trusts_golden(data, number):
                other.restore(data, number)
    device.settle()
    for other in device.watches:
        for number in range(other.units):
            other.start_up(data, number)
    device.settle()
    device.changed = device.silenced = True
    device.look_again(np.flatnonzero(data != before))
    return True


def _fall_back(device: Patient, watch: Watch, unit: int, state: State) -> bool:
    """Start the next version all of whose units agree with their checks; never where the present one can restore the unit."""
    if watch.trusts_golden(device.data, unit):
        return False
    versions, word = device.layout.versions, state["version"][0]
    for rank in range(rank_of(word, versions) + 1, versions):
        state["version"] = [with_rank(word, rank)]
        device.where.version.follow(device.data, *state["version"])
        device.settle()
        if all(
            not other.wrong(device.data, number, golden=True)
            for other in device.watches
            for number in range(other.units)
        ):
            rebooted = _reboot(device, watch, unit, state)
            device.look_again(np.arange(device.layout.working_bytes))  # checks are others, too
            return rebooted
    state["version"] = [word]
    device.where.version.follow(device.data, word)
    device.settle()
    return False


def _reset(device: Patient, watch: Watch, unit: int, state: State) -> bool:
    """Silence histories, and let all monitors begin anew."""
    for other in device.watches:
        if isinstance(other, Monitor):
            other.reset(device.data)
    device.settle()
    device.silenced = True
    return True


def _recalibrate(device: Patient, watch: Watch, unit: int, state: State) -> bool:
    """Let the gain of an input follow how loud that is."""
    done = cast(GainWatch, watch).recalibrate(device.data)
    device.settle()
    return done


def _unprune(device: Patient, watch: Watch, unit: int, state: State) -> bool:
    """Let layers compute with their reserve for a while; not where none of the unit's has a sound one."""
    return device.unpruning.begin(watch, unit)


# In the order in which messages name them.
REMEDIES: dict[Remedy, Action] = {
    Remedy.CORRECT: Action(_correct, corrects=True),
    Remedy.RESTORE: Action(_restore, reads_golden=True),
    Remedy.ZERO: Action(partial(rewrite, zero), rewrites=True),
    Remedy.INTERPOLATE: Action(partial(rewrite, mean), rewrites=True, neighbours=True),
    Remedy.CLIP: Action(partial(rewrite, clipped), rewrites=True, neighbours=True),
    Remedy.RELOCATE: Action(_relocate, reads_golden=True, moves=True),
    Remedy.REBOOT: Action(_reboot, reads_golden=True, restarts=True),
    Remedy.FALL_BACK: Action(_fall_back, reads_golden=True, restarts=True, falls_back=True),
    Remedy.REPEAT: Action(None),
    Remedy.RESET: Action(_reset),
    Remedy.RECALIBRATE: Action(_recalibrate, recalibrates=True),
    Remedy.UNPRUNE: Action(_unprune, unprunes=True),
}


def remedies_by_name(wanted: object) -> dict[str, Remedy]:
    """All that a ladder may have; with those of installed packages where `wanted` is none of the others."""
    if isinstance(wanted, str) and wanted.upper() not in {remedy.name for remedy in REMEDIES}:
        load_own()
    return {remedy.name: remedy for remedy in REMEDIES}


RESIGNING = tuple(remedy for remedy, action in REMEDIES.items() if action.rewrites)
