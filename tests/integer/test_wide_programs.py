"""Rows and columns of any number: 300, 1,024 and 1,025 channels, odd ones and single ones."""

from __future__ import annotations

import numpy as np
import pytest
from kernels import KERNELS_HERE
from programs import random_inputs, wide_program
from trial_cases import FRAMES, check_against_the_truth, random_events

from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory

SHAPES = [(300, 33), (3, 300), (1, 1024), (1025, 16), (2, 1025), (65, 129), (17, 31)]


@pytest.mark.parametrize("kernels", KERNELS_HERE)
@pytest.mark.parametrize(("channels", "out"), SHAPES)
def test_wide_rows_and_columns(channels: int, out: int, kernels: str) -> None:
    up, bits = 1 + channels % 2, 16 if channels == 65 else 8
    image = Image.of(wide_program(channels, out, taps=1 + channels % 3, up=up, bits=bits))
    inputs = random_inputs(image.program, 1, FRAMES)
    events = random_events(Sites(image), np.random.default_rng(channels), 3)
    check_against_the_truth(Laboratory(image, inputs, engine="native", kernels=kernels), events, 3)
