"""One experiment to listen to: let faults happen, speak, let the healer work meanwhile or not, compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.audio.metrics import SoundMetrics, measure
from workbench.errors import WorkbenchError, expect
from workbench.experiments.threads import one_thread
from workbench.experiments.voices.voice import Voice
from workbench.healing.device_events import device_events
from workbench.healing.log import Verdict
from workbench.healing.named import crc_scrub, nothing
from workbench.healing.simulation import simulate
from workbench.healing.strategy import Strategy
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
    plan: Plan,
    *,
    pages_per_frame: int = 0,
    strategy: Strategy | None = None,
) -> Heard:
    """Let trial 0 of `plan` happen to a simulated device while `voice` says `word`.

    pages_per_frame: how many pages the healer checks after each frame, 0 for no healer. strategy:
    of the healer instead; the plan then draws from the image that this strategy makes. Raises
    WorkbenchError for a word that it cannot say, a plan that does not fit the image, what no simulated
    device has (see `device_events`), and two healers at once.
    """
    expect(voice, Voice, "what is to be heard", "a Voice, as open_voice()")
    expect(plan, Plan, "what is to happen", 'a Plan, as Plan.parse("flips=3")')
    word = voice.utterance(word)
    if strategy is not None and pages_per_frame:
        raise WorkbenchError(
            "pages_per_frame is for crc-scrub; leave it out where strategy is given"
        )
    image = voice.image if strategy is None else strategy.image(voice.program)
    inputs = voice.inputs(word)
    frames = voice.frames(word)
    (events,) = device_events(plan, Sites(image), range(1), frames=frames).rows(1)
    if strategy is None:
        strategy = crc_scrub(pages_per_frame) if pages_per_frame else nothing()
    with one_thread():
        result = simulate(image, inputs, events, strategy, word_starts=(0,))
        before, after = voice.speak(word, image), result.samples()
        metrics = measure(after, before, sample_rate_hz=voice.sample_rate_hz, perceptual=False)
    return Heard(
        before=before,
        after=after,
        metrics=metrics,
        sites=result.sites(),
        trial=str(TrialId.of(image, word, plan, 0)),
        pages_healed=sum(entry.verdict == Verdict.HEALED for entry in result.log),
        bits_left=int(result.wrong_bits[-1]),
    )
