"""Cut the power at every operation of flash, and inside it, and look what becomes of the device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from workbench.firmware.power_cuts.machines import Act, Machine
from workbench.firmware.power_cuts.oracle import (
    Expected,
    Oracle,
    Steps,
    confirmation,
    installation,
    reset,
    rolling_back,
    start,
)
from workbench.versions.flash import PIECE_BYTES, Cut, FlashMisuseError, Region, Tear
from workbench.versions.journal import RECORD_BYTES
from workbench.versions.store import Design
from workbench.versions.version import Status, version

MOST_ATTEMPTS = 6
_JOURNAL_BYTES = 512
_SECTOR_BYTES = 256
_SLOT_BYTES = 512
_KEY = bytes(range(16))
_PRODUCT = b"campaign"
_VERSIONS = 6
_PLACES = _JOURNAL_BYTES // RECORD_BYTES
# A piece has 16 bytes, the rest of a record 32: the first extents tear those, the last two an erasure.
_EXTENTS = (*range(1, 32), 77, 200)
# Within a start there are at most two records, and a sector that is erased for them.
_RECOVERY_OPERATIONS = 5

MakeMachine = Callable[[Design, bytes], Machine]


class BrokenPromiseError(Exception):
    """A device that may not be as it is."""


def small_design() -> Design:
    """Journal sectors of 8 records and slots of two sectors, so that every case comes often."""
    journal = tuple(Region(n * _JOURNAL_BYTES, _JOURNAL_BYTES, _JOURNAL_BYTES) for n in (0, 1))
    base = 2 * _JOURNAL_BYTES
    slots = tuple(Region(base + n * _SLOT_BYTES, _SLOT_BYTES, _SECTOR_BYTES) for n in range(3))
    return Design(
        (journal[0], journal[1]), (slots[0], slots[1], slots[2]), _KEY, _PRODUCT,
        most_attempts=MOST_ATTEMPTS,
    )  # fmt: skip


def contents() -> list[bytes]:
    """What the versions hold, by sequence number; lengths that end within a piece and with one."""
    rng = np.random.default_rng(1)
    sizes = (100, 130, 208, 77, 250, 16, 448)
    return [rng.bytes(size) for size in sizes[: _VERSIONS + 1]]


class Device:
    """A machine beside its oracle."""

    def __init__(self, make: MakeMachine) -> None:
        """A device as the factory delivers it."""
        self.contents = contents()
        self.versions = [
            version(content, key=_KEY, product=_PRODUCT, sequence=sequence)
            for sequence, content in enumerate(self.contents)
        ]
        self.machine = make(small_design(), self.versions[0])
        self.oracle = Oracle()

    def session(self, *, cut: Cut | None = None, operation: Operation | None = None) -> bool:
        """Power on, start, do something; whether a version ran before the power failed.

        Raises BrokenPromiseError for what the oracle excludes.
        """
        machine = self.machine
        status = machine.power_on(cut)
        if status is not Status.OK:
            if machine.powered():
                raise BrokenPromiseError("the journal does not open although the power is on")
            return False
        self._look()
        status = machine.act(Act.START)
        self.oracle.did(start(MOST_ATTEMPTS), whole=machine.powered())
        if not machine.powered():
            return False
        if status is not Status.OK:
            raise BrokenPromiseError(f"nothing runs: {status.name}")
        shown = self._look()
        if machine.content() != self.contents[shown.active]:
            raise BrokenPromiseError(f"what runs is not version {shown.active}")
        if operation is not None:
            status = operation.act(self)
            whole = machine.powered()
            if whole and status is not Status.OK:
                raise BrokenPromiseError(f"{operation.name} fails: {status.name}")
            self.oracle.did(operation.steps, whole=whole)
            if whole:
                self._look()
        return True

    def _look(self) -> Expected:
        state = self.machine.state()
        shown = Expected.shown(state)
        if not self.oracle.allows(shown):
            raise BrokenPromiseError(
                f"the device shows {shown}, possible are {', '.join(self.oracle.described())}"
            )
        return shown


@dataclass(frozen=True)
class Operation:
    """Something that is done to a device, and its steps in the oracle."""

    name: str
    act: Callable[[Device], Status]
    steps: Steps


def install(sequence: int) -> Operation:
    """Install the version with this number."""
    return Operation(
        "install",
        lambda device: device.machine.install(device.versions[sequence]),
        installation(sequence),
    )


CONFIRM = Operation("confirm", lambda device: device.machine.act(Act.CONFIRM), confirmation())
ROLL_BACK = Operation("roll back", lambda device: device.machine.act(Act.ROLL_BACK), rolling_back())
RESET = Operation("reset", lambda device: device.machine.act(Act.RESET), reset())


@dataclass(frozen=True)
class Scenario:
    """Sessions without a cut that bring a device to where it is, then the one that is cut.

    title: What is cut. filled: records in the journal before. before: operation of each session after these, None for
    a start alone. operation: of the session that is cut.
    """

    title: str
    filled: int
    before: tuple[Operation | None, ...]
    operation: Operation | None

    @property
    def name(self) -> str:
        """Of this scenario alone."""
        return f"{self.title}, {self.filled} records before"


def scenarios() -> Iterator[Scenario]:
    """Every operation from every kind of state, at every place of the journal."""
    first = (install(1), CONFIRM)
    second = (*first, install(2), CONFIRM)
    limit = (install(1), *[None] * MOST_ATTEMPTS)
    sessions: dict[str, tuple[tuple[Operation | None, ...], Operation | None]] = {
        "first installation": ((), install(1)),
        "start of a trial": ((install(1),), None),
        "last start of a trial": (limit, None),
        "confirmation": ((install(1),), CONFIRM),
        "second installation": (first, install(2)),
        "third installation": (second, install(3)),
        "roll back to a version": (second, ROLL_BACK),
        "roll back of a trial": ((*first, install(2)), ROLL_BACK),
        "roll back to the factory": (first, ROLL_BACK),
        "reset": (second, RESET),
        "installation after a reset": ((*second, RESET), install(3)),
    }
    for title, (before, operation) in sessions.items():
        for filled in range(_PLACES):
            yield Scenario(title, filled, before, operation)


@dataclass
class Outcome:
    """Of a campaign.

    points: power cuts, second ones not counted. boots: the most sessions until a version ran after the last cut.
    broken: promises, in words; at most `most_broken` of them.
    """

    points: int = 0
    boots: int = 0
    broken: list[str] = field(default_factory=list)


def _cuts(operations: int, seeds: int) -> Iterator[Cut]:
    for operation in range(operations):
        yield Cut(operation, Tear.BEFORE)
        yield Cut(operation, Tear.AFTER)
        for extent in _EXTENTS:
            yield Cut(operation, Tear.PREFIX, extent)
            yield Cut(operation, Tear.ALMOST, extent, _seed(extent))
        for seed in range(1, seeds + 1):
            yield Cut(operation, Tear.SUBSET, seed=_seed(seed))
            yield Cut(operation, Tear.WEAK, seed=_seed(-seed))


def _seed(number: int) -> int:
    """A uint32 that is not 0, unlike that of the next number; Knuth's multiplicative hashing."""
    return (2 * number + 1) * 2654435761 % (1 << 32)


def cut_power(
    make: MakeMachine, scenario: Scenario, *, seeds: int = 4, most_broken: int = 5
) -> Outcome:
    """All cuts in one scenario, each followed by a second cut in the recovery or by none.

    Args:
        make: A machine for a design and the factory's version.
        scenario: What is interrupted.
        seeds: Random tears of each kind for every operation.
        most_broken: After that many broken promises it ends.
    """
    device = Device(make)
    outcome = Outcome()
    try:
        for operation in (*(RESET,) * scenario.filled, *scenario.before):
            device.session(operation=operation)
        ready = device.oracle.possible
        device.machine.save(0)
        device.session(operation=scenario.operation)
    except BrokenPromiseError as broken:
        outcome.broken.append(f"{scenario.name}, no cut: {broken}")
        return outcome
    operations = device.machine.operations()
    for number, cut in enumerate(_cuts(operations, seeds)):
        device.machine.restore(0)
        device.oracle.possible = ready
        tear = Tear.WEAK if number % 3 else Tear.ALMOST
        second = Cut(number % _RECOVERY_OPERATIONS, tear, number % PIECE_BYTES, _seed(number))
        try:
            device.session(cut=cut, operation=scenario.operation)
            if number % 2:
                device.session(cut=second)
            outcome.boots = max(outcome.boots, _recover(device))
            _live_on(device, goes_back=number % 4 > 1)
            device.machine.refuse_misuse()
        except (BrokenPromiseError, FlashMisuseError) as broken:
            outcome.broken.append(f"{scenario.name}, {cut}: {broken}")
            if len(outcome.broken) >= most_broken:
                break
        outcome.points += 1
    return outcome


def _recover(device: Device) -> int:
    """Sessions until a version runs; the same runs at the next start."""
    for boots in range(1, 4):
        if device.session():
            device.session()
            return boots
    raise BrokenPromiseError("no version runs after three starts")


def _live_on(device: Device, *, goes_back: bool) -> None:
    """The device goes back to the version that it names, and takes a new one, whatever happened to it."""
    if goes_back and Expected.shown(device.machine.state()).active:
        device.session(operation=ROLL_BACK)
        device.session()
    if device.machine.state().trial:
        device.session(operation=CONFIRM)
    newer = install(_VERSIONS)
    device.session(operation=newer)
    device.session(operation=CONFIRM)
    device.session()
