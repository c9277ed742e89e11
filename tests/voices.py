"""A voice that was never trained: it says noise, in a twelfth of the size, and needs no checkpoint."""

from __future__ import annotations

from functools import cache

import torch

from workbench.audio.recordings import load_recordings
from workbench.experiments.voice import Voice
from workbench.integer.lowered_challenge import lower_challenge
from workbench.models.challenge import Challenge
from workbench.training.recipe import PRESETS
from workbench.training.train import calibrate, make_task


@cache
def tiny_voice() -> Voice:
    """Ten digits of 12 frames from random weights with calibrated ranges; always the same one."""
    recordings = load_recordings(prefix="digits/")
    digits = {str(digit): recordings[f"digits/{digit}"] for digit in range(10)}
    task = make_task(digits, recipe=PRESETS["tiny"], device="cpu")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = Challenge(task.config, quantised=True)
        calibrate(model, task)
    return Voice(model.eval(), lower_challenge(model).program, digits, {"seed": 1})
