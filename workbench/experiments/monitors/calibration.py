"""Calibration: a monitor learns its baseline, then its limit, and is checked, each on utterances of their own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from workbench.errors import WorkbenchError, expect, nearest
from workbench.experiments.monitors.false_alarms import FalseAlarms
from workbench.experiments.monitors.faulty import lessons
from workbench.experiments.monitors.limits import alarm_frames, episodes, limit_for
from workbench.experiments.monitors.streams import CHECK, LEARN, LIMIT, Stream, is_endless, laid_out
from workbench.experiments.voices.voice import Voice
from workbench.healing.strategies.fitted import fitted
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.watching import watched_by
from workbench.integer.program import Program
from workbench.memory.watches.areas import KINDS
from workbench.memory.watches.behaviour import HASH_DIGITS, BehaviourKind
from workbench.memory.watches.behaviour_area import BehaviourArea
from workbench.memory.watches.conditioned import (
    MOST_CLASSES,
    MOST_FADE,
    ConditionedKind,
    FadingKind,
)
from workbench.memory.watches.watchdog import UNITS, Watchdog

MEAN_FRAMES = 1e6
FRAMES = 2_000_000
_LESSONS = 4  # a network learns from one frame in so many
_OTHERS = 3_000_003  # seed of the utterances that it learns from, which gave no ranges
_LEAST_MEAN, _MOST_MEAN = 100, 1e9


@dataclass(frozen=True)
class Calibration:
    """A calibrated monitor and what it was calibrated on.

    Args:
        area: The monitor.
        voice: That it watches.
        mean_frames: Wanted between two false alarms.
        endless: Whether utterances or their order were drawn; else they are all that the generator can say.
        false: Alarms in the stream that neither baseline nor limit have seen.
        seen: Scores of the frames that the limit is from, int64 [frames].
        scores: Of those that neither has seen, likewise.
    """

    area: BehaviourArea
    voice: Voice
    mean_frames: float
    endless: bool
    false: FalseAlarms
    seen: np.ndarray = field(repr=False, compare=False)
    scores: np.ndarray = field(repr=False, compare=False)

    def at(self, mean_frames: float) -> Calibration:
        """The same monitor with the limit for another mean time; WorkbenchError as of `limit_for`."""
        if not self.endless:
            return replace(self, mean_frames=mean_frames)
        limit = limit_for(self.seen, drift=self.area.drift, mean_frames=mean_frames)
        area = replace(self.area, limit=limit)
        return replace(
            self, area=area, mean_frames=mean_frames, false=_false_alarms(area, self.scores)
        )

    @property
    def strategy(self) -> Strategy:
        """The monitor, and the golden copy that an alarm has memory compared with."""
        return fitted(watched_by(self.area), self.voice.program)


def monitor_kinds(program: Program | None = None) -> list[str]:
    """Names of the kinds that can be calibrated, None for on whatever program."""
    return [
        name
        for name, kind in KINDS.items()
        if isinstance(kind, BehaviourKind) and (program is None or kind.watchable(program))
    ]


def alarming_kinds() -> list[str]:
    """Names of those whose alarms have memory checked, and so say something of the device and not of the data."""
    return [
        name
        for name, kind in KINDS.items()
        if isinstance(kind, BehaviourKind) and not kind.judges_inputs
    ]


def calibrate(
    voice: Voice,
    monitor: str = "hidden-markers",
    *,
    mean_frames: float = MEAN_FRAMES,
    frames: int = FRAMES,
    signals: tuple[str, ...] | None = None,
    classes: int | None = None,
    seed: int = 0,
    units: int | None = None,
    again: int | None = None,
    window: int | None = None,
) -> Calibration:
    """Calibrate a monitor of behaviour on what a voice says when nothing is wrong.

    Args:
        voice: To be watched.
        monitor: Name of a kind of monitors.
        mean_frames: Between two false alarms, on average.
        frames: To learn from; as many again for the limit, and as many again to check.
        signals: Names of those to watch; None for the usual ones of the kind.
        classes: At most so many that are told apart by what is said, 1 to 64; None for as many as is usual.
        seed: Of the utterances that are drawn.
        units: Of a watchdog network; None for the usual number.
        again: Frames after an alarm that nothing explained in which a second one is a repetition; None for as many as
            is usual.
        window: Frames of a class that a fading histogram remembers, a power of two from 1 to 256; None for as many as is
            usual.

    Raises:
        WorkbenchError: There is no such monitor, signal or window, too few frames for such rare alarms, or a watchdog beyond its
            budget.
    """
    expect(voice, Voice, "what is to be watched", 'a Voice, as wb.load("speech")')
    kind = KINDS.get(monitor)
    if not isinstance(kind, BehaviourKind):
        near = nearest(str(monitor), monitor_kinds())
        raise WorkbenchError(f"there is no monitor of behaviour {monitor!r}; {near}")
    if not _LEAST_MEAN <= mean_frames <= _MOST_MEAN:
        raise WorkbenchError(
            f"false alarms cannot be {mean_frames:,.0f} frames apart; choose {_LEAST_MEAN} to {_MOST_MEAN:,.0f}"
        )
    if units is not None and not isinstance(kind, Watchdog):
        raise WorkbenchError(f"{monitor} has no units; leave them out, or calibrate a watchdog")
    if frames < 1:
        raise WorkbenchError(f"a monitor learns nothing from {frames:,} frames; choose at least 1")
    if classes is not None:
        kind = _with_classes(kind, classes)
    program, endless = voice.program, is_endless(voice)
    watched = signals or kind.usual_signals(program)
    if window is not None:
        kind = _with_window(kind, window, frames)
    if isinstance(kind, Watchdog):
        kind.check_budget(program, watched, UNITS if units is None else units)
    learning = Stream(voice, LEARN, frames, seed).codes(kind.learns_from(program, watched))
    area = replace(
        kind.learned(program, watched, learning), program=program.content_hash[:HASH_DIGITS]
    )
    if isinstance(kind, Watchdog):
        # Of the frames that gave the ranges no code is beyond them: the network learns from others.
        clean = Stream(voice, LEARN, frames // _LESSONS, _OTHERS + seed).codes(watched)
        faulty = lessons(voice, watched, seed)
        network = kind.train(program, area, clean, faulty, units=UNITS if units is None else units)
        area = replace(area, baseline=(*area.baseline, *network))
    # What a frame scores may depend on what was said before: then no list of utterances is complete.
    remembers = bool(laid_out(voice, area)[0].memories())
    endless |= remembers
    streams = {each: Stream(voice, each, frames, seed, remembers) for each in (LIMIT, CHECK)}
    scores = streams[LIMIT].scores(area)
    area = replace(area, drift=kind.drift_for(scores))
    if endless:
        limit = limit_for(scores, drift=area.drift, mean_frames=mean_frames)
    else:  # every frame that there will ever be was seen: none of them may raise an alarm
        limit = max(1, int(episodes(scores, area.drift).peaks.max(initial=0)))
    area = replace(area, limit=limit)
    if again is not None:
        area = replace(area, again=again)
    held_out = streams[CHECK].scores(area)
    return Calibration(
        area, voice, mean_frames, endless, _false_alarms(area, held_out), scores, held_out
    )


def _false_alarms(area: BehaviourArea, scores: np.ndarray) -> FalseAlarms:
    at = alarm_frames(scores, drift=area.drift, limit=area.limit)
    return FalseAlarms.of(at, len(scores), again=area.again)


def _with_classes(kind: BehaviourKind, classes: int) -> BehaviourKind:
    if not isinstance(kind, ConditionedKind):
        raise WorkbenchError(f"{kind.name} takes all frames alike; leave the number of classes out")
    if not 1 <= classes <= MOST_CLASSES:
        raise WorkbenchError(f"cannot tell {classes} classes; choose 1 to {MOST_CLASSES}")
    return replace(kind, most_classes=classes)


def windowed_kinds() -> list[str]:
    """Names of those that remember the last frames, for as long as is asked for."""
    return [name for name, kind in KINDS.items() if isinstance(kind, FadingKind)]


def _with_window(kind: BehaviourKind, window: int, frames: int) -> BehaviourKind:
    if not isinstance(kind, FadingKind):
        raise WorkbenchError(
            f"{kind.name} has no window; leave it out, or calibrate {' or '.join(windowed_kinds())}"
        )
    windows = [2**fade for fade in range(MOST_FADE + 1)]
    if window not in windows:
        raise WorkbenchError(
            f"a window cannot have {window} frames; choose one of {', '.join(map(str, windows))}"
        )
    if window > frames:
        raise WorkbenchError(
            f"a window of {window:,} frames is longer than the {frames:,} to learn from; choose a shorter one, or more frames"
        )
    return replace(kind, fade=windows.index(window))
