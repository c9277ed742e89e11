"""Fault trials a second of whole voices: their programs, their utterances, and classes by their own scale.

Seconds are of the processor, on one core.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.experiments.voices.voice import Voice
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.measured import measured
from workbench.memory.trials.truth import play

FAULT = "flips=1"  # anywhere in the working copy
_AT_ONCE = {"native": 1024, "torch": 16}


@dataclass(frozen=True)
class VoiceRate:
    """One utterance of one voice.

    Attributes:
        generator: Its name.
        utterance: What is said.
        sound_s: How long that takes, in seconds.
        macs: Multiply-accumulates of a whole run.
        engine: Of the laboratory.
        kernels: That ran, see `native.instructions`.
        trials_per_s: Drawing and comparison included.
        macs_per_trial: Multiply-accumulates that a trial really made, mean; None where the engine does not count.
        measured_per_s: The same where each trial gets a class by the generator's scale.
        differing: Share of trials in which a sample differs.
        checked: Trials that were compared with the plain reference.
        mismatches: Those of them that differ.
    """

    generator: str
    utterance: str
    sound_s: float
    macs: int
    engine: str
    kernels: str
    trials_per_s: float
    macs_per_trial: float | None
    measured_per_s: float
    differing: float
    checked: int
    mismatches: int

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def rate_of(
    voice: Voice,
    utterance: str,
    *,
    seconds: float,
    check: int,
    progress: Callable[[str], None] = lambda _: None,
) -> VoiceRate:
    """Measure single flips of one utterance.

    Args:
        voice: Whose default image is hit.
        utterance: That it says.
        seconds: Of the processor, for each of the two rates.
        check: How many trials to compare with the reference.
        progress: Called with what is done.
    """
    name, image, plan = voice.generator.name, voice.image(), Plan.parse(FAULT)
    progress(f"preparing {name}")
    laboratory = Laboratory(image, voice.inputs(utterance))
    sites, program = Sites(image), voice.program
    at_once, differing = _AT_ONCE[laboratory.engine], []

    def bare(numbers: np.ndarray) -> None:
        outcomes = laboratory.outcomes(plan.events(sites, numbers), len(numbers))
        differing.append(np.mean(outcomes["first"] >= 0))

    def with_class(numbers: np.ndarray) -> None:
        events = plan.events(sites, numbers)
        measured(laboratory, events, len(numbers), scale=voice.generator.scale)

    progress(f"{name}: trials")
    bare(np.arange(at_once))  # warm
    before = laboratory.macs
    differing.clear()
    trials_per_s, trials = _rate(bare, at_once, seconds)
    after = laboratory.macs
    progress(f"{name}: trials with their classes")
    measured_per_s, _ = _rate(with_class, at_once, seconds)
    progress(f"{name}: {check} trials on the plain reference")
    sounds = laboratory.sounds(plan.events(sites, np.arange(check)), check)
    mismatches = sum(
        not np.array_equal(sound, play(image, laboratory.inputs, plan.events(sites, np.array([n]))))
        for n, sound in enumerate(sounds)
    )
    frames = laboratory.frames
    return VoiceRate(
        generator=name,
        utterance=utterance,
        sound_s=frames / program.frame_rate_hz,
        macs=frames * program.macs_per_frame(),
        engine=laboratory.engine,
        kernels=laboratory.kernels,
        trials_per_s=trials_per_s,
        macs_per_trial=None if before is None or after is None else (after - before) / trials,
        measured_per_s=measured_per_s,
        differing=float(np.mean(differing)),
        checked=check,
        mismatches=mismatches,
    )


def _rate(run: Callable[[np.ndarray], None], at_once: int, seconds: float) -> tuple[float, int]:
    """Trials a second, and how many there were."""
    trials, passed, started = 0, 0.0, time.process_time()
    while passed < seconds or not trials:
        run(np.arange(trials, trials + at_once))
        trials += at_once
        passed = time.process_time() - started
    return trials / passed, trials
