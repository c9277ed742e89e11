"""What is decided before any C is written: names, members, scratch memory, healing, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.errors import WorkbenchError
from workbench.firmware.names import Names, checked_prefix
from workbench.firmware.scratch import Scratch, plan_scratch
from workbench.healing.strategy import CRC_SCRUB, Strategy
from workbench.integer.program import Program
from workbench.memory.image import Image
from workbench.memory.layout import WORKING_SECTIONS, Layout, Place

RAM, FLASH = "ram", "flash"
WEIGHTS = (RAM, FLASH)
LOG_ENTRIES = 16
LOG_ENTRY_BYTES = 12
_MOST_PAGES_PER_FRAME = 256


@dataclass(frozen=True, eq=False)
class Firmware:
    """A clean image and what its firmware is to do with it.

    weights: "ram" for a working copy in SRAM, "flash" to read the golden copy itself. prefix: of all
    its names. Raises WorkbenchError when the parts do not go together.
    """

    image: Image
    strategy: Strategy
    weights: str
    prefix: str
    operators: Names
    inputs: Names
    scratch: Scratch

    @classmethod
    def of(cls, image: Image, *, strategy: Strategy, weights: str, prefix: str) -> Firmware:
        """Check the wishes and lay everything out."""
        checked_prefix(prefix)
        if weights not in WEIGHTS:
            raise WorkbenchError(
                f"weights cannot lie in {weights!r}; choose one of {', '.join(WEIGHTS)}"
            )
        if weights == FLASH and strategy.name == CRC_SCRUB:
            raise WorkbenchError(
                f"the strategy {CRC_SCRUB} mends a working copy in RAM and weights in flash have "
                "none; choose the strategy none or weights in ram"
            )
        if strategy.pages_per_frame > _MOST_PAGES_PER_FRAME:
            raise WorkbenchError(
                f"firmware checks at most {_MOST_PAGES_PER_FRAME} pages a frame, not "
                f"{strategy.pages_per_frame}; make the pages larger"
            )
        flipped = len(image.flipped())
        if flipped:
            raise WorkbenchError(
                f"firmware is written from a clean image and this one has {flipped} flipped bits; "
                "take the image of its program"
            )
        names, inputs = Names(), Names()
        for operator in image.program.operators:
            names.of(operator.name)
        for name in image.program.inputs:
            inputs.of(name)
        return cls(image, strategy, weights, prefix, names, inputs, plan_scratch(image.program))

    @property
    def program(self) -> Program:
        """The program that it runs."""
        return self.image.program

    @property
    def layout(self) -> Layout:
        """Where everything lies in the memory image."""
        return self.image.layout

    @property
    def heals(self) -> bool:
        """Whether there is a scrubber: wanted, and something to scrub."""
        return self.strategy.name == CRC_SCRUB and self.layout.pages > 0

    @property
    def copies(self) -> bool:
        """Whether parameters have a working copy in RAM."""
        return self.weights == RAM and self.layout.working_bytes > 0

    @property
    def memory_start(self) -> int:
        """Image address of the first byte of the memory struct."""
        return 0 if self.weights == RAM else self.layout.working_bytes

    @property
    def memory_bytes(self) -> int:
        """Size of the memory struct: the image's SRAM part, without what stays in flash."""
        return self.layout.sram_bytes - self.memory_start

    @property
    def log_entries(self) -> int:
        """Entries of the ring, a power of two: one frame's findings always fit."""
        wanted = max(LOG_ENTRIES, self.strategy.pages_per_frame)
        return 1 << (wanted - 1).bit_length()

    @property
    def log_bytes(self) -> int:
        """RAM of the log: the ring and the count of what was ever written; 0 without a healer."""
        return 4 + LOG_ENTRY_BYTES * self.log_entries if self.heals else 0

    def parameters(self) -> list[Place]:
        """The parameters, in address order."""
        return [place for place in self.layout.places if place.section in WORKING_SECTIONS]

    def histories(self) -> list[Place]:
        """The histories, in address order."""
        return [place for place in self.layout.places if place.section == "state"]

    def member(self, place: Place) -> str:
        """The struct member that is this tensor."""
        return f"{place.tensor}_{self.operators.of(place.operator)}"

    def macro(self, name: str) -> str:
        """A macro of this model."""
        return f"{self.prefix}_{name}".upper()

    def constants(self) -> dict[str, int]:
        """Sizes that the header announces, by macro name without prefix."""
        output = self.program.signal(self.program.output)
        sizes = {
            f"in_{self.inputs.of(name)}_codes": signal.rate * signal.channels
            for name in self.program.inputs
            for signal in (self.program.signal(name),)
        }
        sizes |= {
            "output_rows": output.rate,
            "output_channels": output.channels,
            "output_codes": output.rate * output.channels,
            "parameter_bytes": self.layout.working_bytes,
            "memory_start": self.memory_start,
            "memory_bytes": self.memory_bytes,
            "scratch_bytes": self.scratch.size_bytes,
        }
        if self.heals:
            sizes |= {
                "page_bytes": self.layout.page_bytes,
                "pages": self.layout.pages,
                "pages_per_frame": self.strategy.pages_per_frame,
                "log_entries": self.log_entries,
            }
        return sizes


def c_type(bits: int) -> str:
    """The C type of stored codes of `bits` bits; packed 4-bit codes are bytes."""
    return {4: "uint8_t", 8: "int8_t", 16: "int16_t", 32: "int32_t"}[bits]
