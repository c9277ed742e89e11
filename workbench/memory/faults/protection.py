"""Protection masks: which bytes of the working copy have hardened cells, a code or triple copies.

Reference: selective hardening by the vulnerability of parameters, e.g. Ahmadilivani et al. 2024,
https://arxiv.org/abs/2405.10658. Layout: a container of the kind "protect" whose payload has one bit a
byte of the working copy, lowest bit first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from workbench.container import read_container, write_container
from workbench.errors import WorkbenchError
from workbench.memory.changes import locate
from workbench.memory.faults.events import Events
from workbench.memory.image import Image

KIND = "protect"
_HEADER_KEYS = {"image", "page_bytes", "working_bytes"}
_HASH_DIGITS = 64
_DIGEST_DIGITS = 12


@dataclass(frozen=True, eq=False)
class ProtectionMask:
    """The protected bytes of one image; masks with equal `digest` are equal.

    Args:
        image: Its content hash, 64 hexadecimal digits.
        page_bytes: Of its layout.
        protected: bool [working_bytes], True where the byte of the working copy at that address is protected. The
            mask keeps the array itself and makes it read-only.
    """

    image: str
    page_bytes: int
    protected: np.ndarray

    def __post_init__(self) -> None:
        self.protected.flags.writeable = False

    @classmethod
    def of(cls, image: Image, addresses: Iterable[int] | np.ndarray) -> ProtectionMask:
        """Protect these bytes of `image`, in any order; WorkbenchError outside of the working copy."""
        chosen = np.asarray(
            addresses if isinstance(addresses, np.ndarray) else list(addresses), np.int64
        )
        size = image.layout.working_bytes
        outside = chosen[(chosen < 0) | (chosen >= size)]
        if outside.size:
            raise WorkbenchError(
                f"cannot protect address {outside[0]}: the working copy of this image has the "
                f"addresses 0 to {size - 1}; choose among them"
            )
        protected = np.zeros(size, bool)
        protected[chosen] = True
        return cls(image.content_hash, image.layout.page_bytes, protected)

    @classmethod
    def load(cls, path: Path | str) -> ProtectionMask:
        """Read a mask; WorkbenchError when anything about the file is off."""
        header, payload = read_container(path, kind=KIND)
        if header.keys() != _HEADER_KEYS:
            raise WorkbenchError(
                f"{path} has a header with {sorted(header)} where a protection mask has "
                f"{sorted(_HEADER_KEYS)}; make it again"
            )
        image, page_bytes, size = (header[key] for key in ("image", "page_bytes", "working_bytes"))
        named = isinstance(image, str) and len(image) == _HASH_DIGITS
        if not named or type(page_bytes) is not int or type(size) is not int or size < 0:
            raise WorkbenchError(f"{path} does not say which image it protects; make it again")
        bits = np.unpackbits(np.frombuffer(payload, np.uint8), bitorder="little")
        if len(payload) != -(-size // 8) or bits[size:].any():
            raise WorkbenchError(
                f"{path} does not hold one bit for each of {size:,} bytes; make it again"
            )
        return cls(image, page_bytes, bits[:size].astype(bool))

    def save(self, path: Path | str) -> None:
        """Replace the file `path`, all or nothing; WorkbenchError when it cannot be written."""
        header = {
            "image": self.image,
            "page_bytes": self.page_bytes,
            "working_bytes": len(self.protected),
        }
        write_container(path, kind=KIND, header=header, payload=self._packed)

    def check(self, image: Image) -> None:
        """Raise WorkbenchError unless this mask was made for `image`."""
        if image.layout.page_bytes != self.page_bytes:
            raise WorkbenchError(
                f"the protection mask is for pages of {self.page_bytes:,} bytes and this image has "
                f"pages of {image.layout.page_bytes:,}; make the mask again from its own results"
            )
        if image.content_hash != self.image:
            raise WorkbenchError(
                f"the protection mask is for image {self.image[:_DIGEST_DIGITS]} and this one is "
                f"{image.content_hash[:_DIGEST_DIGITS]}; make the mask again from its own results"
            )

    @property
    def addresses(self) -> np.ndarray:
        """Protected addresses, ascending int64."""
        return np.flatnonzero(self.protected)

    @property
    def share(self) -> float:
        """Share of the working copy that is protected, 0 to 1; padding counts, it is memory too."""
        return float(self.protected.mean()) if len(self.protected) else 0.0

    @cached_property
    def digest(self) -> str:
        """First 12 hexadecimal digits of a SHA-256 over image, page size and protected bytes."""
        text = f"{self.image} {self.page_bytes} {len(self.protected)} ".encode()
        return hashlib.sha256(text + self._packed).hexdigest()[:_DIGEST_DIGITS]

    def names(self, image: Image) -> dict[str, int]:
        """Protected bytes by the tensor that they belong to, e.g. {"up2.bias": 3}, in image order; padding is "".

        Raises:
            WorkbenchError: The mask is of another image.
        """
        self.check(image)
        number, _, _ = locate(image.layout, 8 * self.addresses)
        units, counts = np.unique(number, return_counts=True)
        places = image.layout.places
        return {
            f"{places[n].operator}.{places[n].tensor}" if n >= 0 else "": int(count)
            for n, count in zip(units, counts, strict=True)
        }

    def drop(self, events: Events) -> Events:
        """`events` without those at protected bytes, as an ideal code would have it.

        Trials keep their numbers; one may be left without events. Bits outside of the working copy,
        transient ones among them, are not protected.
        """
        address = events.position >> 3
        stored = (address >= 0) & (address < len(self.protected))
        hidden = np.zeros(len(address), bool)
        hidden[stored] = self.protected[address[stored]]
        return Events(*(column[~hidden] for column in events))

    @property
    def _packed(self) -> bytes:
        return np.packbits(self.protected, bitorder="little").tobytes()
