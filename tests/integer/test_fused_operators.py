"""Convolutions whose codes become those of an ADD, a RESCALE and the next differences while they are in registers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import KERNELS_HERE
from trial_cases import FRAMES, check_against_the_truth, events_everywhere

from workbench.integer.biases import narrow_bias
from workbench.integer.operators import Add, Conv, Operator, Rescale
from workbench.integer.program import Program
from workbench.integer.signals import Signal, code_range
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory

CHANNELS = (16, 32, 32, 64, 64, 96)  # vectors of columns, and what does not fill them


class Residual:
    """A random program of convolutions with ADDs of anything that has their shape and RESCALEs, in any order."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        bits = int(self.rng.choice([8, 8, 16]))
        self.signals = [Signal("x", bits, int(self.rng.choice(CHANNELS)), 1, 0)]
        self.operators: list[Operator] = []
        for _ in range(int(self.rng.integers(2, 6))):
            self.conv(8, int(self.rng.choice(CHANNELS)))
            for step in (self.add, self.rescale, self.add):
                if self.rng.random() < 0.6:
                    step()
        if self.rng.random() < 0.7:
            self.conv(16, 2)

    def program(self) -> Program:
        """What comes out last is its output."""
        return Program(
            "residual", ("x",), self.signals[-1].name, 250.0, tuple(self.signals), tuple(self.operators)
        )  # fmt: skip

    def made(self, bits: int, channels: int, rate: int) -> Signal:
        self.signals.append(Signal(f"s{len(self.signals)}", bits, channels, rate, 0))
        return self.signals[-1]

    def ends(self) -> tuple[int, int]:
        low, high = code_range(8)
        return [(low, high), (0, high), (-90, 70)][self.rng.integers(3)]

    def conv(self, bits: int, out: int) -> None:
        rng, x = self.rng, self.signals[-1]
        up = int(rng.choice([1, 1, 2])) if x.rate <= 4 else 1
        stride = 2 if x.rate % 2 == 0 and rng.random() < 0.2 else 1
        taps, dilation = int(rng.integers(1, 4)), int(rng.integers(1, 4))
        weight = rng.normal(0, 30, (up, out, taps, x.channels)).clip(-128, 127).astype(np.int8)
        # Of loud ones most codes are at their ends, and differ by more than a byte holds.
        loud = rng.random() < 0.3
        lower = 6 * (loud or bits == 16) - 8 * (x.bits == 16)
        shift = (rng.integers(7, 13, out) - lower).astype(np.int8)
        if rng.random() < 0.1:
            shift[0] = -1
        low, high = code_range(16) if bits == 16 else self.ends()
        bias = narrow_bias(rng.integers(-(2**10), 2**10, out))
        y = self.made(bits, out, x.rate // stride * up)
        self.operators.append(
            Conv(y.name, (x.name,), y.name, weight, bias, shift, low, high, dilation=dilation, stride=stride)
        )  # fmt: skip

    def add(self) -> None:
        x = self.signals[-1]
        shape = (x.bits, x.channels, x.rate)
        alike = [s for s in self.signals if (s.bits, s.channels, s.rate) == shape]
        pair = [x.name, alike[self.rng.integers(len(alike))].name]
        self.rng.shuffle(pair)
        y = self.made(8, x.channels, x.rate)
        self.operators.append(Add(y.name, tuple(pair), y.name, *self.ends()))

    def rescale(self) -> None:
        x = self.signals[-1]
        shift = self.rng.integers(-1, 4, 1).astype(np.int8)
        y = self.made(8, x.channels, x.rate)
        self.operators.append(Rescale(y.name, (x.name,), y.name, shift, *self.ends()))


@pytest.mark.parametrize("kernels", KERNELS_HERE)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_trial_is_the_reference_s(kernels: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = Image.of(Residual(seed).program())
    x = image.program.signals[0]
    low, high = code_range(x.bits)
    codes = rng.integers(low, high + 1, (1, FRAMES, x.channels))
    inputs = {"x": codes // int(rng.choice([1, 4]))}
    trials = 6
    events = events_everywhere(Sites(image), rng, trials, FRAMES)
    plain, lab = (Laboratory(image, inputs, engine="native", kernels=k) for k in ("plain", kernels))
    outcomes = check_against_the_truth(lab, events, trials)
    np.testing.assert_array_equal(outcomes, plain.outcomes(events, trials))
