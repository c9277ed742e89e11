"""Golden inputs: recorded frames that the device computes again, to compare the outcome.

Reference: built-in self-test with a known answer. A frame is taken from the midst of a stream of
random codes, with the histories of that moment, so that all taps of a convolution see something.
Layout: see `watch`; input and histories as in the `state` section, then their CRC-32.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.changes import Change, Changes
from workbench.integer.frames import frames_of
from workbench.integer.operators import Operator
from workbench.integer.reference import Stream
from workbench.integer.sections import BIAS, COPIED_SECTIONS
from workbench.integer.signals import code_dtype, code_range
from workbench.memory.places import CHECK, RESERVE, WORKING_SECTIONS, Place, Places, Tensor
from workbench.memory.sampling import counter_stream
from workbench.memory.tensors import read_tensor, stored_program, write_tensor
from workbench.memory.watches.areas import Area, Kind
from workbench.memory.watches.modes import ModesWatch
from workbench.memory.watches.watch import Watch

# Of the stream, before the frame that is kept: histories of deep programs are full by then.
_FRAMES_BEFORE = 32


class SelfTestWatch(Watch):
    """A unit is a golden moment; it is wrong where the parameters give another outcome than recorded.

    The outcome are the codes of the output and the histories after the frame: what an activation that
    is cut off hides from the output, a history may still show.
    """

    asks_pages: ClassVar[bool] = True

    def __init__(self, area: Area, layout: Places, label: str) -> None:
        super().__init__(area, layout, label)
        self.start, self.stop = 0, layout.working_bytes
        self.units = area.moments
        self.program = layout.program
        self._states = list(self.program.states())
        self._modes: ModesWatch | None = None

    def among(self, watches: Sequence[Watch]) -> None:
        """Where modes are guarded, nothing is wrong while one is not that of the program."""
        self._modes = next((each for each in watches if isinstance(each, ModesWatch)), None)

    def tensors(self) -> list[tuple[str, Tensor]]:
        """`input_n`, as the program's inputs, for each moment; `history_n`, as its histories; `sum`."""
        program = self.program
        given = [program.signal(name) for name in program.inputs]
        found: list[tuple[str, Tensor]] = [
            (CHECK, (self.label, f"input_{n}", each.bits, (self.units, each.rate, each.channels)))
            for n, each in enumerate(given)
        ]
        for n, (_, tensor) in enumerate(self._states):
            shape = (self.units, *tensor.shape)
            found.append((CHECK, (self.label, f"history_{n}", tensor.bits, shape)))
        return [*found, (CHECK, (self.label, "sum", 32, (self.units,)))]

    def addresses(self, unit: int) -> slice:
        """The whole working copy."""
        return slice(self.start, self.stop)

    def ranges(self, unit: int) -> list[tuple[int, int]]:
        """The whole working copy, one run."""
        return [(self.start, self.stop)]

    def units_of(self, addresses: np.ndarray) -> np.ndarray:
        """Every parameter matters to all of them."""
        return np.arange(self.units) if len(addresses) else np.zeros(0, np.int64)

    def units_in(self, addresses: np.ndarray) -> set[int]:
        """Reserves, which lie in flash, matter as well."""
        units = super().units_in(addresses)
        if self.layout.sections[RESERVE].has(8 * addresses).any():
            units |= set(range(self.units))
        return units

    def units_checked(self, place: Place, offset: np.ndarray) -> np.ndarray:
        """The moments of check bytes."""
        return offset // (place.size_bytes // self.units)

    def wrong(self, data: np.ndarray, unit: int, *, golden: bool = False) -> bool:
        """By computing the frame with the parameters of the working copy, or of the golden copy."""
        if not golden and self._modes and self._modes.is_unusual(data):
            return False  # recorded with the modes of the program
        kept = int(self.stored(data, "sum")[unit]) % 2**32
        return self._outcome(data, unit, golden=golden) != kept

    def sign(self, data: np.ndarray, unit: int) -> None:
        """Record the moment with the program that `data` holds."""
        stream = Stream(stored_program(data, self.layout))
        stream.step(self._drawn(_FRAMES_BEFORE, 2 * unit))
        for n, (operator, tensor) in enumerate(self._states):
            self._keep(data, f"history_{n}", unit, stream.states[operator.name, tensor.name][0])
        for n, codes in enumerate(self._drawn(1, 2 * unit + 1).values()):
            self._keep(data, f"input_{n}", unit, codes[0])
        self._keep(data, "sum", unit, (self._outcome(data, unit) + 2**31) % 2**32 - 2**31)

    def _outcome(self, data: np.ndarray, unit: int, *, golden: bool = False) -> int:
        """CRC-32 of the output's codes and the histories after a golden input."""
        frames = frames_of(self.program)
        past = {
            (operator.name, tensor.name): self.stored(data, f"history_{n}")[unit]
            for n, (operator, tensor) in enumerate(self._states)
        }
        given = {
            name: self.stored(data, f"input_{n}")[unit][None]
            for n, name in enumerate(self.program.inputs)
        }
        output = self.program.signal(self.program.output)
        variant = frames.changed(self._changes(data, golden=golden))
        codes, state = frames.step(given, variant, frames.state_of(past), (output.name,))
        told = [(codes[output.name], output.bits)]
        told += [
            (frames.read_state(state, operator.name, tensor.name), tensor.bits)
            for operator, tensor in self._states
        ]
        crc = 0
        for values, bits in told:
            stored = values.astype(code_dtype(bits).newbyteorder("<"))
            crc = zlib.crc32(np.ascontiguousarray(stored).tobytes(), crc)
        return crc

    def _changes(self, data: np.ndarray, *, golden: bool) -> Changes:
        """Parameters of the working copy, or of the golden copy, and reserves, that differ from the program's."""
        start = self.layout.sections["golden"].start if golden else 0
        wrong = np.flatnonzero(data[start : start + self.stop] != self._clean)
        numbers = np.unique(np.searchsorted(self._starts, wrong, side="right") - 1)
        copies = [(*self._parameters[number], golden) for number in numbers]
        changes = {}
        for operator, tensor, array, of_golden in [*copies, *self._reserves]:
            copy = self.layout.place(operator.name, tensor, golden=of_golden)
            values = read_tensor(data, copy).reshape(-1)
            where = np.flatnonzero(values != array.reshape(-1))
            if where.size:
                changes[operator.name, tensor] = Change(
                    np.zeros_like(where), where, values[where].astype(np.int64)
                )
        return changes

    @cached_property
    def _reserves(self) -> list[tuple[Operator, str, np.ndarray, bool]]:
        """With False: they have no golden copy."""
        parameters = self.program.parameters()
        return [(o, t, array, False) for o, t, array in parameters if o.PARAMETERS[t] == RESERVE]

    @cached_property
    def _parameters(self) -> list[tuple[Operator, str, np.ndarray]]:
        """By address."""
        place = self.layout.place
        copied = [
            (operator, tensor, array)
            for operator, tensor, array in self.program.parameters()
            if operator.PARAMETERS[tensor] in COPIED_SECTIONS
        ]
        return sorted(copied, key=lambda each: place(each[0].name, each[1]).start)

    @cached_property
    def _starts(self) -> np.ndarray:
        """Where the parameters begin."""
        place = self.layout.place
        return np.array([place(each.name, tensor).start for each, tensor, _ in self._parameters])

    @cached_property
    def _clean(self) -> np.ndarray:
        """The bytes of the program's parameters."""
        data = np.zeros(self.stop, np.uint8)
        for operator, tensor, array in self._parameters:
            write_tensor(data, self.layout.place(operator.name, tensor), array)
        return data

    def stored(self, data: np.ndarray, tensor: str) -> np.ndarray:
        """A check tensor with a row a moment."""
        return read_tensor(data, self.layout.place(self.label, tensor))

    def _keep(self, data: np.ndarray, tensor: str, unit: int, values: np.ndarray | int) -> None:
        """Write what belongs to one moment."""
        all_moments = self.stored(data, tensor)
        all_moments[unit] = values
        write_tensor(data, self.layout.place(self.label, tensor), all_moments)

    def _drawn(self, frames: int, number: int) -> Mapping[str, np.ndarray]:
        """Random codes that the inputs can take, drawing `number`; [1, frames * rate, channels] by name."""
        found = {}
        for n, name in enumerate(self.program.inputs):
            signal = self.program.signal(name)
            low, high = self._ranges.get(name, code_range(signal.bits))
            shape = (1, frames * signal.rate, signal.channels)
            raw = counter_stream(f"golden input {n}", number).random_raw(int(np.prod(shape)))
            found[name] = (low + (raw % np.uint64(high - low + 1)).astype(np.int64)).reshape(shape)
        return found

    @cached_property
    def _ranges(self) -> dict[str, tuple[int, int]]:
        """Of inputs that choose a row of a table of rows."""
        return {
            operator.sources[0]: (0, rows - 1)
            for operator in self.program.operators
            if (rows := operator.index_rows())
        }

    def read_bytes(self, unit: int) -> int:
        """0: it computes with the bytes and reads none."""
        return 0

    def telling_bits(self, unit: int) -> list[int]:
        """Bit 12 of each bias, which the outputs show."""
        return [8 * place.start + 12 for place in self.layout.places if place.section == BIAS]


@dataclass(frozen=True)
class SelfTest(Kind):
    """Golden inputs: they do not know where, and may refute what other guards have done."""

    watch: ClassVar = SelfTestWatch
    fields: ClassVar[tuple[str, ...]] = ("moments",)
    single: ClassVar[bool] = True
    validates: ClassVar[bool] = True
    remedies: ClassVar[tuple[str, ...] | None] = ("RESTORE", "REBOOT")
    ladder_rule: ClassVar[str] = "a self-test does not know where; it can RESTORE all, or REBOOT"

    def check(self, area: Area) -> None:
        """A self-test is of all sections."""
        if area.sections != WORKING_SECTIONS:
            raise WorkbenchError(
                "a self-test computes with all parameters at once; leave out its sections"
            )

    def check_schedule(self, area: Area, *, per_frame: int, every_frames: int, stride: int) -> None:
        """No more moments at a time than there are."""
        if per_frame > area.moments:
            raise WorkbenchError(
                f"a self-test of {area.moments} moments cannot check {per_frame} at a time; "
                "give the area more moments"
            )

    def tolerates_rewrites(self, *, observes: bool, restorable: bool) -> bool:
        """Where it only tells, or where the golden copy is taken at last."""
        return observes or restorable

    def unit_text(self, area: Area) -> str:
        """A unit is a moment."""
        return "a recorded frame"

    def text(self, area: Area) -> str:
        """The name and how many moments."""
        return f"{self.name} of {area.moments} frames"
