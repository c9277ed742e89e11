"""Rhythm of the inputs: for how long rows of a table are asked for, beside how long that usually lasts.

A rhythm that is 0.4 or 2.5 times another has no phone, and hardly any duration, that was never seen; each of some phones in
a row being shorter, or longer, than usual was not. Where the row that an input asks for changes after `run` frames:

    z     = lg(run) - usual[row]                                   32 a factor of two; lg is that of `logarithms`
    mean  = clamp(mean + (((z << 8) - mean) >> 2), -32768, 32767)   about the last four rows
    score = min(how far mean >> 8 is beyond what clean frames have, 1023), the largest of all inputs

and 0 in all other frames. A row beyond the table says nothing of a rhythm.
Layout: `held` int16 [inputs, 3], the row, for how many frames, 0 before the first, and the mean; `usual` int16 [rows of all
inputs]; `range` int16 [inputs, 2], lowest and highest mean; `log2` int8 [32].
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.program import Program
from workbench.memory.places import Places
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.behaviour import Behaviour, BehaviourKind, Memory, stored
from workbench.memory.watches.behaviour_area import MOST_SCORE, BehaviourArea
from workbench.memory.watches.input_codes import numbers_of, rows_of
from workbench.memory.watches.logarithms import LOG2, logarithms

_MOST_RUN, _LEAST_MEAN, _MOST_MEAN = 2**15 - 1, -(2**15), 2**15 - 1
_MEAN_BITS, _RATE = 8, 2
_TAIL = 0.001  # of the means of clean frames, on either side


class RhythmWatch(Behaviour):
    """A running mean an input."""

    @cached_property
    def rows(self) -> list[int]:
        """Of each input's table."""
        return [rows_of(self.layout.program, name) for name in self.signals]

    def baselines(self) -> Mapping[str, tuple[int, np.ndarray]]:
        """See the module."""
        learned, size = self._learned.baseline, sum(self.rows)
        return {
            "usual": (16, stored(learned[:size], 16)),
            "range": (16, stored(np.reshape(learned[size:], (-1, 2)), 16)),
            "log2": (8, stored(LOG2, 8)),
        }

    def memories(self) -> Mapping[str, tuple[int, tuple[int, ...]]]:
        """`held`."""
        return {"held": (16, (len(self.signals), 3))}

    def measures(self, data: np.ndarray, signals: Mapping[str, np.ndarray]) -> np.ndarray:
        """The row that each input asks for, int64 [frames, inputs]; -1 or the number of rows beyond them."""
        return numbers_of(self.layout.program, self.signals, signals)

    def scores(self, data: np.ndarray, memory: Memory, measures: np.ndarray) -> np.ndarray:
        """See the module."""
        usual, ranges, table = (
            read_tensor(data, self.place(name)).astype(np.int64)
            for name in ("usual", "range", "log2")
        )
        score, first = np.zeros(len(measures), np.int64), 0
        for number, rows in enumerate(self.rows):
            low, high = ranges[number].tolist()
            held = memory["held"][number]
            mean = int(held[2])
            for frame, z in _ended(held, measures[:, number], usual[first : first + rows], table):
                mean = _moved(mean, z)
                slow = mean >> _MEAN_BITS
                beyond = max(slow - high, low - slow, 0)
                score[frame] = max(score[frame], min(beyond, MOST_SCORE))
            held[2] = mean
            first += rows
        return score


def _moved(mean: int, z: int) -> int:
    """The running mean after another row."""
    mean += ((z << _MEAN_BITS) - mean) >> _RATE
    return min(max(mean, _LEAST_MEAN), _MOST_MEAN)


def _ended(
    held: np.ndarray, asked: np.ndarray, usual: np.ndarray, table: np.ndarray
) -> Iterator[tuple[int, int]]:
    """Frames with which a run of a known row has ended, and its z; `held` has the last run after that."""
    row, run, _ = held.tolist()
    run = max(run, 0)
    before = np.concatenate([[row if run else asked[0] if len(asked) else 0], asked[:-1]])
    changes = np.flatnonzero(asked != before)  # [ended runs]
    ends = np.concatenate([changes, [len(asked)]])
    lasted = np.diff(ends, prepend=0)
    lasted[0] += run
    lasted = np.minimum(lasted, _MOST_RUN)
    if len(asked):
        held[:2] = asked[-1], lasted[-1]
    rows = before[changes]
    known = (rows >= 0) & (rows < len(usual))
    z = logarithms(lasted[:-1][known], table) - usual[rows[known]]
    yield from zip(changes[known].tolist(), z.tolist(), strict=True)


@dataclass(frozen=True)
class InputRhythm(BehaviourKind):
    """How long rows of a table are asked for."""

    watch: ClassVar = RhythmWatch
    sees: ClassVar[str] = "for how long inputs ask for a row"
    judges_inputs: ClassVar[bool] = True

    def watchable(self, program: Program) -> tuple[str, ...]:
        """Inputs that choose rows."""
        return tuple(name for name in program.inputs if rows_of(program, name))

    def usual_signals(self, program: Program) -> tuple[str, ...]:
        """Those that choose from the largest table: what is said, and not where in it."""
        rows = {name: rows_of(program, name) for name in self.watchable(program)}
        if not rows:
            raise WorkbenchError(
                f"{self.name} follows rows of tables and {program.name} is given none; leave it out"
            )
        return tuple(name for name in rows if rows[name] == max(rows.values()))

    def learn(
        self,
        program: Program,
        signals: Sequence[str],
        utterances: Iterable[Mapping[str, np.ndarray]],
    ) -> tuple[int, ...]:
        """Mean logarithm of each row's runs, and the range of the running mean."""
        asked = np.concatenate([numbers_of(program, signals, each) for each in utterances])
        usual: list[int] = []
        ranges: list[int] = []
        for number, name in enumerate(signals):
            rows, column = rows_of(program, name), asked[:, number]
            ends = np.concatenate([np.flatnonzero(np.diff(column)) + 1, [len(column)]])
            of, lasted = column[ends - 1], logarithms(np.diff(ends, prepend=0), LOG2)
            every = lasted.mean()  # of a row that is never asked for
            mean = [lasted[of == row].mean() if (of == row).any() else every for row in range(rows)]
            centre = np.round(mean).astype(np.int64)
            held, moved = np.zeros(3, np.int64), [0]
            for _, z in _ended(held, column, centre, LOG2):
                moved.append(_moved(moved[-1], z))
            slow = np.array(moved) >> _MEAN_BITS
            usual += centre.tolist()
            ranges += [int(np.quantile(slow, _TAIL)), int(np.quantile(slow, 1 - _TAIL))]
        return (*usual, *ranges)

    def learned_length(self, area: BehaviourArea, layout: Places) -> int:
        """A number a row, and two an input."""
        return sum(rows_of(layout.program, name) for name in area.signals) + 2 * len(area.signals)
