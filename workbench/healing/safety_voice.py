"""A safety voice: when it is heard instead of the first, and how one fades into the other.

Layout: the C of `workbench/firmware/runtime/wb_safety.h` does the same. Samples are int16.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from workbench.errors import WorkbenchError
from workbench.healing.majority import majority
from workbench.healing.statuses import StepStatus
from workbench.integer.program import Program
from workbench.memory.layout import Layout

SHARE = 0.15  # of the bytes and of the multiply-accumulates of the voice that it stands in for
_MOST = 2**15


class Heard(IntEnum):
    """What is heard in a frame: one of two voices, or one that fades into the other."""

    VOICE = 0
    SAFETY = 1
    TO_SAFETY = 2
    TO_VOICE = 3


@dataclass(frozen=True)
class SafetyRules:
    """When voices change.

    Args:
        patience: Frames in a row with known damage until the safety voice speaks; at once where nothing helps.
        recovery: Frames in a row without any until the first speaks again: a round of its checks or more.
    """

    patience: int = 25
    recovery: int = 250

    def __post_init__(self) -> None:
        for name, frames in vars(self).items():
            if type(frames) is not int or not 1 <= frames <= _MOST:
                raise WorkbenchError(
                    f"{name} of a safety voice is {frames!r} frames; choose a whole number from 1 to {_MOST:,}"
                )


@dataclass(frozen=True)
class SafetyVoice:
    """A second voice of a strategy.

    Args:
        program: That speaks where healing fails; it lies in flash, where upsets of RAM do not reach it.
        rules: When voices change.
    """

    program: Program
    rules: SafetyRules = field(default_factory=SafetyRules)


class Switch:
    """Which voice speaks. copies: uint32 [3] of its state, of which the majority counts."""

    def __init__(self, rules: SafetyRules) -> None:
        self.rules = rules
        self.copies = np.zeros(3, np.uint32)

    def next(self, status: int) -> Heard:
        """What is heard in a frame whose step returned `status`, 0 to 3 as `wb_status`."""
        word = majority(self.copies)
        speaks = word & 1
        limit = self.rules.recovery if speaks else self.rules.patience
        changes = (
            status in (StepStatus.OK, StepStatus.HEALED)
            if speaks
            else status >= StepStatus.DEGRADED
        )
        asked = min(word >> 1, limit) + 1 if changes else 0
        if asked >= limit or (not speaks and status == StepStatus.UNHEALABLE):
            heard = Heard.TO_VOICE if speaks else Heard.TO_SAFETY
            speaks, asked = 1 - speaks, 0
        else:
            heard = Heard.SAFETY if speaks else Heard.VOICE
        self.copies[:] = asked << 1 | speaks
        return heard

    def run(self, status: int, frames: int) -> Iterator[tuple[Heard, int]]:
        """What is heard in as many frames, each of whose steps returned `status`: (what, frames) in order."""
        while frames:
            word = int(self.copies[0])
            speaks, asked = word & 1, word >> 1
            asks = (
                status in (StepStatus.OK, StepStatus.HEALED)
                if speaks
                else status >= StepStatus.DEGRADED
            )
            limit = self.rules.recovery if speaks else self.rules.patience
            same = limit - 1 - asked if asks and status != StepStatus.UNHEALABLE else 0
            if not asks or same > 0:
                same = min(same, frames) if asks else frames
                self.copies[:] = (asked + same if asks else 0) << 1 | speaks
                yield Heard(speaks), same
                frames -= same
            else:
                yield self.next(status), 1
                frames -= 1


def mixed(heard: Heard, voice: np.ndarray, safety: np.ndarray) -> np.ndarray:
    """A frame that is heard, int16 [samples], of those of both voices.

    >>> mixed(Heard.TO_SAFETY, np.int16([0, 0, 0, 0]), np.int16([8, 8, 8, 8])).tolist()
    [2, 4, 6, 8]
    """
    count = len(voice)
    rising = np.arange(1, count + 1)
    later = {
        Heard.VOICE: np.zeros(count, np.int64),
        Heard.SAFETY: np.full(count, count),
        Heard.TO_SAFETY: rising,
        Heard.TO_VOICE: count - rising,
    }[heard]
    first, second = (each.astype(np.int64) for each in (voice, safety))
    return ((first * (count - later) + second * later) // count).astype(np.int16)


def frames_of_safety(
    rules: SafetyRules, runs: Iterable[tuple[int, int]], starts: np.ndarray
) -> np.ndarray:
    """In how many frames of each utterance the safety voice is heard, alone or in a fade, int64 [utterances].

    runs: (status, frames) of a device from its first frame on. starts: of the utterances, and the end of the last, int64.
    """
    switch, at = Switch(rules), 0
    frames = np.zeros(len(starts) - 1, np.int64)
    for status, count in runs:
        for heard, lasts in switch.run(status, count):
            if heard != Heard.VOICE:
                inside = np.minimum(starts[1:], at + lasts) - np.maximum(starts[:-1], at)
                frames += np.maximum(inside, 0)
            at += lasts
    return frames


def refuse_other_inputs(voice: Program, safety: Program) -> None:
    """Raise WorkbenchError for a safety voice that takes other inputs or has other frames."""
    rates, others = (
        [p.signal(name).rate for name in (*p.inputs, p.output)] for p in (voice, safety)
    )
    if voice.inputs != safety.inputs or rates != others:
        raise WorkbenchError(
            "the safety voice has other inputs or frames than the voice that it stands in for; train both for the same "
            "utterances"
        )


def _sizes(program: Program) -> tuple[int, int]:
    """Bytes of parameters, and multiply-accumulates a frame."""
    return Layout(program, areas=()).working_bytes, program.macs_per_frame()


def shares_of_budget(voice: Program, safety: Program) -> tuple[float, float]:
    """What a safety voice has of the bytes of parameters and of the multiply-accumulates of the voice."""
    pairs = zip(_sizes(voice), _sizes(safety), strict=True)
    bytes_of, macs = (part / whole for whole, part in pairs)
    return bytes_of, macs


def refuse_over_budget(voice: Program, safety: Program) -> None:
    """Raise WorkbenchError for a safety voice that takes other inputs, or more than SHARE of the bytes or of the work."""
    refuse_other_inputs(voice, safety)
    what = "bytes of parameters", "multiply-accumulates a frame"
    for name, whole, part in zip(what, _sizes(voice), _sizes(safety), strict=True):
        if part > SHARE * whole:
            raise WorkbenchError(
                f"the safety voice has {part:,} {name} and {SHARE:.0%} of the voice are {SHARE * whole:,.0f}; train a "
                "smaller one, as `workbench train challenge --preset safety` does, or allow it with --over-budget "
                "(over_budget=True)"
            )
