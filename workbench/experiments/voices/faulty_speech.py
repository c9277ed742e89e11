"""One audible experiment: faults happen, the voice speaks, with or without a healer, and both are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.audio.sound_metrics import SoundMetrics, measure
from workbench.errors import WorkbenchError, expect
from workbench.experiments.threads import one_thread
from workbench.experiments.voices.voice import Voice, need_sound
from workbench.healing.devices.device_events import device_events
from workbench.healing.log import Verdict
from workbench.healing.simulation import simulate
from workbench.healing.strategies.named import NONE, crc_scrub
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.faults.plan import Plan, TrialId
from workbench.memory.faults.transients import Sites


@dataclass(frozen=True, eq=False)
class Heard:
    """What came of it.

    before, after: float32 [samples], clean and damaged. metrics: of `after` against `before`.
    sites: names of the bits that were hit, in order. trial: its identifier. pages_healed:
    in the course of the word. bits_left: wrong bits of the working copy after it.
    """

    before: np.ndarray
    after: np.ndarray
    metrics: SoundMetrics
    sites: tuple[str, ...]
    trial: str
    pages_healed: int
    bits_left: int


def hear(
    voice: Voice,
    word: str,
    plan: Plan | str,
    *,
    healer: Strategy | str = NONE,
    pages_per_frame: int = 0,
    trial: int = 0,
) -> Heard:
    """Let a trial of a plan happen to a simulated device while a voice speaks.

    Args:
        voice: Whose memory is hit.
        word: The utterance.
        plan: What happens, or its text, as "flips=10,section=bias".
        healer: A strategy, its name or its file; the plan draws from its image.
        pages_per_frame: Instead, how many pages crc-scrub checks after each frame; 0 for no healer.
        trial: Number of the trial.

    Raises:
        WorkbenchError: An utterance that it cannot say, a plan that does not fit the image, what no simulated
            device has (see `device_events`), or two healers at once.
    """
    expect(voice, Voice, "what is to be heard", "a Voice, as open_voice()")
    need_sound(voice)
    expect(plan, (Plan, str), "what is to happen", 'a Plan or its text, as "flips=3"')
    word = voice.utterance(word)
    if healer != NONE and pages_per_frame:
        raise WorkbenchError("pages_per_frame is for crc-scrub; leave it out where healer is given")
    inputs = voice.inputs(word)
    frames = voice.frames(word)
    plan = plan if isinstance(plan, Plan) else Plan.parse(plan, frames=frames)
    image = voice.image(healer)
    trials = range(trial, trial + 1)
    (events,) = device_events(plan, Sites(image), trials, frames=frames).rows(1)
    strategy = crc_scrub(pages_per_frame) if pages_per_frame else voice.healer(healer)[0]
    with one_thread():
        result = simulate(image, inputs, events, strategy, word_starts=(0,))
        before, after = voice.speak(word, image), result.samples()
        metrics = measure(
            after,
            before,
            sample_rate_hz=voice.sample_rate_hz,
            perceptual=False,
            scale=voice.generator.scale,
        )
    return Heard(
        before=before,
        after=after,
        metrics=metrics,
        sites=result.sites(),
        trial=str(TrialId.of(image, word, plan, trial)),
        pages_healed=sum(entry.verdict == Verdict.HEALED for entry in result.log),
        bits_left=int(result.wrong_bits[-1]),
    )
