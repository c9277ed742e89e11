"""Monitors of behaviour: a score of every frame, its cumulative sum, and an alarm where that exceeds a limit.

Reference: CUSUM, Page 1954, https://doi.org/10.1093/biomet/41.1-2.100. What a frame is scored by, its baseline, is learned
from clean frames and lies in flash with drift and limit, under a CRC-32; the sum lies in RAM. All of them are fault
sites, and every value has a meaning:

    level = clamp(level + score - drift, 0, 32767)    after every frame
    level > limit                                     is an alarm, and makes the level 0

Monitors that remember more than the sum keep it beside that, bounded too, and score a frame by it.

An alarm is no diagnosis: it has memory checked, see `workbench.healing.devices.alarms`. For `again` frames after one that
nothing explained, the monitor is wary, and a second one has a meaning of its own.
Layout: `state` int16 [2], level and frames to be wary for; what else is remembered; baselines as their kind has them;
`limits` int16 [3], drift, limit and `again`; `seal` int32 [1], CRC-32 of baselines and limits.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError, nearest
from workbench.integer.program import Program
from workbench.integer.signals import code_dtype
from workbench.memory.places import CHECK, RAM_CHECK, Place, Places, Tensor
from workbench.memory.tensors import read_tensor, write_tensor
from workbench.memory.watches.areas import Area
from workbench.memory.watches.behaviour_area import MOST_LEVEL, BehaviourArea
from workbench.memory.watches.monitor import Frame, Monitor, MonitorKind

HASH_DIGITS = 16
Memory = dict[str, np.ndarray]  # int64 by tensor
_STATE, _LIMITS, _SEAL = "state", "limits", "seal"


class Behaviour(Monitor):
    """A monitor of behaviour in a layout; one unit, which is wrong where what it compares with is damaged."""

    def __init__(self, area: BehaviourArea, layout: Places, label: str) -> None:
        super().__init__(area, layout, label)
        kind = area.kind
        assert isinstance(kind, BehaviourKind)
        kind.check_area(area, layout)
        self.start, self.stop, self.units = 0, layout.working_bytes, 1
        self.signals, self.reads_memory = area.signals, kind.reads_memory
        self._lasts = kind.judges_inputs and not (kind.reads_memory or kind.corrects_inputs)
        self._learned = area

    # What a kind defines.

    def baselines(self) -> Mapping[str, tuple[int, np.ndarray]]:
        """What it learned: (bits of an element, values) by tensor; the area is known to be suitable."""
        raise NotImplementedError

    def measures(self, data: np.ndarray, signals: Mapping[str, np.ndarray]) -> np.ndarray:
        """What is seen of each frame by itself, int64 [frames, ...]; the score, where it remembers nothing.

        Args:
            data: uint8 of the image, whose baselines count.
            signals: Codes of the signals in `needs`, [frames * rate, channels] by name.
        """
        raise NotImplementedError

    def memories(self) -> Mapping[str, tuple[int, tuple[int, ...]]]:
        """What it remembers from frame to frame besides the sum: (bits, shape) by tensor, zero at start-up."""
        return {}

    def scores(self, data: np.ndarray, memory: Memory, measures: np.ndarray) -> np.ndarray:
        """The score of each frame, int64 [frames], 0 to MOST_SCORE.

        Args:
            data: uint8 of the image, whose baselines count.
            memory: What it remembers before the first frame; changed to what it does after the last.
            measures: Of the frames, as of `measures`.
        """
        return measures

    def shares(
        self, data: np.ndarray, memory: Memory, measures: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """How much of the memory after a frame lies in each bin, and how much it is in clean frames, for people.

        Two of float64 [bins], the sum 1, or 0 of an empty memory; None without a histogram. measures: of the frame.
        """
        return None

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the signals that it has to see."""
        return self.signals

    # What all have.

    def tensors(self) -> list[tuple[str, Tensor]]:
        """See the module."""
        learned = [
            (CHECK, (self.label, name, bits, values.shape))
            for name, (bits, values) in self.baselines().items()
        ]
        return [
            (RAM_CHECK, (self.label, _STATE, 16, (2,))),
            *((RAM_CHECK, (self.label, name, *each)) for name, each in self.memories().items()),
            *learned,
            (CHECK, (self.label, _LIMITS, 16, (3,))),
            (CHECK, (self.label, _SEAL, 32, (1,))),
        ]

    def sign(self, data: np.ndarray, unit: int) -> None:
        """Write baselines, limits and their seal."""
        for name, (_, values) in self.baselines().items():
            write_tensor(data, self.place(name), values)
        area = self._learned
        write_tensor(data, self.place(_LIMITS), np.array([area.drift, area.limit, area.again]))
        seal = (self._crc(data) + 2**31) % 2**32 - 2**31
        write_tensor(data, self.place(_SEAL), np.array([seal]))

    def wrong(self, data: np.ndarray, unit: int, *, golden: bool = False) -> bool:
        """Whether baselines or limits are not what the seal says."""
        seal = int(read_tensor(data, self.place(_SEAL))[0])
        return not golden and self._crc(data) != seal % 2**32

    def sealed(self) -> tuple[int, int]:
        """(first address, one past the last) of what the seal is of."""
        first = next(iter(self.baselines()), _LIMITS)
        return self.place(first).start, self.place(_SEAL).start

    @property
    def remembered_bytes(self) -> int:
        """Of what lies in RAM: the sum, frames to be wary for, and its memories behind them, padding between included."""
        last = self.place([_STATE, *self.memories()][-1])
        return last.start + last.size_bytes - self.place(_STATE).start

    def _crc(self, data: np.ndarray) -> int:
        first, last = self.sealed()
        return zlib.crc32(data[first:last].tobytes())

    def place(self, tensor: str) -> Place:
        """Where one of its tensors lies."""
        return self.layout.place(self.label, tensor)

    def addresses(self, unit: int) -> np.ndarray:
        """It points at no bytes of the working copy."""
        return np.zeros(0, np.int64)

    def ranges(self, unit: int) -> list[tuple[int, int]]:
        """None."""
        return []

    def units_of(self, addresses: np.ndarray) -> np.ndarray:
        """None."""
        return np.zeros(0, np.int64)

    def units_checked(self, place: Place, offset: np.ndarray) -> np.ndarray:
        """Its only unit."""
        return np.zeros(len(offset), np.int64)

    def watched(self) -> np.ndarray:
        """No bytes."""
        return np.zeros(0, np.int64)

    def telling_bits(self, unit: int) -> list[int]:
        """None that it sees for certain."""
        return []

    def start_up(self, data: np.ndarray, unit: int) -> None:
        """No sum, nothing remembered, and not wary."""
        start = self.place(_STATE).start
        data[start : start + self.remembered_bytes] = 0  # padding too, as the one loop in C

    def reset(self, data: np.ndarray) -> None:
        """Begin the sum anew, and what is remembered, but for a judge of inputs alone: these go on."""
        if not self._lasts:
            wary = self._state(data)[1]
            self.start_up(data, 0)
            self._put(data, 0, wary)

    def recalled(self, data: np.ndarray) -> Memory:
        """What it remembers, int64 by tensor."""
        return {n: read_tensor(data, self.place(n)).astype(np.int64) for n in self.memories()}

    def is_wary(self, data: np.ndarray) -> bool:
        """Whether an alarm that nothing explained is not long ago."""
        return self._state(data)[1] > 0

    def be_wary(self, data: np.ndarray) -> None:
        """Remember such an alarm for a while."""
        self._put(data, self._state(data)[0], max(0, self._limits(data)[2]))

    def after_frame(self, data: np.ndarray, frame: Frame) -> list[int]:
        """Score the frame, bring the sum up to date, and compare it with the limit."""
        seen = {name: frame.signals[name] for name in self.needs}
        return [0] if self.advance(data, self.measures(data, seen)) else []

    def first_alarm(self, data: np.ndarray, measures: np.ndarray) -> int | None:
        """Which of some frames, given their measures, is the first to raise an alarm; None for none."""
        return self._follow(data, self.scores(data, self.recalled(data), measures))[0]

    def advance(self, data: np.ndarray, measures: np.ndarray) -> bool:
        """Bring the state up to date, as far as the first alarm; whether there was one."""
        memory = self.recalled(data)
        scores = self.scores(data, memory, measures)
        alarm, level, wary = self._follow(data, scores)
        if alarm is not None and alarm + 1 < len(measures):  # what came after it is another matter
            memory = self.recalled(data)
            self.scores(data, memory, measures[: alarm + 1])
        for name, values in memory.items():
            write_tensor(data, self.place(name), values)
        self._put(data, level, wary)
        return alarm is not None

    def standing(self, data: np.ndarray, score: int) -> tuple[int, int]:
        """(sum, limit) with which a frame of this score is judged: before an alarm makes the sum 0."""
        drift, limit, _ = self._limits(data)
        return min(max(self._state(data)[0] + score - drift, 0), MOST_LEVEL), limit

    def _follow(self, data: np.ndarray, scores: np.ndarray) -> tuple[int | None, int, int]:
        level, wary = self._state(data)
        drift, limit, _ = self._limits(data)
        for number, score in enumerate(scores.tolist()):
            level = min(max(level + score - drift, 0), MOST_LEVEL)
            wary = max(wary - 1, 0)
            if level > limit:
                return number, 0, wary
        return None, level, wary

    def _state(self, data: np.ndarray) -> tuple[int, int]:
        level, wary = read_tensor(data, self.place(_STATE)).tolist()
        return level, wary

    def _put(self, data: np.ndarray, level: int, wary: int) -> None:
        write_tensor(data, self.place(_STATE), np.array([level, wary]))

    def _limits(self, data: np.ndarray) -> tuple[int, int, int]:
        drift, limit, again = read_tensor(data, self.place(_LIMITS)).tolist()
        return drift, limit, again


@dataclass(frozen=True)
class BehaviourKind(MonitorKind):
    """Its alarms have memory checked."""

    asks: ClassVar[bool] = True
    fields: ClassVar[tuple[str, ...]] = ()
    remedies: ClassVar[tuple[str, ...] | None] = ("RESET", "UNPRUNE")
    ladder_rule: ClassVar[str] = (
        "a monitor of behaviour can RESET histories and monitors, or UNPRUNE all layers, nothing else"
    )

    @property
    def record(self) -> type[Area]:
        """With what it learned."""
        return BehaviourArea

    usual_drift: ClassVar[int] = 1
    judges_inputs: ClassVar[bool] = False  # its alarms say that the inputs are unknown ones ...
    reads_memory: ClassVar[bool] = False  # ... where memory, by which it sees them, is sound

    def usual_signals(self, program: Program) -> tuple[str, ...]:
        """Names of the signals that it watches unless it is told others."""
        raise NotImplementedError

    def watchable(self, program: Program) -> tuple[str, ...]:
        """Names of the signals that it may watch."""
        return tuple(dict.fromkeys(operator.target for operator in program.operators))

    def learns_from(self, program: Program, signals: Sequence[str]) -> tuple[str, ...]:
        """Names of the signals whose codes it learns from, where it is to watch `signals`."""
        return tuple(signals)

    def learned(
        self,
        program: Program,
        signals: Sequence[str],
        utterances: Iterable[Mapping[str, np.ndarray]],
    ) -> BehaviourArea:
        """The monitor with what clean frames are like; drift and limit are found later.

        Args:
            program: That computed them.
            signals: Names of those that are watched.
            utterances: Codes of `learns_from`, [frames * rate, channels] by name; at least one.
        """
        baseline = self.learn(program, signals, utterances)
        return BehaviourArea(self.name, signals=tuple(signals), baseline=baseline)

    def learn(
        self,
        program: Program,
        signals: Sequence[str],
        utterances: Iterable[Mapping[str, np.ndarray]],
    ) -> tuple[int, ...]:
        """The baseline of clean frames; see `learned`."""
        raise NotImplementedError

    def drift_for(self, scores: np.ndarray) -> int:
        """What is to be taken off in every frame, given the scores of clean ones, int64 [frames]."""
        return self.usual_drift

    def learned_length(self, area: BehaviourArea, layout: Places) -> int:
        """Numbers that the baseline of these signals has."""
        raise NotImplementedError

    def check_area(self, area: BehaviourArea, layout: Places) -> None:
        """Raise WorkbenchError for what was learned from another program, or nothing was."""
        program = layout.program
        if not area.baseline:
            raise WorkbenchError(
                f"{self.name} has learned nothing yet; `workbench calibrate` makes a strategy that has"
            )
        known = self.watchable(program)
        for name in area.signals:
            if name not in known:
                inputs = self.judges_inputs and not self.reads_memory
                what = "input" if inputs else "target of an operator"
                raise WorkbenchError(
                    f"{self.name} watches the signal {name!r:.60}, which is no {what} of {program.name}; "
                    f"{nearest(name, known)}"
                )
        if area.program != program.content_hash[:HASH_DIGITS]:
            raise WorkbenchError(
                f"{self.name} learned from the program {area.program or 'of no name'!s:.16} and this one is "
                f"{program.content_hash[:HASH_DIGITS]}; calibrate it again with `workbench calibrate`"
            )
        wanted = self.learned_length(area, layout)
        if len(area.baseline) != wanted:
            raise WorkbenchError(
                f"the baseline of {self.name} has {len(area.baseline):,} numbers and these signals need "
                f"{wanted:,}; calibrate it again with `workbench calibrate`"
            )


def stored(values: Sequence[int] | np.ndarray, bits: int) -> np.ndarray:
    """Values as codes of `bits` bits; WorkbenchError for what has no room in them."""
    made = np.asarray(values, np.int64)
    dtype = code_dtype(bits)
    if made.size and not np.array_equal(made.astype(dtype), made):
        raise WorkbenchError(f"a baseline has values beyond {bits} bits; calibrate it again")
    return made.astype(dtype)


def bit_lengths(values: np.ndarray) -> np.ndarray:
    """Bits of numbers from 0 to 2^32, int64, as many; 0 has none."""
    return np.frexp(values.astype(np.float64))[1].astype(np.int64)
