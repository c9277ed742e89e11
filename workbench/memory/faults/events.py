"""Fault events of a trial, one by one or in one table for many trials.

Reference: the common classes of hardware faults, bit flips and stuck-at cells. Layout: columns
sorted by trial, then frame, then position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

FLIP, CLEAR, SET = 0, 1, 2  # inverted; stuck at 0; stuck at 1
ACTIONS = ("flip", "stuck at 0", "stuck at 1")


@dataclass(frozen=True, order=True)
class Event:
    """What happens to one bit at the start of a frame; see `Events` for what that means.

    frame: counted from the first of an utterance or of a device. position: 8 * address + bit of the
    image. action: FLIP, CLEAR or SET.
    """

    frame: int
    position: int
    action: int = FLIP

    @property
    def stuck_at(self) -> int:
        """0 or 1 where the cell holds this value from then on, -1 for a flip."""
        return self.action - CLEAR


class Events(NamedTuple):
    """Events of many trials: int64 [n] trial, frame and position, uint8 [n] action.

    trial: its number within the batch, from 0. position: 8 * address + bit of the image, or beyond
    it of `TransientSites`. An event happens at the start of its frame, before that is computed and
    after a word's reset of the histories; at a transient site within the frame.

    FLIP inverts the bit once. CLEAR and SET on a stored bit that nothing rewrites hold from then on;
    in the `state` section, where histories move on every frame, the cell is forced again at the start
    of every later frame and the forced value moves on; at a transient site they hold in that frame
    alone. At the start of a frame cells that are stuck already are forced first, then the frame's
    events happen in their order.
    """

    trial: np.ndarray
    frame: np.ndarray
    position: np.ndarray
    action: np.ndarray

    def of_trials(self, first: int, stop: int) -> Events:
        """The events of the trials first .. stop - 1, renumbered from 0."""
        begin, end = np.searchsorted(self.trial, [first, stop])
        return Events(
            self.trial[begin:end] - first,
            self.frame[begin:end],
            self.position[begin:end],
            self.action[begin:end],
        )

    def of_chosen(self, trials: np.ndarray) -> Events:
        """The events of some trials, int64 [n] ascending, renumbered from 0 in that order."""
        inside = np.isin(self.trial, trials)
        return Events(
            np.searchsorted(trials, self.trial[inside]),
            self.frame[inside],
            self.position[inside],
            self.action[inside],
        )

    def rows(self, trials: int) -> list[list[Event]]:
        """The events of each of the trials 0 .. trials - 1, by frame, position and action."""
        made: list[list[Event]] = [[] for _ in range(trials)]
        columns = (column.tolist() for column in self)
        for trial, frame, position, action in zip(*columns, strict=True):
            made[trial].append(Event(frame, position, action))
        return [sorted(each) for each in made]


def single_flips(positions: np.ndarray) -> Events:
    """One flip before the first frame in each trial, of int64 [trials] positions."""
    nothing = np.zeros(len(positions), np.int64)
    return Events(np.arange(len(positions)), nothing, positions, nothing.astype(np.uint8))


def merged(parts: Sequence[Events]) -> Events:
    """All events of the same trials together."""
    empty = Events(*(np.zeros(0, np.int64) for _ in Events._fields))
    return sorted_events(*map(np.concatenate, zip(empty, *parts, strict=True)))


def sorted_events(
    trial: np.ndarray, frame: np.ndarray, position: np.ndarray, action: np.ndarray
) -> Events:
    """Events from columns [n] in any order; equal (trial, frame, position) keep theirs."""
    order = np.lexsort((position, frame, trial))
    return Events(
        trial[order].astype(np.int64),
        frame[order].astype(np.int64),
        position[order].astype(np.int64),
        action[order].astype(np.uint8),
    )
