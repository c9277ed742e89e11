"""What monitors find: single flips, each in an utterance of its own that no monitor has seen, and when they find it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workbench.audio.scales import QUALITIES
from workbench.experiments.monitors.faulty import faulty_utterances, one_bit, quality_of
from workbench.experiments.monitors.golden_inputs import GoldenInputs
from workbench.experiments.monitors.streams import laid_out
from workbench.experiments.voices.voice import Voice
from workbench.memory.watches.behaviour import Behaviour
from workbench.memory.watches.behaviour_area import BehaviourArea


@dataclass(frozen=True)
class Found:
    """One trial.

    Args:
        section: In which a bit was flipped before the utterance.
        quality: Of the sound, an index of QUALITIES.
        delays: Frames from the first that sounds otherwise until the alarm of each monitor, negative for a warning that
            came before it; None for no alarm within the utterance. Golden inputs, where there are any, come last.
    """

    section: str
    quality: int
    delays: tuple[int | None, ...]


def detect(
    voice: Voice,
    areas: Sequence[BehaviourArea],
    *,
    trials: int,
    seed: int = 0,
    golden: GoldenInputs | None = None,
    progress: Callable[[], object] = lambda: None,
) -> list[Found]:
    """Single flips in all sections alike, among the trials in which some sample differs.

    Args:
        voice: That speaks.
        areas: Calibrated monitors; each utterance comes after the clean ones before it.
        trials: Flips that are tried; those that nobody can hear or see are not among the results.
        seed: Of bits and utterances.
        golden: Judged beside the monitors, on the schedule of a device that speaks the same utterances.
        progress: Called after each trial.
    """
    watches = [laid_out(voice, area) for area in areas]
    names = {name for watch, _ in watches for name in watch.needs}
    output = voice.program.output
    rate = voice.program.signal(output).rate
    found, start = [], 0
    for each in faulty_utterances(
        voice, names, draw=one_bit, trials=trials, seed=seed, progress=progress
    ):
        frames = len(each.clean[output]) // rate
        if each.first is not None:
            quality = quality_of(voice, each.clean[output], each.codes[output])
            alarms = [w.first_alarm(data, w.measures(data, each.codes)) for w, data in watches]
            if golden is not None:
                alarms.append(golden.first_alarm(each.bits.tolist(), start, frames))
            delays = tuple(None if alarm is None else alarm - each.first for alarm in alarms)
            found.append(Found(each.section, quality, delays))
        start += frames
        for watch, data in watches:
            _live(watch, data, watch.measures(data, each.clean))
    return found


def _live(watch: Behaviour, data: np.ndarray, measures: np.ndarray) -> None:
    """Bring a monitor up to date with frames that nothing follows alarms of."""
    while len(measures):
        alarm = watch.first_alarm(data, measures)
        seen = len(measures) if alarm is None else alarm + 1
        watch.advance(data, measures[:seen])
        measures = measures[seen:]


def together(found: Sequence[Found]) -> list[Found]:
    """The same trials with one monitor, whose alarm is the first of all of them."""
    return [
        replace(each, delays=(min((d for d in each.delays if d is not None), default=None),))
        for each in found
    ]


def rows_of(found: Sequence[Found], monitor: int, *, within: int) -> list[dict[str, object]]:
    """What one monitor found of each class, and of the broken and degraded of each section.

    within: Frames, for the share that is found so soon.
    """
    groups = {QUALITIES[n]: [each for each in found if each.quality == n] for n in (1, 2, 3, 4)}
    worse = [each for each in found if each.quality >= 3]
    for section in dict.fromkeys(each.section for each in worse):
        groups[f"degraded or broken by {section}"] = [e for e in worse if e.section == section]
    return [_row(name, group, monitor, within) for name, group in groups.items()]


def _row(name: str, group: Sequence[Found], monitor: int, within: int) -> dict[str, object]:
    delays = [each.delays[monitor] for each in group]
    alarms = [delay for delay in delays if delay is not None]
    return {
        "of": name,
        "trials": len(group),
        "found": len(alarms),
        "soon": sum(delay <= within for delay in alarms),
        "median_delay_frames": float(np.median(alarms)) if alarms else None,
    }
