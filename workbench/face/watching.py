"""A device with a monitor of behaviour, frame by frame."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.errors import WorkbenchError, expect
from workbench.experiments.fleets.comparison import workload_of
from workbench.experiments.fleets.environments import environments_of
from workbench.experiments.monitors.calibration import Calibration
from workbench.experiments.monitors.watched import WatchedSpeech, watched_speech
from workbench.experiments.monitors.watching_strategies import with_monitors
from workbench.experiments.voices.voice import Voice
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.faults.plan import Plan


def watch(
    voice: Voice,
    monitor: Calibration | Strategy | str = "hidden-markers",
    faults: str | Plan = "flips=1",
    *,
    start_s: float = 0.0,
    utterances: int = 4,
    say: Iterable[str] | str | None = None,
    seed: int = 0,
) -> WatchedSpeech:
    """Simulate one device that is watched, with the scores of its monitors; `listen` shows its sound and log.

    Args:
        voice: Of the device.
        monitor: What `calibrate` gave, or a strategy with monitors of behaviour, its name or its file.
        faults: One environment or fault, as of `compare`; "flips=0" for none.
        start_s: When faults begin, in s.
        utterances: How many it says.
        say: Among which, as of `compare`.
        seed: Another one draws other words and faults.

    Returns:
        Sound, log, and for each monitor scores, sums, limits and alarms by frame, in `traces`.

    Raises:
        WorkbenchError: As of `simulate`; the strategy has no monitor of behaviour, or the device is done by then.
    """
    expect(voice, Voice, "the voice of a device", 'a Voice, as wb.load("challenge")')
    (environment,) = environments_of([faults])
    if environment.adversarial:
        raise WorkbenchError(
            f"{environment.name} has to look for bits first; name them, as 'bits=7+12'"
        )
    strategy = monitor.strategy if isinstance(monitor, Calibration) else monitor
    workload = workload_of(environment, devices=1, utterances=utterances, seed=seed)
    healer, program = voice.healer(*with_monitors(strategy, voice))
    start = round(float(start_s) / voice.frame_s)
    vocabulary = tuple(voice.all_inputs(say)) if say is not None else ()
    return watched_speech(voice, workload, healer, program, say=vocabulary, start=start)
