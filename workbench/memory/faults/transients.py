"""Transient fault sites: activations between operators, accumulators within them.

Reference: transient faults in the data path, Li et al. 2017, https://doi.org/10.1145/3126908.3126964.
Layout: positions behind the last bit of the image, dense, in execution order, without padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from workbench.errors import WorkbenchError, expect
from workbench.integer.operators.operator import CHANNEL
from workbench.integer.program import Program
from workbench.integer.signals import Signal
from workbench.memory.changes import locate
from workbench.memory.choice import refuse_unknown, why_nothing
from workbench.memory.image import Image
from workbench.memory.layout import Layout
from workbench.memory.places import CHECK, RAM_CHECK, SECTIONS, Place, refuse_outside

ACTIVATIONS, ACCUMULATORS = "activations", "accumulators"
TRANSIENT_SECTIONS = (ACTIVATIONS, ACCUMULATORS)
ALL_SECTIONS = SECTIONS + TRANSIENT_SECTIONS
MONITORS = "monitors"  # stands for what monitors keep of the sections of checks
ACCUMULATOR_BITS = 32
OUTPUT = "output"  # stands for an operator where the finished output waits to be taken


@dataclass(frozen=True)
class TransientPlace:
    """Bits of one frame that exist while operator `number` is about to run, or runs.

    section: "activations", codes in the buffer of `signal` just before the operator, [rate,
    channels]; whoever reads them later sees them too, and a convolution's history keeps them. Or
    "accumulators", the sums of a convolution with the bias added, wrapped to int32, before they are
    requantised: [positions, up, out], `signal` is None.
    operator, tensor: the name; the finished output is ("output", "input:<signal>"), and `number` is
    then the count of operators. bits: of an element. axes: what its indexes count, () where nobody says.
    first: position of its first bit.
    """

    section: str
    number: int
    operator: str
    tensor: str
    signal: str | None
    bits: int
    shape: tuple[int, ...]
    axes: tuple[str, ...] = ()
    first: int = 0

    @property
    def size(self) -> int:
        """How many bits."""
        return self.bits * int(np.prod(self.shape))

    def __str__(self) -> str:
        return f"{self.operator} {self.tensor}"


class TransientSites:
    """All transient bits of a frame of `program`; their positions follow those of `layout`.

    places: in execution order. first, size: of the positions, first .. first + size - 1.
    """

    def __init__(self, program: Program, layout: Layout) -> None:
        self.first = 8 * layout.size_bytes
        self.size = 0
        places = []
        for place in _places(program):
            places.append(replace(place, first=self.first + self.size))
            self.size += place.size
        self.places = tuple(places)
        self._firsts = np.array([place.first for place in places], np.int64)
        self._bits = np.array([place.bits for place in places], np.int64)

    def locate(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Number in `places`, flat element and bit of each position, int64 [n] each.

        Raises WorkbenchError when a position is none of theirs.
        """
        positions = np.asarray(positions, np.int64)
        outside = positions[(positions < self.first) | (positions >= self.first + self.size)]
        if outside.size:
            raise WorkbenchError(
                f"bit position {outside[0]} is no transient bit; those of this program run from "
                f"{self.first} to {self.first + self.size - 1}"
            )
        number = np.searchsorted(self._firsts, positions, side="right") - 1
        element, bit = np.divmod(positions - self._firsts[number], self._bits[number])
        return number, element, bit

    def is_code(self, position: int) -> bool:
        """Whether a position is of a code that waits in a buffer."""
        if not self.first <= position < self.first + self.size:
            return False
        return self.places[int(self.locate(np.array([position]))[0][0])].section == ACTIVATIONS

    def site(self, position: int) -> str:
        """The name of one bit, e.g. "trunk.0.conv accumulator[0, 0, 12] bit 9"."""
        (number,), (element,), (bit,) = self.locate(np.array([position]))
        place = self.places[number]
        index = ", ".join(str(i) for i in np.unravel_index(element, place.shape))
        return f"{place}[{index}] bit {bit}"

    def position(self, operator: str, tensor: str, index: tuple[int, ...], bit: int) -> int:
        """The inverse of `site`; WorkbenchError when there is no such bit."""
        place = self._by_name.get((operator, tensor))
        if place is None:
            raise WorkbenchError(
                f"there is no transient tensor {operator} {tensor}; there are "
                f"{', '.join(map(str, self.places))}"
            )
        refuse_outside(str(place), place.shape, place.bits, index, bit)
        return place.first + int(np.ravel_multi_index(index, place.shape)) * place.bits + bit

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], TransientPlace]:
        return {(place.operator, place.tensor): place for place in self.places}


class Sites:
    """Every bit that a fault can hit in a device with this image, stored or transient.

    Attributes:
        data: What is stored before the trial, uint8 [layout.size_bytes].
        places: Stored ones as the layout has them, then transient ones.
        size: Positions run from 0 to size - 1.
    """

    def __init__(self, image: Image) -> None:
        expect(image, Image, "what has sites", "an Image, as `voice.image()`")
        self.image = image
        self.program = image.program
        self.layout = image.layout
        self.data = image.data
        self.transients = TransientSites(image.program, image.layout)
        self.places: tuple[Place | TransientPlace, ...] = (
            *image.layout.places,
            *self.transients.places,
        )
        self.size = self.transients.first + self.transients.size
        self._candidates: dict[tuple[tuple[str | int, ...], ...], np.ndarray] = {}

    @cached_property
    def monitors(self) -> frozenset[str]:
        """Labels of the monitors, which own baselines, limits, seals and what is remembered from frame to frame."""
        return frozenset(each.label for each in self.layout.watches if each.area.kind.stream)

    def site(self, position: int) -> str:
        """The name of one bit; WorkbenchError when there is none at that position."""
        if position < self.transients.first:
            return str(self.layout.site(position))
        return self.transients.site(position)

    def locate(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Number in `places` (-1 for padding), flat element and bit of each, int64 [n] each."""
        positions = np.asarray(positions, np.int64)
        stored = positions < self.transients.first
        if not stored.any():
            number, element, bit = self.transients.locate(positions)
            return number + len(self.layout.places), element, bit
        if positions.min() < 0:
            raise WorkbenchError(f"bit position {positions.min()} lies before the image")
        located = np.zeros((3, len(positions)), np.int64)
        located[:, stored] = locate(self.layout, positions[stored])
        located[:, ~stored] = self.transients.locate(positions[~stored])
        located[0, ~stored] += len(self.layout.places)
        return located[0], located[1], located[2]

    def candidates(
        self, sections: Sequence[str], operators: Sequence[str] = (), bits: Sequence[int] = ()
    ) -> np.ndarray:
        """Positions of the bits that match, ascending int64, at least one; padding never matches.

        Args:
            sections: Of ALL_SECTIONS, or MONITORS.
            operators: Names; () for any.
            bits: Of an element, 0 the lowest; () for any.

        Raises:
            WorkbenchError: A name is unknown, or nothing matches.
        """
        key = (tuple(sections), tuple(operators), tuple(bits))
        if key not in self._candidates:
            self._candidates = {key: self._matching(*key)}  # the last choice, they are large
        return self._candidates[key]

    def _matching(
        self, sections: tuple[str, ...], operators: tuple[str, ...], bits: tuple[int, ...]
    ) -> np.ndarray:
        owners = {place.operator for place in self.places}
        refuse_unknown(owners, sections, operators, (*ALL_SECTIONS, MONITORS))
        parts = [self.layout.positions(sections, operators=operators, bits=bits)]
        if MONITORS in sections and (own := self.monitors.intersection(operators or self.monitors)):
            kept = self.layout.positions((RAM_CHECK, CHECK), operators=sorted(own), bits=bits)
            parts = [np.union1d(parts[0], kept)]
        for place in self.transients.places:
            if place.section in sections and (not operators or place.operator in operators):
                chosen = [bit for bit in range(place.bits) if not bits or bit in bits]
                first = np.arange(place.first, place.first + place.size, place.bits)
                parts.append((first[:, None] + np.array(chosen, np.int64)).reshape(-1))
        positions = np.concatenate(parts)
        if not len(positions):
            raise WorkbenchError(why_nothing(self.places, sections, operators, bits, ALL_SECTIONS))
        return positions


def _places(program: Program) -> list[TransientPlace]:
    """All places in execution order, positions not given yet."""
    places = []
    for number, operator in enumerate(program.operators):
        for name in dict.fromkeys(operator.sources):
            places += _codes(program.signal(name), number, operator.name)
        shape = operator.sums_shape(program.sources(operator)[0])
        if shape is not None:
            places.append(
                TransientPlace(
                    ACCUMULATORS,
                    number,
                    operator.name,
                    "accumulator",
                    None,
                    ACCUMULATOR_BITS,
                    shape,
                    operator.AXES.get("accumulator", ()),
                )
            )
    return places + _codes(program.signal(program.output), len(program.operators), OUTPUT)


def _codes(signal: Signal, number: int, operator: str) -> list[TransientPlace]:
    """The codes of a signal, one place; none for row indexes, which no buffer holds."""
    if signal.bits > 16:
        return []
    shape = (signal.rate, signal.channels)
    tensor = f"input:{signal.name}"
    return [
        TransientPlace(
            ACTIVATIONS, number, operator, tensor, signal.name, signal.bits, shape, ("row", CHANNEL)
        )
    ]  # fmt: skip
