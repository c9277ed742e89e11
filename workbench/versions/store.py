"""The store of versions, as `firmware/store/wb_store.h` and `wb_install.h` have it, over simulated flash."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from workbench.versions.flash import PIECE_BYTES, Flash, FlashError, Region
from workbench.versions.journal import FACTORY, NO_SLOT, SHORT_TAG_BYTES, Journal, Kind, Record
from workbench.versions.siphash import TAG_BYTES
from workbench.versions.version import HEADER_BYTES, Header, Status, tag_of

_READ_BYTES = 64
_SLOTS = 3


@dataclass(frozen=True)
class Design:
    """What is known when a firmware is built.

    Args:
        journal: Two regions of one sector each.
        slots: Three regions, the factory's first.
        key: 16 bytes.
        product: 8 bytes, as in the header of a version.
        board: As in the header of a version.
        most_attempts: Starts within which a new version must be confirmed.
    """

    journal: tuple[Region, Region]
    slots: tuple[Region, Region, Region]
    key: bytes
    product: bytes
    board: int = 0
    most_attempts: int = 3

    @property
    def regions(self) -> tuple[Region, ...]:
        """All of them."""
        return (*self.journal, *self.slots)


class _Doing(Enum):
    NOTHING = auto()
    INSTALL = auto()


class Store:
    """A store in one session, from power on to power off. Every operation returns a `Status`.

    Attributes:
        running: Slot of the version that was started; NO_SLOT before that.
    """

    def __init__(self, flash: Flash, design: Design) -> None:
        """Read the journal and settle what a power cut left undecided; FlashError where that fails."""
        self._flash, self._design = flash, design
        self._journal = Journal(flash, design.journal, design.key)
        self._doing = _Doing.NOTHING
        self._header = b""
        self._position = self._total = 0
        self._slot = FACTORY
        self._piece = bytearray()
        self.running = NO_SLOT

    @property
    def state(self) -> Record:
        """The latest record of the journal."""
        return self._journal.state

    def start(self) -> Status:
        """Count a start of a version on trial, or go back to the one before it, then find a version that is whole."""
        state = self.state
        if state.trial:
            reverts = state.attempts >= self._design.most_attempts
            tried = replace(state, kind=Kind.TRIED, attempts=state.attempts + 1)
            status = self._record(state.before(Kind.REVERTED) if reverts else tried)
            if status is not Status.OK:
                return status
        while True:
            for _ in range(2):  # a read may have been disturbed
                if self._active() is Status.OK:
                    self.running = self._slot
                    return Status.OK
            if self.state.active == FACTORY:
                return Status.NOTHING_WHOLE
            fallen = self.state.before(Kind.FELL_BACK)
            if self._record(fallen) is not Status.OK:
                self._journal.state = fallen

    def install(self, version: bytes) -> Status:
        """All of an installation: begin, write, commit."""
        status = self.begin(version[:HEADER_BYTES])
        if status is Status.OK:
            status = self.write(version[HEADER_BYTES:])
        return status if status is not Status.OK else self.commit()

    def begin(self, header: bytes) -> Status:
        """Begin to install the version with this header of 64 bytes."""
        state = self.state
        slot = 2 if state.active == 1 else 1
        if self._doing is _Doing.INSTALL:
            return Status.IN_PROGRESS
        if state.trial:
            return Status.UNCONFIRMED
        if state.active != self.running:
            return Status.NOT_RUNNING
        known = self._known(header, slot)
        if not isinstance(known, Header):
            return known
        if known.sequence <= state.floor:
            return Status.TOO_OLD
        if state.previous == slot:
            status = self._record(state.without_previous(Kind.BEGUN))
            if status is not Status.OK:
                return status
        self._doing, self._header = _Doing.INSTALL, header
        self._slot, self._position, self._total = slot, 0, HEADER_BYTES + known.content_bytes
        self._piece.clear()
        return self._put(header)

    def write(self, content: bytes) -> Status:
        """The next bytes of its content."""
        if self._doing is not _Doing.INSTALL:
            return Status.NOT_IN_PROGRESS
        if len(content) > self._total - self._position:
            return Status.TOO_LONG
        return self._put(content)

    def commit(self) -> Status:
        """Prove what lies in flash, and make it the active version, on trial."""
        if self._doing is not _Doing.INSTALL:
            return Status.NOT_IN_PROGRESS
        if self._position < self._total:
            return Status.TRUNCATED
        self._doing = _Doing.NOTHING
        slot, state = self._slot, self.state
        known = self._proved(slot, self._header[-TAG_BYTES:])
        if not isinstance(known, Header):
            return known
        return self._record(
            replace(
                state,
                kind=Kind.INSTALLED,
                floor=known.sequence,
                active=slot,
                active_sequence=known.sequence,
                active_tag=known.tag[:SHORT_TAG_BYTES],
                previous=state.active,
                previous_sequence=state.active_sequence,
                previous_tag=state.active_tag,
                trial=True,
                attempts=0,
            )
        )

    def abandon(self) -> Status:
        """End an installation without a new version."""
        self._doing = _Doing.NOTHING
        return Status.OK

    def confirm(self) -> Status:
        """The version on trial stays."""
        state = self.state
        if self._doing is _Doing.INSTALL:
            return Status.IN_PROGRESS
        if not state.trial:
            return Status.NOTHING_TO_CONFIRM
        if state.active != self.running:
            return Status.NOT_RUNNING
        return self._record(replace(state, kind=Kind.CONFIRMED, trial=False, attempts=0))

    def roll_back(self) -> Status:
        """From the next start on, the version before the active one; the factory's where there is none."""
        if self._doing is _Doing.INSTALL:
            return Status.IN_PROGRESS
        if self.state.active == FACTORY:
            return Status.NOTHING_BEFORE
        return self._record(self.state.before(Kind.ROLLED_BACK))

    def reset(self) -> Status:
        """From the next start on, the factory's version; what was installed once stays too old."""
        if self._doing is _Doing.INSTALL:
            return Status.IN_PROGRESS
        alone = self.state.without_previous(Kind.RESET)
        return self._record(alone.before(Kind.RESET))

    def history(self) -> list[Record]:
        """The records that are still there, in order."""
        return self._journal.history()

    def versions(self) -> int:
        """Which versions a healer may take pages from: slots of rank 0, 1 and 2 from bit 2 on, exclusive-or the rank."""
        state = self.state
        running = self.running if self.running < _SLOTS else FACTORY
        before = state.previous if running == state.active and state.previous < _SLOTS else running
        return running << 2 | (before ^ 1) << 4 | (FACTORY ^ 2) << 6

    def content(self) -> bytes:
        """Of the version that was started; FlashError where it cannot be read."""
        address = self._design.slots[self.running].address
        header = Header.of(self._flash.read(address, HEADER_BYTES), self._design.key)
        assert isinstance(header, Header)
        return self._flash.read(address + HEADER_BYTES, header.content_bytes)

    # -- steps --------------------------------------------------------------------------------

    def _record(self, state: Record) -> Status:
        try:
            self._journal.change(state)
        except FlashError:
            return Status.FLASH_FAILED
        return Status.OK

    def _known(self, stored: bytes, slot: int) -> Header | Status:
        """The header in 64 bytes if a slot can take its version."""
        design = self._design
        header = Header.of(stored, design.key)
        if not isinstance(header, Header):
            return header
        if header.product != design.product:
            return Status.WRONG_PRODUCT
        if header.board != design.board:
            return Status.WRONG_BOARD
        if header.content_bytes > design.slots[slot].size_bytes - HEADER_BYTES:
            return Status.TOO_LARGE
        return header

    def _proved(self, slot: int, tag: bytes) -> Header | Status:
        """The header of the version in a slot if it is whole and its tag begins with `tag`."""
        address = self._design.slots[slot].address
        try:
            stored = self._flash.read(address, HEADER_BYTES)
            header = self._known(stored, slot)
            if not isinstance(header, Header):
                return header
            if not header.tag.startswith(tag):
                return Status.FORGED
            parts = []
            for offset in range(0, header.content_bytes, _READ_BYTES):
                count = min(_READ_BYTES, header.content_bytes - offset)
                parts.append(self._flash.read(address + HEADER_BYTES + offset, count))
        except FlashError:
            return Status.FLASH_FAILED
        return header if tag_of(self._design.key, stored, *parts) == header.tag else Status.FORGED

    def _active(self) -> Status:
        """Whether the version that the journal names is whole."""
        state = self.state
        self._slot = state.active if state.active < _SLOTS else FACTORY
        known = self._proved(self._slot, b"" if self._slot == FACTORY else state.active_tag)
        return Status.OK if isinstance(known, Header) else known

    def _put(self, data: bytes) -> Status:
        """Bytes in order; a sector is erased when the first of them enters it."""
        region = self._design.slots[self._slot]
        for byte in data:
            self._piece.append(byte)
            self._position += 1
            if len(self._piece) < PIECE_BYTES and self._position < self._total:
                continue
            piece = bytes(self._piece).ljust(PIECE_BYTES, b"\xff")
            offset = self._position - len(self._piece)
            self._piece.clear()
            try:
                if offset % region.sector_bytes == 0:
                    self._flash.erase(region.address + offset)
                self._flash.program(region.address + offset, piece)
            except FlashError:
                self._doing = _Doing.NOTHING
                return Status.FLASH_FAILED
        return Status.OK
