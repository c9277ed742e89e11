"""A check of the inputs: whether a frame, and the step to it, are like any that clean inputs have.

    score = numbers of the frame that together were never seen, in pairs
          + numbers that never followed those of the frame before, one by one
          + FROZEN where all numbers have been the same for longer than they ever were
          + BEYOND where a number is beyond its levels, which is an alarm at once

The numbers are those of `input_codes`. What lies beyond its levels was never seen, so that range, order and novelty are
one rule, and a stream that froze in the middle of a phone breaks the order at once. No weight is read: a fault of the
memory changes no input, and what this check finds is in the data. It says so, and while it does, alarms of other
monitors that memory does not explain are taken for the same.
Layout: `past` int16 [numbers] and `same` int16 [1], frames that all numbers have been the same for, 0 at start-up, in RAM;
`pairs` and `steps` int8, bits of what was seen, lowest first, a byte boundary between two tables; `longest` int16 [1].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.program import Program
from workbench.memory.places import Places
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.behaviour import Behaviour, BehaviourKind, Memory, stored
from workbench.memory.watches.behaviour_area import MOST_SCORE, BehaviourArea
from workbench.memory.watches.input_codes import MOST_CODES, levels_of, numbers_of

FROZEN, BEYOND = 8, 1000
_DRIFT_QUANTILE = 0.999
_MOST_SAME = 2**15 - 1


@dataclass(frozen=True)
class Table:
    """Where the bits of what was seen of two numbers begin.

    Args:
        first, second: Numbers of a frame, or one of the frame before and the same of this one.
        rows, columns: Levels of both.
        start: Bytes before it.
    """

    first: int
    second: int
    rows: int
    columns: int
    start: int


def tables_of(levels: Sequence[int]) -> tuple[list[Table], list[Table]]:
    """Tables of all pairs of a frame, and of all steps, each from byte 0."""
    numbers = range(len(levels))
    pairs, steps = list(combinations(numbers, 2)), [(n, n) for n in numbers]
    return _tables(levels, pairs), _tables(levels, steps)


def _tables(levels: Sequence[int], of: Sequence[tuple[int, int]]) -> list[Table]:
    made, start = [], 0
    for first, second in of:
        table = Table(first, second, levels[first], levels[second], start)
        made.append(table)
        start += bytes_of(table)
    return made


def bytes_of(table: Table) -> int:
    """Of its bits."""
    return -(-table.rows * table.columns // 8)


def _sizes(levels: Sequence[int]) -> tuple[int, int]:
    """Bytes of `pairs` and `steps`, at least one each."""
    pairs, steps = tables_of(levels)
    return max(1, sum(map(bytes_of, pairs))), sum(map(bytes_of, steps))


def _places(table: Table, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The bit of each frame, int64 [frames]; -1 beyond the levels."""
    inside = (first >= 0) & (first < table.rows) & (second >= 0) & (second < table.columns)
    return np.where(inside, 8 * table.start + first * table.columns + second, -1)


def _never(bits: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Whether the bits of some places are not set, bool [frames]; bits: uint8 [bytes]."""
    held = (bits[np.maximum(places, 0) >> 3] >> (np.maximum(places, 0) & 7)) & 1
    return (places < 0) | (held == 0)


def _runs(numbers: np.ndarray, past: np.ndarray, same: int) -> np.ndarray:
    """For how many frames all numbers have been the same, with each frame, int64 [frames]."""
    before = np.concatenate([past[None], numbers[:-1]])
    changed = (numbers != before).any(axis=1)
    if same <= 0:
        changed[0] = True
    at = np.arange(len(numbers))
    began = np.maximum.accumulate(np.where(changed, at, -1))
    return np.minimum(np.where(began < 0, at + 1 + same, at - began + 1), _MOST_SAME)


class InputWatch(Behaviour):
    """What was seen of the inputs."""

    @cached_property
    def levels(self) -> list[int]:
        """Of each number of a frame."""
        return levels_of(self.layout.program, self.signals)

    def baselines(self) -> Mapping[str, tuple[int, np.ndarray]]:
        """`pairs`, `steps` and `longest`."""
        pairs, steps = _sizes(self.levels)
        learned = self._learned.baseline
        return {
            "pairs": (8, stored(learned[:pairs], 8)),
            "steps": (8, stored(learned[pairs : pairs + steps], 8)),
            "longest": (16, stored(learned[pairs + steps :], 16)),
        }

    def memories(self) -> Mapping[str, tuple[int, tuple[int, ...]]]:
        """`past` and `same`."""
        return {"past": (16, (len(self.levels),)), "same": (16, (1,))}

    def measures(self, data: np.ndarray, signals: Mapping[str, np.ndarray]) -> np.ndarray:
        """The numbers of each frame, int64 [frames, numbers]."""
        return numbers_of(self.layout.program, self.signals, signals)

    def scores(self, data: np.ndarray, memory: Memory, measures: np.ndarray) -> np.ndarray:
        """See the module."""
        if not len(measures):
            return np.zeros(0, np.int64)
        pairs, steps = (
            read_tensor(data, self.place(name)).astype(np.int8).view(np.uint8)
            for name in ("pairs", "steps")
        )
        longest = int(read_tensor(data, self.place("longest"))[0])
        past, same = memory["past"], int(memory["same"][0])
        before = np.concatenate([past[None], measures[:-1]])
        of_pairs, of_steps = tables_of(self.levels)
        score = np.zeros(len(measures), np.int64)
        for table in of_pairs:
            score += _never(
                pairs, _places(table, measures[:, table.first], measures[:, table.second])
            )
        stepped = np.zeros(len(measures), np.int64)
        for table in of_steps:
            stepped += _never(
                steps, _places(table, before[:, table.first], measures[:, table.second])
            )
        if same <= 0:  # nothing is known of the frame before the first
            stepped[0] = 0
        runs = _runs(measures, past, same)
        score += stepped + FROZEN * (runs > longest)
        memory["past"], memory["same"] = measures[-1].copy(), runs[-1:]
        beyond = ((measures < 0) | (measures >= np.array(self.levels))).any(axis=1)
        return np.minimum(score + BEYOND * beyond, MOST_SCORE)


@dataclass(frozen=True)
class InputCheck(BehaviourKind):
    """Range, order, novelty and freezing of the inputs."""

    watch: ClassVar = InputWatch
    sees: ClassVar[str] = "whether inputs are like any that it has learned from"
    judges_inputs: ClassVar[bool] = True

    def watchable(self, program: Program) -> tuple[str, ...]:
        """The inputs."""
        return tuple(program.inputs)

    def usual_signals(self, program: Program) -> tuple[str, ...]:
        """All inputs."""
        return tuple(program.inputs)

    def learn(
        self,
        program: Program,
        signals: Sequence[str],
        utterances: Iterable[Mapping[str, np.ndarray]],
    ) -> tuple[int, ...]:
        """Bits of all pairs and steps that were seen, and how long all stayed the same."""
        self._refuse_wide(program, signals)
        levels = levels_of(program, signals)
        sizes = _sizes(levels)
        seen = [np.zeros(size, np.uint8) for size in sizes]
        past, same, longest = np.zeros(len(levels), np.int64), 0, 0
        for codes in utterances:
            numbers = numbers_of(program, signals, codes)
            before = np.concatenate([past[None], numbers[:-1]])[0 if same else 1 :]
            after = numbers[0 if same else 1 :]
            for bits, tables, left, right in zip(
                seen, tables_of(levels), (numbers, before), (numbers, after), strict=True
            ):
                for table in tables:
                    places = _places(table, left[:, table.first], right[:, table.second])
                    places = np.unique(places[places >= 0])
                    np.bitwise_or.at(bits, places >> 3, (1 << (places & 7)).astype(np.uint8))
            runs = _runs(numbers, past, same)
            past, same = numbers[-1], int(runs[-1])
            longest = max(longest, int(runs.max()))
        return (*(int(each) for bits in seen for each in bits.view(np.int8)), longest)

    def drift_for(self, scores: np.ndarray) -> int:
        """What one clean frame in a thousand exceeds, at least 1: where little was learned, much is new."""
        return max(self.usual_drift, int(np.quantile(scores, _DRIFT_QUANTILE)))

    def learned_length(self, area: BehaviourArea, layout: Places) -> int:
        """Bytes of both tables, and the longest run."""
        self._refuse_wide(layout.program, area.signals)
        return sum(_sizes(levels_of(layout.program, area.signals))) + 1

    def _refuse_wide(self, program: Program, signals: Sequence[str]) -> None:
        for signal in map(program.signal, signals):
            if signal.rate * signal.channels > MOST_CODES:
                raise WorkbenchError(
                    f"{self.name} adds up at most {MOST_CODES:,} codes a frame and {signal.name} has "
                    f"{signal.rate * signal.channels:,}; leave it out"
                )
