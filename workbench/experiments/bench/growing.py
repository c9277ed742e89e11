"""Networks of one shape and any width, for what grows with the number of weights.

A decoder of int8 weights: a trunk of residual convolutions, two upsamplings by 4, 16-bit samples. Weights
are random; shifts keep the spread of the codes, so that the difference of a fault lives as it does in a
trained network. Layout: as of programs.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from workbench.integer.biases import narrow_bias
from workbench.integer.operators import Add, Conv, Operator, Rescale
from workbench.integer.program import Program
from workbench.integer.signals import Signal

_WEIGHT_SPREAD = 30.0  # standard deviation of the codes of weights
_CODE_SPREAD = 30.0
_UP = 4
_BYTES, _SAMPLES = (-128, 127), (-(2**15), 2**15 - 1)


@dataclass
class _Builder:
    rng: np.random.Generator
    signals: list[Signal] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)

    def signal(self, bits: int, channels: int, rate: int) -> Signal:
        made = Signal(f"s{len(self.signals)}", bits, channels, rate, -7)
        self.signals.append(made)
        return made

    def conv(self, x: Signal, out: int, *, taps: int, up: int = 1, bits: int = 8) -> Signal:
        name, fan_in = f"conv{len(self.operators)}", taps * x.channels
        weight = np.clip(self.rng.normal(0, _WEIGHT_SPREAD, (up, out, taps, x.channels)), *_BYTES)
        shift = round(np.log2(_WEIGHT_SPREAD * np.sqrt(fan_in))) - (bits - 8)
        y = self.signal(bits, out, up * x.rate)
        bias = narrow_bias(np.full(out, 1 << max(shift - 1, 0)))
        shifts = np.full(out, shift, np.int8)
        low, high = _SAMPLES if bits == 16 else _BYTES
        self.operators.append(
            Conv(name, (x.name,), y.name, weight.round().astype(np.int8), bias, shifts, low, high)
        )
        return y

    def relu(self, x: Signal) -> Signal:
        y = self.signal(x.bits, x.channels, x.rate)
        name = f"relu{len(self.operators)}"
        self.operators.append(Rescale(name, (x.name,), y.name, np.zeros(1, np.int8), 0, _BYTES[1]))
        return y

    def residual(self, x: Signal) -> Signal:
        change = self.conv(self.relu(x), x.channels, taps=3)
        y = self.signal(x.bits, x.channels, x.rate)
        name = f"add{len(self.operators)}"
        self.operators.append(Add(name, (x.name, change.name), y.name, *_BYTES))
        return y


def grown_program(channels: int) -> Program:
    """The decoder with a trunk of so many channels, an even number."""
    build = _Builder(np.random.default_rng(channels))
    latent = x = build.signal(8, channels, 1)
    for _ in range(3):
        x = build.residual(x)
    x = build.residual(build.conv(build.relu(x), channels // 2, taps=2, up=_UP))
    x = build.conv(build.relu(x), 1, taps=3, up=_UP, bits=16)
    return Program(
        f"grown-{channels}", (latent.name,), x.name, 125.0, tuple(build.signals), tuple(build.operators)
    )  # fmt: skip


def weights_of(program: Program) -> int:
    """How many weights its convolutions have."""
    return sum(o.weight.size for o in program.operators if isinstance(o, Conv))


def random_latents(program: Program, frames: int) -> dict[str, np.ndarray]:
    """An input of so many frames."""
    (name,) = program.inputs
    shape = (1, frames, program.signal(name).channels)
    codes = np.clip(np.random.default_rng(0).normal(0, _CODE_SPREAD, shape), *_BYTES)
    return {name: codes.round().astype(np.int8)}
