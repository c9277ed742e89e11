"""One device under one strategy: its sound, its wrong bits over time, its log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from workbench.audio.sound_metrics import SoundMetrics, measure
from workbench.errors import WorkbenchError, expect
from workbench.experiments.fleets.workload import Workload
from workbench.experiments.threads import one_thread
from workbench.experiments.voices.script import Script, script_of
from workbench.experiments.voices.voice import Voice, need_sound
from workbench.healing.devices.device_run import Witness
from workbench.healing.simulation import SimulationResult, simulate
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program
from workbench.integer.reference import Codes
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image

_LINES = 10  # of the log, where it is shown


@dataclass(frozen=True, eq=False, repr=False)
class HealedSpeech:
    """result: of the device. script: what it was to say. samples: what it said, float32 [samples].
    metrics: of that against the same program without faults."""

    result: SimulationResult
    script: Script
    samples: np.ndarray
    metrics: SoundMetrics

    def __repr__(self) -> str:
        """What was said, how it sounded, and the first entries of the log."""
        said, lines = ", ".join(self.script.utterances), self.result.lines()
        more = [f"  and {len(lines) - _LINES:,} more"] if len(lines) > _LINES else []
        return "\n".join(
            [
                f"Device that said {said} under {len(self.result.upsets):,} upsets: {self.metrics.in_words}",
                *(f"  {line}" for line in lines[:_LINES]),
                *more,
            ]
        )


def healed_speech(
    voice: Voice,
    workload: Workload,
    strategy: Strategy,
    program: Program | None = None,
    *,
    say: Sequence[str] = (),
    start: int = 0,
    witness: Witness | None = None,
) -> HealedSpeech:
    """The sound and the log of the first device of a workload.

    program: what it runs, that of `voice` when None. say: utterances to draw from, () for those of `voice`. start: frame
    before which nothing happens, neither faults nor drift. witness: as of `simulate`. Raises WorkbenchError where the
    strategy does not fit it, or there is no such frame.
    """
    expect(voice, Voice, "what speaks", "a Voice, as open_voice()")
    need_sound(voice)
    expect(workload, Workload, "the workload", "a Workload")
    expect(strategy, Strategy, "the healer", 'a Strategy, as named("crc-scrub")')
    image = strategy.image(program or voice.program)
    vocabulary = say or voice.usual
    script = script_of(voice, [vocabulary[n] for n in workload.script(len(vocabulary))])
    if not 0 <= start < script.frames:
        last = (script.frames - 1) * voice.frame_s
        raise WorkbenchError(
            f"nothing can happen at {start * voice.frame_s:.2f} s to a device that speaks from 0 to {last:.2f} s; "
            "choose a moment in between"
        )
    (drawn,) = workload.events(Sites(image), range(1), frames=script.frames - start).rows(1)
    events = [replace(each, frame=each.frame + start) for each in drawn]
    with one_thread():
        given = _given(workload, image.program, script, start)
        result = simulate(
            image, given, events, strategy, word_starts=script.starts, witness=witness
        )
        calm = simulate(
            Image.of(image.program), script.inputs, (), Strategy("none"), word_starts=script.starts
        )
        samples = result.samples()
        metrics = measure(
            samples,
            calm.samples(),
            sample_rate_hz=voice.sample_rate_hz,
            perceptual=False,
            scale=voice.generator.scale,
        )
    return HealedSpeech(result, script, samples, metrics)


def _given(workload: Workload, program: Program, script: Script, start: int) -> Codes:
    """What the device is given: as it should be before frame `start`, as the workload has it from there on."""
    before, after = script.inputs, workload.given(program, script.inputs, script.starts)
    made = {}
    for name, codes in before.items():
        first = start * program.signal(name).rate
        made[name] = np.concatenate([codes[:, :first], after[name][:, first:]], axis=1)
    return made
