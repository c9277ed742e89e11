"""Differences and weights at the ends of their ranges: where sums of 16 bits would overflow by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import KERNELS_HERE
from programs import wide_program
from trial_cases import FRAMES

from workbench.integer.operators import Conv
from workbench.integer.program import Program
from workbench.memory.faults.events import Events, sorted_events
from workbench.memory.faults.transients import ACTIVATIONS, Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory

CHANNELS = 70  # rows of 18 words: they end within a vector
TRIALS = 12


def extreme_program(channels: int, rng: np.random.Generator) -> Program:
    """All weights of an output channel are the largest or the smallest; sums of all are in range."""
    program = wide_program(channels, channels, taps=3)

    def extreme(conv: Conv) -> Conv:
        column = rng.choice([-128, 127], (*conv.weight.shape[:2], 1, 1))
        weight = np.broadcast_to(column, conv.weight.shape).astype(np.int8)
        return replace(conv, weight=weight, shift=np.full_like(conv.shift, 12))

    operators = tuple(extreme(op) if isinstance(op, Conv) else op for op in program.operators)
    return replace(program, operators=operators)


def shared_bits(sites: Sites, rng: np.random.Generator) -> Events:
    """In each trial one bit of every code, or of most, of the rows that a convolution reads, and a sum or a state."""
    places = sites.transients.places
    codes = [p for p in places if p.section == ACTIVATIONS and p.bits == 8]
    trial, frame, position = [], [], []
    for t in range(TRIALS):
        place, bit = codes[rng.integers(len(codes))], int(rng.integers(8))
        chosen = np.flatnonzero(rng.random(place.size // 8) < rng.choice([0.1, 0.9, 1.0]))
        hit = np.append(
            place.first + 8 * chosen + bit, rng.integers(0, sites.size, rng.integers(3))
        )
        when = rng.integers(0, FRAMES)
        trial += [t] * len(hit)
        frame += [when] * len(hit)
        position += hit.tolist()
    count = len(trial)
    return sorted_events(np.array(trial), np.array(frame), np.array(position), np.zeros(count, int))


@pytest.mark.parametrize("kernels", [name for name in KERNELS_HERE if name != "plain"])
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), channels=st.sampled_from([32, 64, CHANNELS]))
def test_no_sum_overflows(kernels: str, seed: int, channels: int) -> None:
    rng = np.random.default_rng(seed)
    image = Image.of(extreme_program(channels, rng))
    codes = rng.choice([-128, -1, 0, 1, 127], (1, FRAMES, channels))
    inputs = {image.program.inputs[0]: codes}
    events = shared_bits(Sites(image), rng)
    plain, lab = (Laboratory(image, inputs, engine="native", kernels=k) for k in ("plain", kernels))
    np.testing.assert_array_equal(lab.sounds(events, TRIALS), plain.sounds(events, TRIALS))
    np.testing.assert_array_equal(lab.outcomes(events, TRIALS), plain.outcomes(events, TRIALS))
