"""Fault model of changes that a check does not see: the shortest that leaves the stored check right.

Reference: undetected errors of a linear code are its code words; those of a CRC are the multiples of its polynomial,
Koopman and Chakravarty 2004, https://doi.org/10.1109/DSN.2004.1311885. Layout: see `workbench.memory.faults.model`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from workbench.errors import WorkbenchError, nearest
from workbench.memory.codes.signatures import SIGNATURES
from workbench.memory.faults.events import Events
from workbench.memory.faults.model import FaultModel, hit_bits
from workbench.memory.faults.space import flipped_together
from workbench.memory.faults.transients import Sites
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.sampling import counter_words

# Linear, and the same wherever in a unit the change begins.
_CODES = ("parity", "xor", "crc16", "crc32")
_WINDOW_BYTES = 8


@dataclass(frozen=True)
class Unseen(FaultModel):
    """Neighbouring bits flip in such a way that units with this code agree with their checks as before.

    code: "parity", "xor", "crc16" or "crc32". A bit drawn from the candidates is in the first byte of the pattern, which
    lies in one section; of its bits the candidates flip. A pattern that lies across two units is seen.
    """

    code: str

    NAME = "unseen"
    SECTIONS = WORKING_SECTIONS
    ADDRESSES = True

    def _check(self) -> None:
        if self.code not in _CODES:
            raise WorkbenchError(
                f"there is no known change that {self.code!r} does not see; {nearest(self.code, _CODES)}"
            )

    def _events(
        self, sites: Sites, candidates: np.ndarray, label: str, indexes: np.ndarray
    ) -> Events:
        made = self.arrived(sites, candidates, label, counter_words(label, indexes, 1)[:, 0])
        chosen = np.isin(made.position, candidates)
        return Events(*(column[chosen] for column in made))

    def arrived(
        self, sites: Sites, candidates: np.ndarray, label: str, words: np.ndarray
    ) -> Events:
        """As of all models; the pattern of the bit that is hit, whole, as far back as its section needs."""
        pattern = unseen_bits(self.code)
        hit = hit_bits(candidates, words)
        sections = [each for each in sites.layout.sections.values() if each.size_bytes]
        sections.sort(key=lambda each: each.start)
        first, last = (
            np.array([8 * getattr(s, end) for s in sections]) for end in ("start", "stop")
        )
        which = np.searchsorted(first, hit, side="right") - 1
        room = 8 * (int(pattern[-1]) // 8 + 1)
        byte = np.maximum(np.minimum(hit - hit % 8, last[which] - room), first[which])
        return flipped_together(sites.layout, hit, byte[:, None] + pattern)


@cache
def unseen_bits(code: str) -> np.ndarray:
    """Bits, int64 ascending, counted from the first of a byte, that change no check of this code.

    Those of the first dependency among the effects of single bits, in the order of addresses.
    """
    sign, zero = SIGNATURES[code].sign, np.zeros(_WINDOW_BYTES, np.uint8)
    clean = int.from_bytes(sign(zero).tobytes(), "little")
    # (effect, which bits it is of), each with a highest bit of its own
    rows: list[tuple[int, int]] = []
    for bit in range(8 * _WINDOW_BYTES):
        changed = zero.copy()
        changed[bit >> 3] = 1 << (bit & 7)
        effect, bits = int.from_bytes(sign(changed).tobytes(), "little") ^ clean, 1 << bit
        for other, others in rows:
            if effect ^ other < effect:
                effect, bits = effect ^ other, bits ^ others
        if not effect:
            return np.array([n for n in range(8 * _WINDOW_BYTES) if bits >> n & 1], np.int64)
        rows.append((effect, bits))
        rows.sort(reverse=True)
    raise AssertionError(f"{code} sees every change of {_WINDOW_BYTES} bytes")
