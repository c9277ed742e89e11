"""Random Brevitas modules, built as a researcher would: steps of layers, quantisers and functions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import brevitas.nn as qnn
import numpy as np
import torch
import torch.nn.functional as F
from brevitas.nn.quant_layer import QuantNonLinearActLayer
from torch import nn

from workbench.generators.challenge import GENERATOR
from workbench.generators.challenge.configuration import ChallengeConfig
from workbench.generators.layers import (
    CausalConv1d,
    CausalConvTranspose1d,
    Precision,
    ResidualBlock,
    quantise,
    relu,
)
from workbench.generators.quantisers import WEIGHTS, ActInt8, ActInt16, Bias32
from workbench.integer.lowering.lower import RowIndexes, Samples
from workbench.training.train import calibrate

CALIBRATION_STEPS = 2
# Strides leave 1/2, 1/3, ... of the rows; so many rows of an input are whole everywhere.
BLOCK_ROWS = 24


class QuickAct8(ActInt8):
    collect_stats_steps = CALIBRATION_STEPS


class QuickAct16(ActInt16):
    collect_stats_steps = CALIBRATION_STEPS


@dataclass(frozen=True)
class Quick(Precision):
    """The project's precision, calibrated in two steps instead of many."""

    def activation(self) -> dict[str, Any]:
        kind = {8: QuickAct8, 16: QuickAct16}[self.activation_bits or 8]
        return {"act_quant": kind, "return_quant_tensor": True}


class ConvStep(nn.Module):
    """conv -> quantiser or ReLU; `twice` applies the same two once more."""

    def __init__(self, conv: nn.Module, act: nn.Module, *, twice: bool = False) -> None:
        super().__init__()
        self.conv, self.act, self.twice = conv, act, twice

    def forward(self, x: Any) -> Any:
        x = self.act(self.conv(x))
        return self.act(self.conv(x)) if self.twice else x


class PaddedConv(nn.Module):
    """A plain Brevitas convolution behind an explicit F.pad."""

    def __init__(self, conv: nn.Module, act: nn.Module) -> None:
        super().__init__()
        self.conv, self.act = conv, act
        self.rows = (conv.kernel_size[0] - 1) * conv.dilation[0]

    def forward(self, x: Any) -> Any:
        return self.act(F.relu(self.conv(F.pad(x, (self.rows, 0)))))


class LinearStep(nn.Module):
    """A linear layer on [batch, time, channel]."""

    def __init__(self, linear: nn.Module, act: nn.Module) -> None:
        super().__init__()
        self.linear, self.act = linear, act

    def forward(self, x: Any) -> Any:
        return self.act(self.linear(x.transpose(1, 2))).transpose(1, 2)


class Branches(nn.Module):
    """Two branches joined at one shared scale: by addition (of two or three) or side by side."""

    def __init__(self, a: nn.Module, b: nn.Module, shared: nn.Module, last: nn.Module, join: str):
        super().__init__()
        self.a, self.b, self.shared, self.last, self.join = a, b, shared, last, join

    def forward(self, x: Any) -> Any:
        a, b = self.shared(self.a(x)), self.shared(self.b(x))
        if self.join == "cat":
            return torch.cat([a, b], dim=1)
        if self.join == "three":
            return self.last(a + b + self.shared(F.relu(a)))
        return self.last(a + b)


class Function(nn.Module):
    """A function of 8-bit codes, then a quantiser."""

    def __init__(self, act: nn.Module, function: Callable[..., Any]) -> None:
        super().__init__()
        self.act, self.function = act, function

    def forward(self, x: Any) -> Any:
        return self.act(self.function(x))


class FromSamples(nn.Module):
    """A float input [batch, channels, time]."""

    def __init__(self, act: nn.Module, body: nn.Module) -> None:
        super().__init__()
        self.act, self.body = act, body

    def forward(self, x: torch.Tensor) -> Any:
        return self.body(self.act(x))


class FromRows(nn.Module):
    """Two index inputs, their rows squashed and joined."""

    def __init__(self, rows: int, widths: tuple[int, int], act: nn.Module, body: nn.Module) -> None:
        super().__init__()
        self.one, self.two = nn.Embedding(rows, widths[0]), nn.Embedding(rows, widths[1])
        self.squash = nn.Tanh()
        self.act, self.body = act, body

    def forward(self, one: torch.Tensor, two: torch.Tensor) -> Any:
        rows = torch.cat([self.squash(self.one(one)), 0.5 * torch.sin(self.two(two))], dim=2)
        return self.body(self.act(rows.transpose(1, 2)))


FUNCTIONS = (torch.tanh, torch.sigmoid, F.leaky_relu, F.gelu, F.silu, torch.abs, lambda x: x * 0.75)


class Maker:
    """Draws modules from a seeded generator; `channels`, `bits` and `rate` follow the signal."""

    def __init__(self, seed: int, *, simple: bool) -> None:
        self.simple = simple
        self.rng = np.random.default_rng(seed)
        self.channels, self.bits, self.rate = 0, 8, Fraction(1)

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def number(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def precision(self) -> Quick:
        self.bits = int(self.rng.choice([8, 8, 8 if self.simple else 16]))
        return Quick(int(self.rng.choice([8, 8, 4])), self.bits)

    def act(self, precision: Quick) -> nn.Module:
        return relu(precision) if self.chance(0.4) else quantise(precision)

    def conv(self, precision: Quick, out: int, *, stride: int = 1, groups: int = 1) -> CausalConv1d:
        return CausalConv1d(
            self.channels, out, self.number(1, 4), dilation=self.number(1, 3), stride=stride,
            groups=groups, bias=self.chance(0.7), precision=precision,
        )  # fmt: skip

    def plain(self, kind: type, out: int, precision: Quick, *sizes: int, **more: Any) -> nn.Module:
        return kind(
            self.channels, out, *sizes, bias=self.chance(0.7), weight_quant=WEIGHTS[precision.weight_bits or 8],
            bias_quant=Bias32, return_quant_tensor=True, **more,
        )  # fmt: skip

    def conv_step(self) -> nn.Module:
        precision, twice = self.precision(), self.chance(0.2)
        strides = [s for s in (2, 3) if BLOCK_ROWS * self.rate % s == 0]
        stride = int(self.rng.choice(strides)) if strides and not twice and self.chance(0.3) else 1
        groups = self.channels if self.chance(0.3) else 1
        multiple = 1 if twice else self.number(1, 2)
        out = self.channels * multiple if groups > 1 or twice else self.number(1, 8)
        conv = self.conv(precision, out, stride=stride, groups=groups)
        self.channels, self.rate = out, self.rate / stride
        return ConvStep(conv, self.act(precision), twice=twice)

    def up_step(self) -> nn.Module:
        precision, stride, out = self.precision(), self.number(2, 4), self.number(1, 6)
        if self.chance(0.3):
            conv = self.plain(qnn.QuantConvTranspose1d, out, precision, stride, stride=stride)
        else:
            kernel = self.number(stride, 3 * stride)
            conv = CausalConvTranspose1d(
                self.channels,
                out,
                kernel,
                stride=stride,
                bias=self.chance(0.7),
                precision=precision,
            )
        self.channels, self.rate = out, self.rate * stride
        return ConvStep(conv, self.act(precision))

    def residual_step(self) -> nn.Module:
        precision = self.precision()
        shared = quantise(precision)
        blocks = [
            ResidualBlock(
                self.channels, self.number(1, 3), dilation=self.number(1, 3), shared=shared,
                precision=precision,
            )
            for _ in range(self.number(1, 2))
        ]  # fmt: skip
        return nn.Sequential(shared, *blocks)

    def branch_step(self) -> nn.Module:
        join = str(self.rng.choice(["cat", "two", "three"]))
        precision = Quick(int(self.rng.choice([8, 4])), 8) if join != "cat" else self.precision()
        out = self.number(1, 5)
        a, b = self.conv(precision, out), self.conv(precision, out)
        shared = quantise(precision)
        last = shared if self.chance(0.5) else self.act(self.precision())
        if join == "cat":
            out, last = 2 * out, nn.Identity()
        self.channels = out
        self.bits = precision.activation_bits if last is shared or join == "cat" else self.bits
        return Branches(a, b, shared, last, join)

    def table_step(self) -> nn.Module:
        precision = self.precision()
        if self.chance(0.3):
            return qnn.QuantTanh(**precision.activation())
        function = FUNCTIONS[int(self.rng.integers(len(FUNCTIONS)))]
        return Function(quantise(precision), function)

    def rescale_step(self) -> nn.Module:
        return (
            Function(self.act(self.precision()), F.relu)
            if self.chance(0.3)
            else self.act(self.precision())
        )

    def linear_step(self) -> nn.Module:
        precision, out = self.precision(), self.number(1, 6)
        linear = self.plain(qnn.QuantLinear, out, precision)
        self.channels = out
        return LinearStep(linear, self.act(precision))

    def padded_step(self) -> nn.Module:
        precision, out = self.precision(), self.number(1, 6)
        conv = self.plain(
            qnn.QuantConv1d, out, precision, self.number(1, 4), dilation=self.number(1, 3)
        )
        self.channels = out
        return PaddedConv(conv, quantise(precision))

    def step(self) -> nn.Module:
        kinds = [
            self.conv_step, self.conv_step, self.residual_step, self.branch_step, self.rescale_step,
            self.linear_step, self.padded_step,
        ]  # fmt: skip
        if self.rate < 8:
            kinds.append(self.up_step)
        if self.bits == 8 and not self.simple:
            kinds += [self.table_step, self.table_step]
        return kinds[int(self.rng.integers(len(kinds)))]()


@dataclass
class Example:
    """A calibrated module in evaluation mode, its inputs' description, and inputs for it."""

    module: nn.Module
    ways: dict[str, RowIndexes | Samples]
    inputs: dict[str, torch.Tensor]

    def alive(self) -> bool:
        """Whether every quantiser saw something but zeros; Brevitas gives the others a scale of 1e-10."""
        scales = [
            float(layer.act_quant.scale().detach())
            for layer in self.module.modules()
            if isinstance(layer, QuantNonLinearActLayer)
        ]
        return min(scales) > 1e-9


def random_example(seed: int, *, steps: int, blocks: int, simple: bool = False) -> Example:
    """The same seed gives the same module, calibration and inputs.

    simple: no functions, no embeddings and no 16-bit signals.
    """
    torch.manual_seed(seed)
    maker = Maker(seed, simple=simple)
    rows, widths = maker.number(1, 6), (maker.number(1, 3), maker.number(1, 3))
    from_rows = not simple and maker.chance(0.3)
    maker.channels = sum(widths) if from_rows else maker.number(1, 6)
    first, act = maker.channels, quantise(maker.precision())
    body = nn.Sequential(*(maker.step() for _ in range(steps)))
    length = blocks * BLOCK_ROWS

    def inputs(loudness: float) -> dict[str, torch.Tensor]:
        if from_rows:
            return {name: torch.randint(0, rows, (2, length)) for name in ("one", "two")}
        return {"x": loudness * torch.randn(2, first, length)}

    module = FromRows(rows, widths, act, body) if from_rows else FromSamples(act, body)
    loudness = float(2.0 ** maker.number(-3, 3))
    module.train()
    with torch.no_grad():
        for _ in range(CALIBRATION_STEPS + 1):
            module(**inputs(loudness))
    ways: dict[str, RowIndexes | Samples] = (
        {"one": RowIndexes(), "two": RowIndexes()} if from_rows else {"x": Samples(first)}
    )
    # Louder than what was heard in calibration, so that codes saturate.
    return Example(module.eval(), ways, inputs(loudness * 2.0 ** maker.number(0, 3)))


def tiny_challenge(trunk_weight_bits: int) -> nn.Module:
    """A small random generator of two words, calibrated and in evaluation mode."""
    torch.manual_seed(trunk_weight_bits)
    config = ChallengeConfig(
        words=("yes", "no"), frames=6, embedding=4, channels=(8, 6, 4), upsampling=(2, 2, 2),
        trunk_dilations=(2,), upper_dilations=(3,), trunk_weight_bits=trunk_weight_bits,
    )  # fmt: skip
    model = GENERATOR.network(config, quantised=True)
    calibrate(model, GENERATOR.tensors(config, config.words))
    return model.eval()


NETS_RATE_HZ = 100.0


@functools.cache
def small_net() -> nn.Sequential:
    """quantiser, convolution, quantiser over two channels: calibrated, in evaluation mode; copy to change it."""
    torch.manual_seed(0)
    precision = Quick(8, 8)
    net = nn.Sequential(
        quantise(precision), CausalConv1d(2, 2, 3, precision=precision), quantise(precision)
    )
    for _ in range(CALIBRATION_STEPS + 1):
        net(torch.randn(4, 2, 32))
    return net.eval()


def example_layers(module: nn.Module) -> list[Any]:
    """Its layers with weights, each once."""
    return [layer for layer in module.modules() if hasattr(layer, "weight_quant")]
