"""From events at bits of memory to the faults that the native engine takes.

Layout: events are arrays sorted by trial; what comes out is FAULT [n] and offsets [trials + 1].
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.native.trials import (
    ACCUMULATOR,
    ACTIVATION,
    ENTRY,
    FAULT,
    HISTORY,
    KIND_OF_SECTION,
    first_elements,
)
from workbench.integer.operators import PrunedConv
from workbench.integer.program import Program
from workbench.integer.pruned_changes import STRUCTURE
from workbench.integer.pruning import dense_program
from workbench.integer.sections import WEIGHTS
from workbench.memory.faults.events import FLIP, SET, Events
from workbench.memory.faults.transients import Sites, TransientPlace
from workbench.memory.image import Image
from workbench.memory.ordering import stable_order
from workbench.memory.places import PARAMETER_SECTIONS, STATE, Place

_NO_KIND = -1  # what no sound depends on: golden copy, checks, the healer's variables
_ALL_BITS = 0xFFFFFFFF
_FAULTS_AT_ONCE = 1 << 18  # of whole trials, with some hundred bytes each while they are translated


class FaultTranslator:
    """Translates events for `image`, whose own flips it puts before those of every trial.

    frames: of the utterance; what happens after it is left out.
    """

    def __init__(self, image: Image, frames: int) -> None:
        self.image = image
        self.sites = Sites(image)
        self.frames = frames
        self.already = image.flipped()
        operators = {operator.name: i for i, operator in enumerate(image.program.operators)}
        signals: dict[str | None, int] = {
            signal.name: i for i, signal in enumerate(image.program.signals)
        }
        places = self.sites.places
        self._kind = np.array([_kind(place) for place in places], np.int32)
        self._structure = np.array([is_structure(image.program, place) for place in places], bool)
        self._kind[self._structure] = _NO_KIND
        self._operator = np.array(
            [operators.get(place.operator, len(operators)) for place in places], np.int32
        )
        self._moved = _moved(image.program, places)
        first = first_elements(dense_program(image.program))
        self._first = np.array(
            [first.get((place.operator, place.tensor), 0) for place in places], np.int32
        )
        self._signal = np.array([signals.get(_signal(place), 0) for place in places], np.int32)

    def parts(self, events: Events, trials: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Parts of the trials, one after the other, that are small enough for the memory.

        Of each: FAULT [n] in the order that the engine needs, and offsets int64 [its trials + 1].
        Raises WorkbenchError as `check`.
        """
        self.check(events, trials)
        state = self.sites.layout.sections[STATE]
        stuck = state.has(events.position) & (events.action != FLIP) & (events.frame < self.frames)
        faults = np.bincount(
            events.trial, np.where(stuck, self.frames - events.frame, 1), minlength=trials
        )
        part = np.cumsum(faults + len(self.already)) // _FAULTS_AT_ONCE
        starts = np.flatnonzero(np.diff(part, prepend=-1.0))
        for start, stop in pairwise([*starts.tolist(), trials]):
            yield self._translated(events.of_trials(start, stop), stop - start)

    def _translated(self, events: Events, trials: int) -> tuple[np.ndarray, np.ndarray]:
        trial, frame, position, action = (np.asarray(column) for column in events)
        if len(self.already):
            trial = np.concatenate([np.repeat(np.arange(trials), len(self.already)), trial])
            frame = np.concatenate([np.zeros(trials * len(self.already), np.int64), frame])
            position = np.concatenate([np.tile(self.already, trials), position])
            action = np.concatenate([np.full(trials * len(self.already), FLIP, np.uint8), action])
        number, element, bit = self.sites.locate(position)
        kind = np.where(number < 0, _NO_KIND, self._kind[number])
        for moved_place, elements in self._moved.items():
            moved = number == moved_place
            element[moved] = elements[element[moved]]
            kind[moved & (element < 0)] = _NO_KIND
        heard = (kind != _NO_KIND) & (frame < self.frames)
        columns = [column[heard] for column in (trial, frame, action, number, element, bit, kind)]
        trial, frame, action, number, element, bit, kind = _stuck_cells(columns, self.frames)
        mask = np.left_shift(np.uint32(1), bit.astype(np.uint32))
        faults = np.zeros(len(trial), FAULT)
        faults["operator"], faults["kind"] = self._operator[number], kind
        faults["element"], faults["frame"] = self._first[number] + element, frame
        faults["keep"] = np.where(action == FLIP, np.uint32(_ALL_BITS), ~mask)
        faults["flip"] = np.where((action == FLIP) | (action == SET), mask, np.uint32(0))
        faults["signal"] = self._signal[number]
        order = _engine_order(trial, faults)
        offsets = np.searchsorted(trial[order], np.arange(trials + 1))
        return faults[order], offsets.astype(np.int64)

    def structural(self, events: Events, trials: int) -> np.ndarray:
        """Trials in which masks, modes or reserves of pruned convolutions are hit: bool [trials].

        Which weights count then is no matter of single weights. Raises WorkbenchError as `check`.
        """
        if not self._structure.any():
            return np.zeros(trials, bool)
        self.check(events, trials)
        hit = np.zeros(trials, bool)
        number, *_ = self.sites.locate(np.asarray(events.position))
        hit[events.trial[(number >= 0) & self._structure[number]]] = True
        number, *_ = self.sites.locate(self.already)
        return hit | bool(self._structure[number[number >= 0]].any())

    def check(self, events: Events, trials: int) -> None:
        """Raise WorkbenchError for a trial, frame or position that does not exist."""
        for name, column, stop in (
            ("trial", events.trial, trials),
            ("bit position", events.position, self.sites.size),
            ("frame", events.frame, None),
        ):
            outside = column[(column < 0) | (column >= stop if stop is not None else False)]
            if len(outside):
                raise WorkbenchError(
                    f"there is no {name} {outside[0]}; "
                    + (f"they run from 0 to {stop - 1}" if stop is not None else "use 0 or more")
                )


def is_structure(program: Program, place: Place | TransientPlace) -> bool:
    """Whether a place decides which weights of a pruned convolution count."""
    if isinstance(place, TransientPlace) or place.section not in PARAMETER_SECTIONS:
        return False
    operator = next(o for o in program.operators if o.name == place.operator)
    return isinstance(operator, PrunedConv) and place.tensor in STRUCTURE


def _moved(program: Program, places: Sequence[Place | TransientPlace]) -> dict[int, np.ndarray]:
    """Of kept weights, by the number of their place: elements of the dense weights, int64, -1 for none."""
    pruned = {o.name: o for o in program.operators if isinstance(o, PrunedConv)}
    return {
        number: pruned[place.operator].places[:, : pruned[place.operator].kept.shape[1]].reshape(-1)
        for number, place in enumerate(places)
        if isinstance(place, Place) and place.section == WEIGHTS and place.operator in pruned
    }


def _signal(place: Place | TransientPlace) -> str | None:
    return place.signal if isinstance(place, TransientPlace) else None


def _kind(place: Place | TransientPlace) -> int:
    if isinstance(place, TransientPlace):
        return ACTIVATION if place.signal is not None else ACCUMULATOR
    if place.section == STATE:
        return HISTORY
    return KIND_OF_SECTION.get(place.section, _NO_KIND)


def _stuck_cells(columns: list[np.ndarray], frames: int) -> list[np.ndarray]:
    """A stuck cell of a history is forced again before every later frame."""
    _, frame, action, *_, kind = columns
    stuck = (kind == HISTORY) & (action != FLIP)
    if not stuck.any():
        return columns
    times = np.where(stuck, frames - frame, 1)
    repeated = [np.repeat(column, times) for column in columns]
    started = np.repeat(np.cumsum(times) - times, times)
    repeated[1] = repeated[1] + np.arange(len(started)) - started
    return repeated


def _engine_order(trial: np.ndarray, faults: np.ndarray) -> np.ndarray:
    """Sorted as `SparseRun.outcomes` asks; what happens to one bit at one time stays in order."""
    if len(trial) < 2 or (np.diff(trial) > 0).all():
        return np.arange(len(trial))
    kind = faults["kind"]
    by_element = np.where((kind == HISTORY) | (kind == ENTRY), 0, faults["element"])
    return stable_order(trial, faults["operator"], kind, by_element, faults["frame"])
