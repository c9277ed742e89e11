"""What happens to a fleet: which devices say what, and which faults strike whom and when.

Faults of the working copy and the histories are the same for every strategy, bit for bit: these lie at
the same addresses in all images. What a strategy adds, its checks, copies and variables, is hit at the
same rate a bit, by faults of its own.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError, nearest
from workbench.healing.upsets import Upset, poisson_upsets
from workbench.memory.layout import Layout
from workbench.memory.places import FLASH_SECTIONS, SRAM_SECTIONS, WORKING_SECTIONS
from workbench.memory.sampling import counter_stream

KINDS = ("single", "mbu", "burst", "stuck")
BURST_BITS = 8
_OWN = 2**40  # numbers of the streams that strike what a strategy adds; no fleet is that large


@dataclass(frozen=True)
class Mission:
    """devices: how many. words: that each of them says, one after the other, drawn by the seed.

    upsets_per_bit_s: of SRAM; flash: of golden copy and checks in flash, in proportion to that. kind:
    "single" flips; "mbu", two by two neighbours (of a bit and of a byte); "burst", 8 bits in a row;
    "stuck" cells. at_start: bit positions that flip in every device before its first word.
    start_rate: probability of each bit of the working copy to flip then, 0 to 1. Raises WorkbenchError
    for what cannot be.
    """

    devices: int
    words: int
    upsets_per_bit_s: float
    flash: float = 0.01
    kind: str = "single"
    seed: int = 0
    at_start: tuple[int, ...] = ()
    start_rate: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise WorkbenchError(f"there is no fault {self.kind!r}; {nearest(self.kind, KINDS)}")
        for name, least in (("devices", 1), ("words", 1), ("upsets_per_bit_s", 0), ("flash", 0)):
            value = getattr(self, name)
            if not least <= value < 1e9:
                raise WorkbenchError(
                    f"a mission's {name} cannot be {value}; it is at least {least}"
                )
        if not 0 <= self.start_rate <= 1:
            raise WorkbenchError(f"a start_rate of {self.start_rate} is no probability")

    def script(self, vocabulary: int) -> np.ndarray:
        """What every device says: numbers of words, drawn by the seed, int64 [words]."""
        drawn = counter_stream(f"mission words,seed={self.seed}", 0).random_raw(self.words)
        return (drawn % vocabulary).astype(np.int64)

    def upsets(self, layout: Layout, device: int, *, frames: int, frame_s: float) -> list[Upset]:
        """The faults of one device, sorted, as positions in a strategy's image."""
        shared = (*WORKING_SECTIONS, "state")
        own = [[s for s in part if s not in shared] for part in (SRAM_SECTIONS, FLASH_SECTIONS)]
        found = [Upset(0, position) for position in self.at_start]
        if self.start_rate:
            weights = layout.positions(WORKING_SECTIONS)
            hits = poisson_upsets(
                weights, frames=1, mean_upsets=self.start_rate * len(weights), seed=self.seed,
                device=device + 3 * _OWN,
            )  # fmt: skip
            found += [Upset(0, position) for position in {hit.position for hit in hits}]
        for number, (bits, share) in enumerate(
            zip(map(layout.positions, (shared, *own)), (1.0, 1.0, self.flash), strict=True)
        ):
            mean = self.upsets_per_bit_s * share * len(bits) * frames * frame_s
            if len(bits) and mean:
                hits = poisson_upsets(
                    bits, frames=frames, mean_upsets=mean, seed=self.seed,
                    device=device + number * _OWN,
                )  # fmt: skip
                found += [each for hit in hits for each in self._cluster(hit, layout)]
        return sorted(found)

    def _cluster(self, hit: Upset, layout: Layout) -> list[Upset]:
        """What one arrival does, within the section that it strikes."""
        section = layout.section_at(hit.position >> 3)
        inside = range(8 * section.start, 8 * section.stop)
        if self.kind == "stuck":
            if section.name == "state":
                return [hit]  # histories move on: no cell of theirs is held
            return [dataclasses.replace(hit, stuck=hit.position * 2654435761 >> 16 & 1)]
        if self.kind == "mbu":
            offsets: tuple[int, ...] = (0, 1 if hit.position % 2 == 0 else -1)
            offsets += tuple(8 + each for each in offsets)
        else:
            offsets = tuple(range(BURST_BITS)) if self.kind == "burst" else (0,)
        return [Upset(hit.frame, hit.position + n) for n in offsets if hit.position + n in inside]
