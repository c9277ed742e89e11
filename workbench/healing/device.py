"""The memory of one simulated device and the healer that works in it, on real bytes.

Reference: memory scrubbing with a CRC-32 for each page and restoration from a golden copy. Layout:
see `workbench.memory.layout`; the healer's own variables lie in the image and can be hit.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from workbench.healing.log import Diagnosis, LogEntry, Remedy, Verdict
from workbench.healing.strategy import CRC_SCRUB, Strategy
from workbench.memory.image import Image, differing_bits, flip_bits


class Device:
    """One device: bytes that upsets flip and a healer mends.

    The histories of a running stream are kept by the engine; the state section waits for them.

    wrong: positions of the bits of the working copy that are not as they were made, int64.
    log: what the healer found so far.
    """

    def __init__(self, image: Image, strategy: Strategy, clean: np.ndarray) -> None:
        """clean: the data of the clean image of the same program, uint8 [bytes]."""
        self.layout = image.layout
        self.strategy = strategy
        self.data = image.data.copy()
        self.log: list[LogEntry] = []
        self._clean_working = clean[: self.layout.working_bytes]
        sections = self.layout.sections
        self._healer = self.data[sections["healer"].start : sections["healer"].stop].view("<u4")
        self._check = self.data[sections["check"].start : sections["check"].stop].view("<u4")
        # Pages that differ from their check, kept up to date at every change of either: a scrub that
        # finds nothing wrong, as nearly all do, need not compute a CRC-32 to know it.
        self._mismatched = {n for n in range(self.layout.pages) if self._differs(n)}
        self.wrong = self._find_wrong()

    def silence(self) -> None:
        """Zero the state section."""
        state = self.layout.sections["state"]
        self.data[state.start : state.stop] = 0

    def flip(self, positions: Sequence[int]) -> bool:
        """Invert bits; tell whether the working copy changed."""
        flip_bits(self.data, positions)
        working = False
        check = self.layout.sections["check"]
        for address in {position >> 3 for position in positions}:
            if address < self.layout.working_bytes:
                working = True
                self._look_at(address // self.layout.page_bytes)
            elif check.start <= address < check.stop:
                self._look_at((address - check.start) // 4)
        if working:
            self.wrong = self._find_wrong()
        return working

    def heal(self) -> bool:
        """What the healer does after a frame; tell whether the working copy changed."""
        frame, cursor = (int(word) for word in self._healer)
        mended = False
        pages = self.layout.pages
        if self.strategy.name == CRC_SCRUB and pages:
            page = cursor % pages
            if self._mismatched:
                for step in range(self.strategy.pages_per_frame):
                    mended |= self._scrub(frame, (page + step) % pages)
            self._healer[1] = (page + self.strategy.pages_per_frame) % pages
        self._healer[0] = (frame + 1) % 2**32
        if mended:
            self.wrong = self._find_wrong()
        return mended

    def _scrub(self, frame: int, page: int) -> bool:
        """Check one page, mend it if need be; tell whether it was restored."""
        if page not in self._mismatched:
            return False
        found = self._crc(self.layout.page(page))
        expected = int(self._check[page])
        golden_start = self.layout.sections["golden"].start
        place = self.layout.page(page)
        golden = slice(golden_start + place.start, golden_start + place.stop)
        kept = self._crc(golden)
        diagnosis = Diagnosis.AMBIGUOUS
        remedy, verdict = Remedy.NONE, Verdict.UNHEALED
        if kept == expected:
            diagnosis, remedy = Diagnosis.MEMORY, Remedy.RESTORE
            self.data[place] = self.data[golden]
            self._look_at(page)
            verdict = Verdict.UNHEALED if page in self._mismatched else Verdict.HEALED
        elif kept == found:
            diagnosis = Diagnosis.CHECK
        self.log.append(LogEntry(frame, page, diagnosis, remedy, verdict))
        return remedy == Remedy.RESTORE

    def _look_at(self, page: int) -> None:
        if self._differs(page):
            self._mismatched.add(page)
        else:
            self._mismatched.discard(page)

    def _differs(self, page: int) -> bool:
        return self._crc(self.layout.page(page)) != int(self._check[page])

    def _crc(self, addresses: slice) -> int:
        return zlib.crc32(self.data[addresses].tobytes())

    def _find_wrong(self) -> np.ndarray:
        return differing_bits(self.data[: self.layout.working_bytes], self._clean_working)
