"""One device under one strategy, to be heard: what it said, when its memory was wrong, what it wrote down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.audio.metrics import SoundMetrics, measure
from workbench.errors import expect
from workbench.experiments.fleets.workload import Mission
from workbench.experiments.threads import one_thread
from workbench.experiments.voices.script import Script, script_of
from workbench.experiments.voices.voice import Voice
from workbench.healing.simulation import Life, simulate
from workbench.healing.strategy import Strategy
from workbench.integer.program import Program
from workbench.memory.image import Image


@dataclass(frozen=True, eq=False)
class HealedLife:
    """life: of the device. script: what it was to say. samples: what it said, float32 [samples].
    metrics: of that against the same program without faults."""

    life: Life
    script: Script
    samples: np.ndarray
    metrics: SoundMetrics


def healed_life(
    voice: Voice, mission: Mission, strategy: Strategy, program: Program | None = None
) -> HealedLife:
    """Let the first device of a mission live.

    program: what it runs, that of `voice` when None. Raises WorkbenchError where the strategy does
    not fit it.
    """
    expect(voice, Voice, "what speaks", "a Voice, as open_voice()")
    expect(mission, Mission, "the workload", "a Mission")
    expect(strategy, Strategy, "the healer", 'a Strategy, as named("crc-scrub")')
    image = strategy.image(program or voice.program)
    script = script_of(voice, [voice.words[n] for n in mission.script(len(voice.words))])
    upsets = mission.upsets(image.layout, 0, frames=script.frames, frame_s=voice.frame_s)
    with one_thread():
        life = simulate(image, script.inputs, upsets, strategy, word_starts=script.starts)
        calm = simulate(
            Image.of(image.program), script.inputs, (), Strategy("none"), word_starts=script.starts
        )
        samples = life.samples()
        metrics = measure(
            samples, calm.samples(), sample_rate_hz=voice.sample_rate_hz, perceptual=False
        )
    return HealedLife(life, script, samples, metrics)
