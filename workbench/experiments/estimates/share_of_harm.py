"""The share of dangerous bits of an image: single flips that degrade a set of words.

Stratified, so that a rare class takes a small part of the trials that drawing bits blindly would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count

import numpy as np

from workbench.audio.scales import BY_SNR, Scale
from workbench.experiments.estimates.strata import strata_of
from workbench.experiments.estimates.stratified import Estimate, estimate
from workbench.memory.faults.events import single_flips
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.measured import measured


def worst_fidelity_db(
    laboratories: Mapping[str, Laboratory], positions: np.ndarray, *, scale: Scale = BY_SNR
) -> np.ndarray:
    """The lowest fidelity over all words when one bit is flipped, float64 [n]; inf when none differs.

    laboratories: of one image, by word. positions: int64 [n], one trial each. scale: what fidelity is.
    """
    events, trials = single_flips(positions), len(positions)
    of_words = (measured(each, events, trials, scale=scale) for each in laboratories.values())
    return np.min([made.fidelity_db for made in of_words], axis=0)


def share_below(
    image: Image,
    inputs: Mapping[str, Mapping[str, np.ndarray]],
    candidates: np.ndarray,
    *,
    fidelity_db: float,
    scale: Scale = BY_SNR,
    half_width: float,
    confidence: float,
    seed: int = 0,
    progress: Callable[[Estimate], None] | None = None,
    step: Callable[[str, Callable[[], np.ndarray]], np.ndarray] = lambda name, make: make(),
) -> Estimate:
    """The share of `candidates` (positions, int64) whose flip takes some word below `fidelity_db`.

    inputs: of each word. scale: what fidelity is. half_width, confidence, seed, progress: as for `estimate`, also its errors. step:
    gets a name and what computes the fidelity of some trials, float64 [n]; to keep it.
    """
    laboratories = {word: Laboratory(image, each) for word, each in inputs.items()}
    rounds = count()

    def evaluate(positions: np.ndarray) -> np.ndarray:
        return step(
            f"round-{next(rounds)}",
            partial(worst_fidelity_db, laboratories, positions, scale=scale),
        )

    return estimate(
        strata_of(Sites(image), candidates),
        evaluate,
        below=fidelity_db,
        half_width=half_width,
        confidence=confidence,
        seed=seed,
        progress=progress,
    )
