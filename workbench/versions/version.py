"""A version as it is sent to a device: a header and the content under a keyed tag."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from workbench.errors import WorkbenchError
from workbench.versions.journal import SHORT_TAG_BYTES, SIGNED_BYTES
from workbench.versions.siphash import KEY_BYTES, siphash

HEADER_BYTES = 64
PRODUCT_BYTES = 8
_MAGIC = b"WBVS"
_FORMAT = 1
_TAG = 48
_FIELDS = struct.Struct("<4sHH8sIII12x")


class Status(IntEnum):
    """What an operation of the store returns; numbers as in `firmware/store/wb_store.h`."""

    OK = 0
    BUSY = 1
    FLASH_FAILED = 2
    NOTHING_WHOLE = 3
    NOT_A_VERSION = 4
    FORGED = 5
    WRONG_PRODUCT = 6
    WRONG_BOARD = 7
    TOO_OLD = 8
    TOO_LARGE = 9
    TRUNCATED = 10
    TOO_LONG = 11
    REFUSED = 12
    IN_PROGRESS = 13
    NOT_IN_PROGRESS = 14
    UNCONFIRMED = 15
    NOT_RUNNING = 16
    NOTHING_TO_CONFIRM = 17
    NOTHING_BEFORE = 18


@dataclass(frozen=True)
class Header:
    """What precedes the content of a version.

    Args:
        product: 8 bytes that tell devices apart which the content does not fit.
        board: The same for hardware, uint32.
        sequence: Counts versions; a device takes only higher ones than it ever had.
        content_bytes: Of what follows.
        tag: 16 bytes over the rest of the header and the content.
    """

    product: bytes
    board: int
    sequence: int
    content_bytes: int
    tag: bytes

    @classmethod
    def of(cls, stored: bytes, key: bytes) -> Header | Status:
        """The header in 64 bytes; NOT_A_VERSION or FORGED where they are none."""
        magic, form, _, product, board, sequence, content_bytes = _FIELDS.unpack(
            stored[:SIGNED_BYTES]
        )
        if magic != _MAGIC or form != _FORMAT:
            return Status.NOT_A_VERSION
        if siphash(key, stored[:SIGNED_BYTES])[:SHORT_TAG_BYTES] != stored[SIGNED_BYTES:_TAG]:
            return Status.FORGED
        return cls(product, board, sequence, content_bytes, stored[_TAG:HEADER_BYTES])


def tag_of(key: bytes, header: bytes, *content: bytes) -> bytes:
    """The tag of a version that begins with `header`, 16 bytes."""
    return siphash(key, header[:_TAG], *content)


def version(content: bytes, *, key: bytes, product: bytes, sequence: int, board: int = 0) -> bytes:
    """Header and content, ready to be sent.

    Args:
        content: What a device is to hold.
        key: 16 bytes, the same in the device.
        product: 8 bytes; see `Header`.
        sequence: 1 or higher; 0 is the factory's.
        board: See `Header`.

    Raises:
        WorkbenchError: For a key or a product of another length, and numbers out of range.
    """
    if len(key) != KEY_BYTES:
        raise WorkbenchError(f"the key has {len(key)} bytes; a key of versions has {KEY_BYTES}")
    if len(product) != PRODUCT_BYTES:
        raise WorkbenchError(f"the product has {len(product)} bytes; it needs {PRODUCT_BYTES}")
    for name, number in (("sequence number", sequence), ("board", board)):
        if not 0 <= number < 1 << 32:
            raise WorkbenchError(f"the {name} {number} is out of range; it must be 0 to 2^32 - 1")
    fields = _FIELDS.pack(_MAGIC, _FORMAT, 0, product, board, sequence, len(content))
    head = fields + siphash(key, fields)[:SHORT_TAG_BYTES]
    return head + tag_of(key, head, content) + content
