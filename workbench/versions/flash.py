"""Flash memory that loses power in the middle of an operation: the definition that `firmware/power_cuts/flash.c` follows.

A torn program or erase operation leaves some bits as they were, some as they were to be, and some half-way: these
read at random, each time anew, until the sector is erased or they are programmed to 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

PIECE_BYTES = 16


class Tear(IntEnum):
    """What an operation has done when the power fails."""

    BEFORE = 0  # nothing
    PREFIX = 1  # the first `extent` bytes of it
    SUBSET = 2  # each bit with probability 1/2
    WEAK = 3  # each bit done, left, or half done
    ALMOST = 4  # all of it, but that some bits of byte `extent` are half done
    AFTER = 5  # everything


@dataclass(frozen=True)
class Cut:
    """A failure of power.

    Args:
        operation: Program and erase operations before the one in which it happens.
        tear: What that one does.
        extent: Bytes of `Tear.PREFIX`, and which byte is weak in `Tear.ALMOST`.
        seed: Of the bits, uint32, not 0; goes on with every half-done bit that is read.
    """

    operation: int
    tear: Tear = Tear.BEFORE
    extent: int = 0
    seed: int = 1


@dataclass(frozen=True)
class Region:
    """Sectors of equal size, one after the other, of the flash that begins at 0."""

    address: int
    size_bytes: int
    sector_bytes: int


class FlashError(Exception):
    """A driver's function failed."""


class FlashMisuseError(Exception):
    """The flash was used as no real part allows."""


class Flash:
    """A flash memory.

    Attributes:
        bits: What lies in it, as erased or programmed last; half-done bits as 1.
        weak: Mask of the bits that read at random.
        operations: Program and erase operations since the power came on.
        erasures: Of each sector, by its address.
    """

    def __init__(self, size_bytes: int, regions: tuple[Region, ...], *, corrects: bool) -> None:
        """`corrects`: whether reading a torn piece fails, as with an error-correcting code."""
        self.bits = bytearray(b"\xff" * size_bytes)
        self.weak = bytearray(size_bytes)
        self.regions = regions
        self.corrects = corrects
        self.operations = 0
        self.erasures: dict[int, int] = {}
        self._torn: set[int] = set()
        self._programmed: set[int] = set()
        self._cut: Cut | None = None
        self._random = 1
        self._powered = True

    def power_on(self, cut: Cut | None) -> None:
        """Begin a session that ends with `cut`."""
        self.operations = 0
        self._powered = True
        self._cut = cut
        if cut is not None:
            self._random = cut.seed

    @property
    def powered(self) -> bool:
        """Whether the cut did not happen yet."""
        return self._powered

    def read(self, address: int, count: int) -> bytes:
        """Bytes as they read now; FlashError without power, or where a code gives up."""
        torn = self.corrects and not self._torn.isdisjoint(_pieces(address, count))
        if not self._powered or torn:
            raise FlashError
        stored = bytearray(self.bits[address : address + count])
        if any(self.weak[address : address + count]):
            for offset in range(count):
                weak = self.weak[address + offset]
                if weak:
                    stored[offset] ^= weak & self._draw()
        return bytes(stored)

    def program(self, address: int, data: bytes) -> None:
        """Clear bits; FlashError without power or when it is cut, FlashMisuseError for a piece that is not erased."""
        if not self._powered:
            raise FlashError
        if address % PIECE_BYTES or len(data) % PIECE_BYTES:
            raise FlashMisuseError(f"{len(data)} bytes at {address} are not whole pieces")
        pieces = _pieces(address, len(data))
        if pieces & self._programmed:
            raise FlashMisuseError(f"the piece at {address} was programmed since it was erased")
        self._change(address, data, erase=False)

    def erase(self, address: int) -> None:
        """Set the bits of the sector that begins at `address`; FlashError as above, FlashMisuseError between sectors."""
        if not self._powered:
            raise FlashError
        region = next((each for each in self.regions if _begins(each, address)), None)
        if region is None:
            raise FlashMisuseError(f"no sector begins at {address}")
        self.erasures[address] = self.erasures.get(address, 0) + 1
        self._change(address, b"\xff" * region.sector_bytes, erase=True)
        self._programmed -= _pieces(address, region.sector_bytes)
        self._torn -= _pieces(address, region.sector_bytes)

    def _change(self, address: int, data: bytes, *, erase: bool) -> None:
        """Bring the bits to `data`, as far as the power lasts."""
        cut = self._cut
        if cut is None or self.operations != cut.operation:
            self.operations += 1
            cut = None
        tear = Tear.AFTER if cut is None else cut.tear
        untouched = tear is Tear.BEFORE or (tear is Tear.PREFIX and cut and not cut.extent)
        if not untouched:  # of a torn erasure too: the sector has to be erased anew
            self._programmed |= _pieces(address, len(data))
        for offset, byte in enumerate(data):
            place = address + offset
            goal = byte if erase else self.bits[place] & byte
            todo = (self.bits[place] ^ goal) | (self.weak[place] & (goal if erase else ~byte))
            done = half = 0
            if tear is Tear.AFTER or (tear is Tear.PREFIX and cut and offset < cut.extent):
                done = todo
            elif tear is Tear.SUBSET:
                done = todo & self._draw()
            elif tear is Tear.WEAK:
                done = todo & self._draw()
                half = todo & ~done & self._draw()
            elif tear is Tear.ALMOST:
                done = todo & self._draw() if cut and offset == cut.extent else todo
                half = todo & ~done
            self.bits[place] = (self.bits[place] & ~done) | (goal & done) | half
            self.weak[place] = (self.weak[place] & ~done) | half
        if cut is None:
            return
        self._powered = False
        if tear in (Tear.SUBSET, Tear.WEAK, Tear.ALMOST):
            self._torn |= _pieces(address, len(data))
        elif tear is Tear.PREFIX and cut.extent < len(data) and cut.extent % PIECE_BYTES:
            self._torn |= _pieces(address + cut.extent, 1)
        raise FlashError

    def _draw(self) -> int:
        """Eight random bits, by Marsaglia's xorshift of 32 bits (2003)."""
        word = self._random
        word ^= word << 13 & 0xFFFF_FFFF
        word ^= word >> 17
        word ^= word << 5 & 0xFFFF_FFFF
        self._random = word
        return word & 0xFF


def _begins(region: Region, address: int) -> bool:
    offset = address - region.address
    return 0 <= offset < region.size_bytes and offset % region.sector_bytes == 0


def _pieces(address: int, count: int) -> set[int]:
    return set(range(address // PIECE_BYTES, (address + count - 1) // PIECE_BYTES + 1))
