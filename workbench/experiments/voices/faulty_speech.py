"""One experiment to listen to: flip bits, speak, let the healer work meanwhile or not, compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.audio.metrics import SoundMetrics, measure
from workbench.errors import WorkbenchError, expect
from workbench.experiments.threads import one_thread
from workbench.experiments.voices.voice import Voice
from workbench.healing.log import Verdict
from workbench.healing.named import crc_scrub, nothing
from workbench.healing.simulation import simulate
from workbench.healing.strategy import Strategy
from workbench.healing.upsets import Upset
from workbench.memory.faults.events import FLIP
from workbench.memory.faults.plan import Plan, TrialId
from workbench.memory.faults.transients import Sites


@dataclass(frozen=True, eq=False)
class Heard:
    """What came of it.

    before, after: float32 [samples], clean and damaged. metrics: of `after` against `before`.
    sites: names of the flipped bits, by address. trial: the identifier of the flips. pages_healed:
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
    """Let the stored bits flip that trial 0 of `plan` draws while `voice` says `word`.

    pages_per_frame: how many pages the healer checks after each frame, 0 for no healer. strategy:
    of the healer instead; the plan then draws from the image that this strategy makes. Raises
    WorkbenchError for a word that it cannot say, a plan that does not fit the image or does anything
    else than flip stored bits, and two healers at once.
    """
    expect(voice, Voice, "what is to be heard", "a Voice, as open_voice()")
    expect(plan, Plan, "what is to happen", 'a Plan, as Plan.parse("flips=3")')
    word = voice.word(word)
    if strategy is not None and pages_per_frame:
        raise WorkbenchError(
            "pages_per_frame is for crc-scrub; leave it out where strategy is given"
        )
    image = voice.image() if strategy is None else strategy.image(voice.program)
    sites = Sites(image)
    events = plan.events(sites, np.array([0]))
    if (events.action != FLIP).any() or (events.position >= sites.transients.first).any():
        raise WorkbenchError(
            f"a healer's life has flips of stored bits alone, and the plan {plan} has others; replay "
            "its trials instead"
        )
    if strategy is None:
        strategy = crc_scrub(pages_per_frame) if pages_per_frame else nothing()
    upsets = [
        Upset(int(frame), int(position))
        for frame, position in zip(events.frame, events.position, strict=True)
    ]
    with one_thread():
        life = simulate(image, voice.inputs(word), upsets, strategy, word_starts=(0,))
        before, after = voice.speak(word, image), life.samples()
        metrics = measure(after, before, sample_rate_hz=voice.sample_rate_hz, perceptual=False)
    return Heard(
        before=before,
        after=after,
        metrics=metrics,
        sites=life.sites(),
        trial=str(TrialId.of(image, word, plan, 0)),
        pages_healed=sum(entry.verdict == Verdict.HEALED for entry in life.log),
        bits_left=int(life.wrong_bits[-1]),
    )
