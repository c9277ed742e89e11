"""Design of a firmware before any C is written: names, members, scratch memory, healing, or a refusal."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from workbench.errors import WorkbenchError, nearest
from workbench.firmware.names import Names, checked_prefix
from workbench.firmware.scratch import Scratch, plan_scratch
from workbench.healing.devices.alarms import MOST_FOUND
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program, structure
from workbench.memory.image import Image
from workbench.memory.layout import LAYOUT, Layout
from workbench.memory.places import (
    BACKOFF,
    CHECK,
    COPIED_SECTIONS,
    GOLDEN,
    HEALER,
    RAM_CHECK,
    RESERVE,
    SPARE,
    STATE,
    Place,
)
from workbench.memory.watches.areas import MADE
from workbench.memory.watches.watch import Watch

RAM, FLASH = "ram", "flash"
WEIGHTS = (RAM, FLASH)
LOG_ENTRIES = 16
LOG_ENTRY_BYTES = 12
LOG_HEAD_BYTES = 132  # eleven words, three times each
RUNTIME_VERSION, RUNTIME_ABI = "1.0.0", 2  # as runtime/wb_model.h has them
_MOST_UNITS_PER_FRAME = 256
_MOST_UNITS = 2**16  # the log has two bytes for them


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
            raise WorkbenchError(f"weights cannot lie in {weights!r}; {nearest(weights, WEIGHTS)}")
        if weights == FLASH:
            _refuse_writers(strategy)
        for guard in strategy.guards:
            if guard.per_frame > _MOST_UNITS_PER_FRAME:
                raise WorkbenchError(
                    f"firmware checks no more than {_MOST_UNITS_PER_FRAME} units a frame, and "
                    f"{guard.area.code} is to check {guard.per_frame}; make its units larger"
                )
        for watch in image.layout.watches if strategy.heals else ():
            if watch.units > _MOST_UNITS:
                raise WorkbenchError(
                    f"firmware can tell {_MOST_UNITS:,} units apart in its log and {watch.area.code} has "
                    f"{watch.units:,}; make its units larger"
                )
        if strategy.heals and image.layout.areas != strategy.areas:
            raise WorkbenchError(
                f"the image has no checks for the strategy {strategy.name}; make it with "
                "strategy.image(program)"
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
        for watch in image.layout.watches:
            names.of(watch.label)
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
        """Whether there is a healer: wanted, and something to heal."""
        return self.strategy.heals and bool(self.layout.watches)

    @property
    def switches(self) -> bool:
        """Whether its healer guards modes of pruned layers."""
        return self.heals and any(guard.area.kind.switches for guard in self.strategy.guards)

    @property
    def copies(self) -> bool:
        """Whether parameters have a working copy in RAM."""
        return self.weights == RAM and self.layout.working_bytes > 0

    @property
    def in_flash(self) -> dict[str, int]:
        """What holds parameters in flash: name without prefix -> image address of its first byte.

        Read where they lie and watched, they are what the working copy is in RAM; the golden copy, a second one, is
        there only if something reads it.
        """
        golden = self.layout.sections[GOLDEN].start
        if not self.layout.working_bytes:
            return {}
        if self.weights == RAM or not self.heals:
            return {"golden": golden}
        second = any(
            guard.reads_golden or guard.golden_is_witness for guard in self.strategy.guards
        )
        return {"weights": 0, "golden": golden} if second else {"weights": 0}

    @property
    def read_at(self) -> str:
        """Where a step reads the parameters, in C."""
        if self.copies:
            return f"{self.macro('parameters')}(model)"
        return f"{self.prefix}_{next(iter(self.in_flash), 'golden')}"

    @property
    def memory_start(self) -> int:
        """Image address of the first byte of the memory struct."""
        return 0 if self.weights == RAM else self.layout.working_bytes

    @property
    def memory_bytes(self) -> int:
        """Size of the memory struct: the image's SRAM part, without what this firmware has not."""
        stop = self.layout.sram_bytes if self.heals else self.layout.sections[STATE].stop
        return stop - self.memory_start

    @property
    def variables(self) -> int:
        """Words of the healer's variables, three each."""
        return self.layout.sections[HEALER].size_bytes // 4 if self.heals else 0

    @property
    def ram_check_bytes(self) -> int:
        """Check data in RAM."""
        return self.layout.sections[RAM_CHECK].size_bytes if self.heals else 0

    @property
    def spare_bytes(self) -> int:
        """Spare pages, all together."""
        return self.layout.sections[SPARE].size_bytes if self.heals else 0

    @property
    def backoff_bytes(self) -> int:
        """How long units wait that nothing helped."""
        return self.layout.sections[BACKOFF].size_bytes if self.heals else 0

    @property
    def bounce_bytes(self) -> int:
        """Room for what an operator reads at a time, where pages may move: rows, biases and shifts."""
        if not self.spare_bytes:
            return 0
        return sum(self.bounces.values())

    @property
    def bounces(self) -> dict[str, int]:
        """Room for what a kernel reads at once, a row or all of a parameter, by tensor; bytes."""
        found: dict[str, int] = {}
        operators = {operator.name: operator for operator in self.program.operators}
        for place in self.parameters():
            size = -(-place.size_bytes // operators[place.operator].parameter_rows(place.tensor))
            found[place.tensor] = max(found.get(place.tensor, 0), -(-size // 4) * 4)
        return found

    def bounce_of(self, tensor: str) -> str:
        """Where in that room a tensor is put together, in C."""
        kinds = list(self.bounces)
        offset = sum(self.bounces[kind] for kind in kinds[: kinds.index(tensor)]) // 4
        return f"model->bounce + {offset}u"

    @property
    def guards(self) -> list[tuple[Guard, Watch]]:
        """The strategy's, where each of them lies."""
        return list(zip(self.strategy.guards, self.layout.watches, strict=False))

    @property
    def versions(self) -> int:
        """Of the parameters in flash."""
        return self.layout.versions if self.heals else 1

    @property
    def self_test(self) -> bool:
        """Whether a guard computes frames of its own."""
        return self.heals and self.strategy.validator is not None

    @property
    def self_test_bytes(self) -> int:
        """RAM for the histories of a golden moment, while it is computed."""
        return self.layout.sections[STATE].size_bytes if self.self_test else 0

    @property
    def log_entries(self) -> int:
        """Entries of the ring, a power of two: one frame's findings always fit."""
        looks = sum(
            watch.units if guard.area.kind.stream else guard.per_frame
            for guard, watch in self.guards
        )
        looks += MOST_FOUND * sum(guard.area.kind.asks for guard, _ in self.guards)
        wanted = max(LOG_ENTRIES, looks)
        return 1 << (wanted - 1).bit_length()

    @property
    def log_bytes(self) -> int:
        """RAM of the log: its head and the ring; 0 without a healer."""
        return LOG_HEAD_BYTES + LOG_ENTRY_BYTES * self.log_entries if self.heals else 0

    @property
    def build(self) -> tuple[int, int]:
        """Two words that tell a log of this build from one of another."""
        digest = hashlib.sha256(f"{self.image.content_hash} {self.strategy}".encode()).digest()
        return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")

    @property
    def build_name(self) -> str:
        """The same as 16 hexadecimal digits."""
        return "{1:08x}{0:08x}".format(*self.build)

    @property
    def product(self) -> bytes:
        """8 bytes that versions of the parameters share with the firmware that they fit, whatever they weigh."""
        places = [(p.section, p.operator, p.tensor, p.bits, p.shape) for p in self.layout.places]
        text = f"{LAYOUT} {self.layout.areas} {places} {json.dumps(structure(self.program))}"
        return hashlib.sha256(text.encode()).digest()[:8]

    def parameters(self) -> list[Place]:
        """The parameters that have a working copy, in address order."""
        return [place for place in self.layout.places if place.section in COPIED_SECTIONS]

    def reserves(self) -> list[Place]:
        """Weights that lie in flash alone, in address order."""
        return [place for place in self.layout.places if place.section == RESERVE]

    def histories(self) -> list[Place]:
        """The histories, in address order."""
        return [place for place in self.layout.places if place.section == STATE]

    def checks(self) -> list[Place]:
        """The check data in flash, in address order."""
        if not self.heals:
            return []
        return [place for place in self.layout.places if place.section == CHECK]

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
            "scratch_bytes": self.scratch.size_bytes,
        }
        if self.heals:
            sizes["log_entries"] = self.log_entries
            sizes["frame_modulus"] = self.strategy.frame_modulus
        return sizes


def _refuse_writers(strategy: Strategy) -> None:
    """Raise WorkbenchError for a strategy that would write parameters where they lie in flash, or compute with others."""
    for guard in strategy.guards:
        kind = guard.area.kind
        pages = kind.movable and kind.compared_with(guard.area) == MADE
        moves = all(action.moves for action in guard.actions)
        if not (kind.flash or kind.asks or (pages and moves)):
            raise WorkbenchError(
                f"weights in flash cannot be rewritten and the strategy {strategy.name} works on a working copy in RAM "
                f"({guard.area.code}); choose crc-report, crc-relocate, none, or weights in ram"
            )


def c_type(bits: int) -> str:
    """The C type of stored codes of `bits` bits; packed 4-bit codes are bytes."""
    return {4: "uint8_t", 8: "int8_t", 16: "int16_t", 32: "int32_t"}[bits]
