"""A device that is watched: what its monitors of behaviour score, frame by frame, beside its sound and its log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.fleets.healed_speech import HealedSpeech, healed_speech
from workbench.experiments.fleets.workload import Workload
from workbench.experiments.voices.voice import Voice
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program
from workbench.memory.watches.areas import KINDS
from workbench.memory.watches.behaviour import Behaviour, BehaviourKind
from workbench.memory.watches.monitor import MonitorKind


@dataclass(frozen=True, eq=False)
class Trace:
    """What a monitor made of each frame.

    Args:
        monitor: Name of its kind.
        number: Of its guard, as the log has it.
        scores: int64 [frames].
        sums: That were compared with the limit; after an alarm the sum is 0. int64 [frames].
        limits: The same in all frames, unless a fault changed it; int64 [frames].
        seen: Of monitors with a histogram, as `kl-watch`: that of the frame's class once the frame is counted, shares, float64
            [frames, bins]; else None.
        usual: The same of clean frames.
    """

    monitor: str
    number: int
    scores: np.ndarray
    sums: np.ndarray
    limits: np.ndarray
    seen: np.ndarray | None = None
    usual: np.ndarray | None = None

    @property
    def alarms(self) -> np.ndarray:
        """Frames that raised an alarm, int64."""
        return np.flatnonzero(self.sums > self.limits)


@dataclass(frozen=True, eq=False, repr=False)
class WatchedSpeech(HealedSpeech):
    """traces: of the monitors, in the order of the guards. start: frame in which things begin to happen."""

    traces: tuple[Trace, ...]
    start: int

    def __repr__(self) -> str:
        """The alarms, and what a healed speech says."""
        alarms = [f"{each.monitor}: {len(each.alarms)} alarms" for each in self.traces]
        return "\n".join([super().__repr__(), *alarms])


@dataclass
class _Notes:
    """What was seen of one monitor so far."""

    monitor: str
    scores: list[int] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)
    limits: list[int] = field(default_factory=list)
    seen: list[np.ndarray] = field(default_factory=list)
    usual: list[np.ndarray] = field(default_factory=list)

    def take(self, watch: Behaviour, data: np.ndarray, measures: np.ndarray) -> None:
        """Score frames one by one, on a copy of the image, where the sum of each is that before the next."""
        data = data.copy()
        for number in range(len(measures)):
            one, memory = measures[number : number + 1], watch.recalled(data)
            (score,) = watch.scores(data, memory, one).tolist()
            total, limit = watch.standing(data, score)
            self.scores.append(score)
            self.sums.append(total)
            self.limits.append(limit)
            if shares := watch.shares(data, memory, one[0]):
                self.seen.append(shares[0])
                self.usual.append(shares[1])
            watch.advance(data, one)

    def trace(self, number: int) -> Trace:
        numbers = (np.array(each, np.int64) for each in (self.scores, self.sums, self.limits))
        shares = (np.array(each) for each in (self.seen, self.usual) if each)
        return Trace(self.monitor, number, *numbers, *shares)


def watched_speech(
    voice: Voice,
    workload: Workload,
    strategy: Strategy,
    program: Program | None = None,
    *,
    say: Sequence[str] = (),
    start: int = 0,
) -> WatchedSpeech:
    """As `healed_speech`, with what the monitors of behaviour made of each frame.

    Raises:
        WorkbenchError: As `healed_speech`; the strategy has no monitor of behaviour, or others beside it.
    """
    kinds = [KINDS[area.code] for area in strategy.areas]
    watching = [isinstance(kind, BehaviourKind) for kind in kinds if isinstance(kind, MonitorKind)]
    if not watching or not all(watching):
        raise WorkbenchError(
            f"{strategy.name} cannot be watched at work: it has {'checks of sums' if watching else 'no monitor of behaviour'}; "
            "choose a calibrated monitor, as wb.calibrate(voice, 'kl-watch')"
        )
    notes: dict[int, _Notes] = {}

    def witness(number: int, watch: Behaviour, data: np.ndarray, measures: np.ndarray) -> None:
        notes.setdefault(number, _Notes(watch.area.code)).take(watch, data, measures)

    speech = healed_speech(
        voice, workload, strategy, program, say=say, start=start, witness=witness
    )
    traces = tuple(notes[number].trace(number) for number in sorted(notes))
    parts = {each.name: getattr(speech, each.name) for each in fields(speech)}
    return WatchedSpeech(**parts, traces=traces, start=start)
