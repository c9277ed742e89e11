"""An update of a device on a timeline of flash operations, with the power cut at one of them, and what boots then.

The device has the factory's version, number 0, runs version 1, and is sent version 2.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.errors import WorkbenchError, nearest
from workbench.versions.flash import Cut, Flash, Region, Tear
from workbench.versions.store import Design, Store
from workbench.versions.version import Status, version

_KEY, _PRODUCT = bytes(range(16)), b"timeline"
_SECTOR, _SLOT = 256, 512
_CONTENT_BYTES = 250
TEARS = tuple(tear.name.lower() for tear in Tear)


@dataclass(frozen=True)
class Booted:
    """What comes of a cut.

    Args:
        operation: In which the power failed, from 0.
        what: That operation, in words.
        tear: What it had done, one of TEARS.
        version: Number of the version that runs at the next start.
        whole: Whether its content is all of that version.
        starts: That were needed.
        takes_update: Whether the device then takes version 2, or has it already.
    """

    operation: int
    what: str
    tear: str
    version: int
    whole: bool
    starts: int
    takes_update: bool


def update_operations() -> tuple[str, ...]:
    """Program and erase operations of flash from the first byte of an update to the record that makes it active."""
    return tuple(_before_update()[1])


def cut_update(operation: int, tear: str = "weak", *, seed: int = 1) -> Booted:
    """Cut the power in an operation of an update, start the device again, and see which version runs.

    Args:
        operation: From 0, as `update_operations` lists them.
        tear: What the operation has done by then: "before", nothing; "prefix", half of its bytes; "subset", random bits;
            "weak", random bits, some so that they read differently each time; "almost", all but some bits of a byte;
            "after", everything.
        seed: Of the bits, 1 to 2^32 - 1.

    Raises:
        WorkbenchError: There is no such operation or tear.
    """
    flash, operations = _before_update()
    if tear not in TEARS:
        raise WorkbenchError(f"power cannot fail {tear!r:.40}; {nearest(str(tear), TEARS)}")
    if type(operation) is not int or not 0 <= operation < len(operations):
        raise WorkbenchError(
            f"there is no operation {operation!r:.40} in this update; choose 0 to {len(operations) - 1}"
        )
    if type(seed) is not int or not 0 < seed < 2**32:
        raise WorkbenchError(f"the seed {seed!r:.40} cannot be; choose 1 to 2^32 - 1")
    store = _started(flash)
    flash.power_on(Cut(operation, Tear[tear.upper()], extent=8, seed=seed))
    store.install(_sent(2))
    flash.power_on(None)
    again, starts = Store(flash, _DESIGN), 1
    status = again.start()
    while status is not Status.OK and starts < 9:
        again, starts = Store(flash, _DESIGN), starts + 1
        status = again.start()
    content = again.content() if status is Status.OK else b""
    number = content[0] if content else -1
    takes = number == 2 or again.install(_sent(2)) is Status.OK
    whole = number in (0, 1, 2) and content == _content(number)
    return Booted(operation, operations[operation], tear, number, whole, starts, takes)


def _content(number: int) -> bytes:
    return bytes([number]) * _CONTENT_BYTES


def _sent(number: int) -> bytes:
    return version(_content(number), key=_KEY, product=_PRODUCT, sequence=number)


def _design() -> Design:
    slots = [Region(2 * _SECTOR + slot * _SLOT, _SLOT, _SECTOR) for slot in range(3)]
    journal = Region(0, _SECTOR, _SECTOR), Region(_SECTOR, _SECTOR, _SECTOR)
    return Design(journal, (slots[0], slots[1], slots[2]), _KEY, _PRODUCT)


_DESIGN = _design()


class _Recorded(Flash):
    """Flash that knows what was done to it."""

    done: list[str]

    def program(self, address: int, data: bytes) -> None:
        super().program(address, data)
        self.done.append(f"program {len(data)} bytes of {_place(address)}")

    def erase(self, address: int) -> None:
        super().erase(address)
        self.done.append(f"erase a sector of {_place(address)}")


def _place(address: int) -> str:
    slot = next((n for n, each in enumerate(_DESIGN.slots) if each.address <= address < each.address + _SLOT), None)  # fmt: skip
    return "the journal" if slot is None else f"slot {slot}"


def _started(flash: Flash) -> Store:
    store = Store(flash, _DESIGN)
    store.start()
    return store


def _device() -> _Recorded:
    """Version 1 runs and is confirmed, the factory's is in its slot."""
    flash = _Recorded(2 * _SECTOR + 3 * _SLOT, _DESIGN.regions, corrects=False)
    flash.done = []
    factory = _sent(0)
    flash.bits[2 * _SECTOR : 2 * _SECTOR + len(factory)] = factory
    _started(flash).install(_sent(1))
    _started(flash).confirm()
    return flash


def _before_update() -> tuple[Flash, list[str]]:
    """The device, and what an update without a cut does to its flash."""
    rehearsal = _device()
    store = _started(rehearsal)
    rehearsal.done.clear()
    store.install(_sent(2))
    return _device(), list(rehearsal.done)
