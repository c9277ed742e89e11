"""Sounds of fault trials on torch, for programs and machines that the native engine does not serve.

Stored bits that change before the first frame go through the batched engine, on the CPU or a GPU;
what happens later or only for a moment goes through the plain reference, exact and slow.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.integer.engine import Engine
from workbench.memory.faults.events import CLEAR, FLIP, Events
from workbench.memory.image import Image
from workbench.memory.places import STATE
from workbench.memory.trials.batches import run_trials
from workbench.memory.trials.truth import play


def torch_sounds(
    image: Image,
    inputs: Mapping[str, np.ndarray],
    events: Events,
    trials: int,
    engine: Engine,
) -> np.ndarray:
    """Output codes [trials, rows, channels]; `engine` is of the image's program."""
    sounds: list[np.ndarray | None] = [None] * trials
    batch: dict[int, np.ndarray] = {}
    for trial in range(trials):
        own = events.of_trials(trial, trial + 1)
        if _is_simple(image, own):
            batch[trial] = _flips(image, own)
        else:
            sounds[trial] = play(image, inputs, own)
    if batch:
        codes = run_trials(image, list(batch.values()), inputs, engine=engine)
        for trial, sound in zip(batch, codes, strict=True):
            sounds[trial] = sound
    return np.stack([sound for sound in sounds if sound is not None])


def _is_simple(image: Image, own: Events) -> bool:
    layout = image.layout
    state = layout.sections[STATE]
    if (own.position >= 8 * layout.size_bytes).any() or own.frame.any():
        return False
    return not (state.has(own.position) & (own.action != FLIP)).any()


def _flips(image: Image, own: Events) -> np.ndarray:
    """Bits of `image` that are inverted once everything in `own` has happened, in order."""
    inverted: dict[int, bool] = {}
    for position, action in zip(own.position.tolist(), own.action.tolist(), strict=True):
        stored = bool(image.data[position >> 3] >> (position & 7) & 1)
        if action == FLIP:
            inverted[position] = not inverted.get(position, False)
        else:
            inverted[position] = stored != (action != CLEAR)
    return np.array(sorted(p for p, inverse in inverted.items() if inverse), np.int64)
