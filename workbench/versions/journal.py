"""The journal of the store of versions, as `firmware/store/wb_journal.h` has it; that file says why it is built so."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from enum import IntEnum

from workbench.versions.flash import PIECE_BYTES, Flash, FlashError, Region
from workbench.versions.siphash import siphash

RECORD_BYTES = 64
SIGNED_BYTES = 40
SHORT_TAG_BYTES = 8
FACTORY = 0
NO_SLOT = 255
NO_TAG = bytes(SHORT_TAG_BYTES)
_SEAL = 48
_MAGIC = b"WJ"
_FIELDS = struct.Struct("<2s5BxIIII8s8s")


class Kind(IntEnum):
    """What a record tells."""

    NOTHING = 0
    SETTLED = 1
    BEGUN = 2
    INSTALLED = 3
    TRIED = 4
    CONFIRMED = 5
    REVERTED = 6
    ROLLED_BACK = 7
    FELL_BACK = 8
    RESET = 9


@dataclass(frozen=True)
class Record:
    """The state of a store.

    Args:
        kind: What led to it.
        index: Counts records, from 1; 0 for a store that was never written.
        floor: The highest sequence number that was ever installed.
        active: Slot, 0 for the factory's.
        previous: Slot of the version to go back to; NO_SLOT for none.
        trial: Whether the active version has still to be confirmed.
        attempts: Its starts so far.
        active_sequence: Its sequence number; 0 for the factory's.
        previous_sequence: Of the version before it.
        active_tag: The first 8 bytes of its tag; zeros for the factory's.
        previous_tag: Of the version before it.
    """

    kind: Kind = Kind.NOTHING
    index: int = 0
    floor: int = 0
    active: int = FACTORY
    previous: int = NO_SLOT
    trial: bool = False
    attempts: int = 0
    active_sequence: int = 0
    previous_sequence: int = 0
    active_tag: bytes = NO_TAG
    previous_tag: bytes = NO_TAG

    def before(self, kind: Kind) -> Record:
        """The version before the active one in its place."""
        none = self.previous == NO_SLOT
        return Record(
            kind,
            self.index,
            self.floor,
            active=FACTORY if none else self.previous,
            active_sequence=0 if none else self.previous_sequence,
            active_tag=self.previous_tag,
        )

    def without_previous(self, kind: Kind) -> Record:
        """No version to go back to any more."""
        return replace(self, kind=kind, previous=NO_SLOT, previous_sequence=0, previous_tag=NO_TAG)

    def stored(self, key: bytes) -> bytes:
        """As flash holds it, without the seal: 48 bytes."""
        fields = _FIELDS.pack(
            _MAGIC,
            self.kind,
            self.attempts,
            self.active,
            self.previous,
            self.trial,
            self.index,
            self.floor,
            self.active_sequence,
            self.previous_sequence,
            self.active_tag,
            self.previous_tag,
        )
        return fields + siphash(key, fields)[:SHORT_TAG_BYTES]

    @classmethod
    def of(cls, stored: bytes, key: bytes) -> Record | None:
        """The record in 48 bytes; None where they are none."""
        tag = siphash(key, stored[:SIGNED_BYTES])[:SHORT_TAG_BYTES]
        if not stored.startswith(_MAGIC) or stored[SIGNED_BYTES:_SEAL] != tag:
            return None
        _, kind, attempts, active, previous, trial, *numbers = _FIELDS.unpack(stored[:SIGNED_BYTES])
        index, floor, active_sequence, previous_sequence, active_tag, previous_tag = numbers
        return cls(
            Kind(kind),
            index,
            floor,
            active,
            previous,
            bool(trial),
            attempts,
            active_sequence,
            previous_sequence,
            active_tag,
            previous_tag,
        )


class Holds(IntEnum):
    """What a place of the journal holds."""

    BLANK = 0
    GARBAGE = 1
    OPEN = 2
    SEALED = 3


class Journal:
    """The journal of one session; opening it ends a doubt that a power cut left.

    Attributes:
        state: The latest record.
        lost: Nothing could be read, but something had been written.
    """

    def __init__(self, flash: Flash, sectors: tuple[Region, Region], key: bytes) -> None:
        """FlashError where a doubt cannot be ended."""
        self._flash, self._sectors, self._key = flash, sectors, key
        self.state = Record()
        latest = Record()
        sector, ends, whole = None, [0, 0], 0
        first = [Holds.BLANK, Holds.BLANK]
        for number in (0, 1):
            for place in range(self._places(number)):
                holds, record = self.place(number, place)
                if place == 0:
                    first[number] = holds
                if holds is Holds.BLANK:
                    continue
                ends[number] = place + 1
                if record and holds is Holds.SEALED and record.index > self.state.index:
                    self.state, sector, whole = record, number, place + 1
                if record and record.index >= latest.index:
                    latest = record
        self.lost = sector is None and any(ends) and not latest.index
        if sector is None:
            self._sector = 0 if latest.index and first[0] is Holds.OPEN else 1
            self._next = self._places(self._sector)
            settled = not any(ends)
        else:
            self._sector, self._next = sector, ends[sector]
            settled = (
                ends[sector] == whole
                and latest.index == self.state.index
                and first[1 - sector] in (Holds.BLANK, Holds.SEALED)
            )
        if settled:
            return
        if latest.index == self.state.index:
            latest = replace(self.state, kind=Kind.SETTLED)
        self.append(replace(latest, index=latest.index + 1))

    def change(self, state: Record) -> None:
        """Make `state` the state, durably; FlashError where both sectors fail."""
        self.append(replace(state, index=self.state.index + 1))

    def append(self, record: Record) -> None:
        """Write a record where there is room for it."""
        stored = record.stored(self._key)
        for _ in range(3):
            while self._next < self._places(self._sector):
                done = self._program(stored)
                self._next += 1
                if done:
                    self.state = record
                    return
            self._sector, self._next = 1 - self._sector, 0
            try:
                self._flash.erase(self._sectors[self._sector].address)
            except FlashError:
                self._next = self._places(self._sector)
        raise FlashError

    def _program(self, stored: bytes) -> bool:
        """Whether a record could be written and sealed in the next place."""
        address = self._sectors[self._sector].address + self._next * RECORD_BYTES
        try:
            self._flash.program(address, stored[:PIECE_BYTES])
            self._flash.program(address + PIECE_BYTES, stored[PIECE_BYTES:])
            if self._flash.read(address, _SEAL) != stored:
                return False
            self._flash.program(address + _SEAL, bytes(RECORD_BYTES - _SEAL))
        except FlashError:
            return False
        return True

    def place(self, sector: int, place: int) -> tuple[Holds, Record | None]:
        """What a place of a sector holds, and the record where it reads right."""
        address = self._sectors[sector].address + place * RECORD_BYTES
        seal = self._read(address + _SEAL, RECORD_BYTES - _SEAL)
        stored = self._read(address, _SEAL)
        sealed = seal is None or seal.count(0xFF) < len(seal)
        if stored is not None and stored.count(0xFF) == _SEAL:
            return Holds.GARBAGE if sealed else Holds.BLANK, None
        record = None if stored is None else Record.of(stored, self._key)
        if record is None:
            return Holds.GARBAGE, None
        return Holds.SEALED if sealed else Holds.OPEN, record

    def history(self) -> list[Record]:
        """The records that are still there, in order."""
        held = (
            self.place(sector, place) for sector in (0, 1) for place in range(self._places(sector))
        )
        sealed = {
            record.index: record for holds, record in held if record and holds is Holds.SEALED
        }
        return [sealed[index] for index in sorted(sealed)]

    def _read(self, address: int, count: int) -> bytes | None:
        try:
            return self._flash.read(address, count)
        except FlashError:
            return None

    def _places(self, sector: int) -> int:
        return self._sectors[sector].size_bytes // RECORD_BYTES
