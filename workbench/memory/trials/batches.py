"""Fault trials: whole utterances spoken by many damaged images, in batches on the engine.

A trial equals flipping its bits in the image and running the plain reference. Layout: output codes
[trials, samples, channels].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.changes import Change, Changes
from workbench.integer.engine import Engine
from workbench.memory.changes import flipped_values, flips_by_tensor, parameter_changes
from workbench.memory.image import Image
from workbench.memory.places import STATE


def run_trials(
    image: Image,
    faults: Sequence[np.ndarray],
    inputs: Mapping[str, np.ndarray],
    *,
    engine: Engine | None = None,
) -> np.ndarray:
    """Output codes of an utterance with each trial's bits flipped from its start.

    image: may hold flips of its own. faults: bit positions, an array a trial, at least one; flips of the state
    are the histories at the start, flips of golden copy, checks and healer change no sound here.
    inputs: one utterance for all, [1, frames * rate, channels]. engine: of `image.program`, made
    when None. Raises WorkbenchError for positions outside of the image and inputs that do not fit.
    """
    engine = engine or Engine(image.program)
    already = image.flipped()
    bits = 8 * image.layout.size_bytes
    for positions in faults:
        outside = positions[(positions < 0) | (positions >= bits)]
        if outside.size:
            raise WorkbenchError(
                f"bit position {outside[0]} lies outside of the image of {bits // 8:,} bytes"
            )
    blocks = []
    for start in range(0, len(faults), engine.trials_at_once):
        chosen = faults[start : start + engine.trials_at_once]
        block = [np.concatenate([already, fault]) for fault in chosen]
        stream = engine.stream(len(block))
        stream.write_states(_first_states(image, block))
        changes = parameter_changes(image.program, image.layout, block)
        blocks.append(stream.step(inputs, changes))
    return np.concatenate(blocks)


def _first_states(image: Image, faults: Sequence[np.ndarray]) -> Changes:
    """States that are not silent at the start; in the clean image every one is zero."""
    return {
        (place.operator, place.tensor): Change(
            flips.trial,
            flips.element,
            flipped_values(np.zeros_like(flips.mask), flips.mask, place.bits),
        )
        for place, flips in flips_by_tensor(image.layout, faults)
        if place.section == STATE
    }
