"""What a monitor learns of clean codes: by which input to tell frames apart, into how many classes, and their histograms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np

from workbench.integer.program import Program
from workbench.integer.signals import Signal
from workbench.memory.watches.conditions import conditions_of, information, merged

BINS = 16
MOST_SHIFT = 15
_HEAD_FRAMES = 20_000  # by which the condition is chosen
_FINE_BITS = 12  # of a code, while it is learned; less by two with several channels
_GAIN = 0.02  # bits a code that a condition has to tell, to be worth its bytes


@dataclass(frozen=True)
class Histograms:
    """Of clean codes.

    Args:
        condition: The input that tells most about them, "" where none tells anything to speak of.
        of_row: Class of each row of the input, int64 [rows].
        centre: Median of each class and channel, codes, int64 [classes, channels].
        shift: Of a channel's codes, for bins, int64 [channels].
        counts: Codes in each bin, all channels together, int64 [classes, BINS].
    """

    condition: str
    of_row: np.ndarray
    centre: np.ndarray
    shift: np.ndarray
    counts: np.ndarray


class _Fine:
    """Counts of a signal's codes by row of an input, in narrow bins: int64 [rows, channels, fine bins]."""

    def __init__(self, signal: Signal, rows: int) -> None:
        bits = min(signal.bits, _FINE_BITS if signal.channels == 1 else _FINE_BITS - 2)
        self.shift, self.bins, self.signal = signal.bits - bits, 1 << bits, signal
        self.rows = rows
        self.counts = np.zeros((rows, signal.channels, self.bins), np.int64)

    def add(self, codes: np.ndarray, row: np.ndarray) -> None:
        """codes: [frames * rate, channels]; row: of each frame, [frames]."""
        fine = (codes.astype(np.int64) >> self.shift) + self.bins // 2
        row = np.repeat(np.clip(row.astype(np.int64), 0, self.rows - 1), self.signal.rate)
        where = (row[:, None] * self.signal.channels + np.arange(self.signal.channels)) * self.bins
        flat = np.bincount((where + fine).reshape(-1), minlength=self.counts.size)
        self.counts += flat.reshape(self.counts.shape)

    def coarse(self) -> np.ndarray:
        """In BINS bins of about as many codes each, channel by channel: [rows, channels, BINS]."""
        below = np.cumsum(self.counts.sum(axis=0), axis=1)  # [channels, fine bins]
        part = (below - 1) * BINS // np.maximum(below[:, -1:], 1)
        part = np.clip(part, 0, BINS - 1)
        made = np.zeros((self.rows, self.signal.channels, BINS), np.int64)
        for channel, of_bin in enumerate(part):
            np.add.at(made[:, channel].T, of_bin, self.counts[:, channel].T)
        return made


def learned_histograms(
    program: Program,
    signal: Signal,
    utterances: Iterable[Mapping[str, np.ndarray]],
    *,
    classes: int,
) -> Histograms:
    """What clean utterances tell; see `Histograms`.

    Args:
        program: That computed them.
        signal: Whose codes are counted.
        utterances: Codes of the signal and of all conditions, [frames * rate, channels] by name; at least one.
        classes: At most so many.
    """
    stream = iter(utterances)
    head = list(_first(stream, signal))
    condition, rows = _chosen(program, signal, head)
    fine = _Fine(signal, rows)
    for codes in chain(head, stream):
        frames = len(codes[signal.name]) // signal.rate
        row = codes[condition].reshape(-1) if condition else np.zeros(frames, np.int64)
        fine.add(codes[signal.name], row)
    of_row = merged(fine.coarse(), classes)
    held = np.zeros((int(of_row.max()) + 1, *fine.counts.shape[1:]), np.int64)
    np.add.at(held, of_row, fine.counts)  # [classes, channels, fine bins]
    half = held.sum(axis=2, keepdims=True) / 2
    middle = (np.cumsum(held, axis=2) < half).sum(axis=2)  # [classes, channels]
    shift = np.array([_widest(held[:, c], middle[:, c]) for c in range(signal.channels)])
    counts = sum(_binned(held[:, c], middle[:, c], s) for c, s in enumerate(shift.tolist()))
    centre = (middle - fine.bins // 2) << fine.shift
    if len(held) == 1:  # all rows are alike
        condition, of_row = "", of_row[:0]
    return Histograms(condition, of_row, centre, shift + fine.shift, np.asarray(counts))


def _first(
    stream: Iterator[Mapping[str, np.ndarray]], signal: Signal
) -> Iterator[Mapping[str, np.ndarray]]:
    done = 0
    for codes in stream:
        yield codes
        done += len(codes[signal.name]) // signal.rate
        if done >= _HEAD_FRAMES:
            return


def _chosen(
    program: Program, signal: Signal, head: list[Mapping[str, np.ndarray]]
) -> tuple[str, int]:
    """The input that tells most, and its rows; ("", 1) where none tells enough."""
    best, chosen = _GAIN, ("", 1)
    for name, rows in conditions_of(program).items():
        fine = _Fine(signal, rows)
        for codes in head:
            fine.add(codes[signal.name], codes[name].reshape(-1))
        counts = fine.coarse()
        seen = int(counts.any(axis=(1, 2)).sum())
        by_chance = (seen - 1) * (BINS - 1) / (2 * np.log(2) * max(counts[:, 0].sum(), 1))
        told = information(counts) - by_chance
        if told > best:
            best, chosen = told, (name, rows)
    return chosen


def _binned(held: np.ndarray, middle: np.ndarray, shift: int) -> np.ndarray:
    """Fine counts [classes, fine bins] in bins around the middle of each class: [classes, BINS]."""
    where = (np.arange(held.shape[1]) - middle[:, None] >> shift) + BINS // 2
    where = np.clip(where, 0, BINS - 1)
    made = np.zeros((len(held), BINS), np.int64)
    np.add.at(made, (np.arange(len(held))[:, None], where), held)
    return made


def _widest(held: np.ndarray, middle: np.ndarray) -> int:
    """The shift, beyond that of fine bins, whose bins tell codes apart best: of the largest entropy."""
    entropy = []
    for shift in range(MOST_SHIFT - 3):
        counts = _binned(held, middle, shift)
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        weight = counts.sum(axis=1) / max(counts.sum(), 1)
        bits = -np.where(share > 0, share * np.log2(np.maximum(share, 1e-300)), 0).sum(axis=1)
        entropy.append(float((weight * bits).sum()))
    return int(np.argmax(entropy))
