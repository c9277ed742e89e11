"""Harm of each of some bits, flipped alone while one word is said: the colours of a grid of bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from workbench.audio.scales import BY_SNR, Scale, harm
from workbench.experiments.threads import one_thread
from workbench.memory.faults.events import single_flips
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.measured import measured

AT_ONCE = 2048  # trials between two calls of `progress`


def harm_of_bits(
    image: Image,
    inputs: Mapping[str, np.ndarray],
    positions: np.ndarray,
    *,
    scale: Scale = BY_SNR,
    progress: Callable[[np.ndarray], object] | None = None,
) -> np.ndarray:
    """Harm of the bits of an image, each alone; see `workbench.audio.scales.harm`.

    Args:
        image: What is hit; flips that it has already are part of what the harm is measured against.
        inputs: Of one word.
        positions: Of the bits, int64 [n].
        scale: Of damage.
        progress: Called with what is known so far, float64 [done], after every AT_ONCE bits.

    Returns:
        float64 [n], 0 for a bit that changes no sample, to 1.

    Raises:
        WorkbenchError: A position lies outside of the image.
    """
    known = np.zeros(0)
    with one_thread():
        laboratory = Laboratory(image, inputs)
        for start in range(0, len(positions), AT_ONCE):
            part = positions[start : start + AT_ONCE]
            made = measured(laboratory, single_flips(part), len(part), scale=scale)
            known = np.concatenate([known, harm(made.fidelity_db)])
            if progress:
                progress(known)
    return known
