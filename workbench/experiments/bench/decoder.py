"""The decoder of the benchmark: 13 million multiply-accumulates, as integer program and float module.

Of the size and kind of a small neural audio decoder: 64 latent channels, two upsamplings by 4,
dilated residuals x + conv(relu(x)), one output channel. Layout: codes [batch, time, channel] in the
program, float32 [batch, channel, time] in the module.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from workbench.integer.biases import narrow_bias
from workbench.integer.operators import Add, Conv, Operator, Rescale
from workbench.integer.program import Program
from workbench.integer.signals import Signal, code_range

FRAMES = 32
SAMPLES = 512
WEIGHTS = 149_728
MACS = 12_959_744  # of one forward of all frames
_LATENT_CHANNELS = 64
_LATENT_EXPONENT = -5
_LATENT_SPREAD = 40.0  # standard deviation of the codes
_UP = 4
# Spread of the weights' codes, as in the trained generator: 29 to 43, larger or smaller by channel.
_WEIGHT_SPREAD = 32.0
_RESIDUAL_GAIN = 0.5  # keeps sums of many branches in range
_BIAS_SPREAD = 0.1
_INSIDE = 0.999  # of the values are inside the range of their codes

Convolution = nn.Conv1d | nn.ConvTranspose1d


@dataclass(frozen=True, eq=False)
class Decoder:
    """One decoder twice, with the same weights, and one input.

    program: int8 weights and activations, int16 output. module: float32, its weights are the codes
    times their power of two, so that only the rounding of activations separates the two. latent: int8
    [1, FRAMES, 64].
    """

    program: Program
    module: FloatDecoder
    latent: np.ndarray

    @property
    def inputs(self) -> dict[str, np.ndarray]:
        """The input of the program."""
        return {"latent": self.latent}

    @property
    def x(self) -> torch.Tensor:
        """The same input for the module, float32 [1, 64, FRAMES]."""
        return _values(self.latent)


class CausalConv(nn.Module):
    """Conv1d that sees no later row."""

    def __init__(self, channels: int, out: int, taps: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, out, taps, dilation=dilation)
        self.history = (taps - 1) * dilation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[batch, channels, time] -> [batch, out, time]."""
        return self.conv(functional.pad(x, (self.history, 0)))


class Upsampling(nn.Module):
    """ConvTranspose1d by 4 with 8 taps, without the rows after the last input row."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose1d(channels, out, 2 * _UP, stride=_UP)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[batch, channels, time] -> [batch, out, 4 * time]."""
        return self.conv(x)[:, :, : _UP * x.shape[2]]


class Residual(nn.Module):
    """x + conv(relu(x))."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.conv = CausalConv(channels, channels, 3, dilation)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[batch, channels, time], and so is what it gives."""
        return x + self.conv(torch.relu(x))


class FloatDecoder(nn.Sequential):
    """The decoder as users of PyTorch write it: float32 [batch, 64, time] -> [batch, 1, 16 * time]."""

    def __init__(self) -> None:
        super().__init__(
            CausalConv(_LATENT_CHANNELS, 128, 3),
            nn.ReLU(),
            Upsampling(128, 64),
            *(Residual(64, dilation) for dilation in (1, 3, 9)),
            nn.ReLU(),
            Upsampling(64, 32),
            *(Residual(32, dilation) for dilation in (1, 3)),
            nn.ReLU(),
            CausalConv(32, 1, 7),
        )

    def convolutions(self) -> list[Convolution]:
        """All layers that have weights, in execution order."""
        return [part for part in self.modules() if isinstance(part, Convolution)]


def decoder(seed: int = 0) -> Decoder:
    """The decoder with weights drawn from `seed`; shifts follow from the ranges of its activations."""
    rng = np.random.default_rng(seed)
    shape = (1, FRAMES, _LATENT_CHANNELS)
    latent = np.clip(np.rint(rng.normal(0, _LATENT_SPREAD, shape)), -127, 127).astype(np.int8)
    module = FloatDecoder().eval()
    exponents = [_draw_weights(layer, rng) for layer in module.convolutions()]
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    program = _Writer(module, exponents, _values(latent)).program()
    return Decoder(program, module, latent)


def _values(latent: np.ndarray) -> torch.Tensor:
    values = np.ldexp(latent.astype(np.float32), _LATENT_EXPONENT)
    return torch.from_numpy(values.transpose(0, 2, 1).copy())  # [1, channels, time]


def _draw_weights(layer: Convolution, rng: np.random.Generator) -> np.ndarray:
    """Give `layer` weights code * 2**e, |code| <= 127; return e by output channel, int [out]."""
    transposed = isinstance(layer, nn.ConvTranspose1d)
    fan_in = layer.in_channels * layer.kernel_size[0] // (layer.stride[0] if transposed else 1)
    gain = _RESIDUAL_GAIN if layer.in_channels == layer.out_channels else 1.0
    # Halves of the inputs are zero after ReLU: He et al. 2015, https://arxiv.org/abs/1502.01852.
    spread = gain * np.sqrt(2 / fan_in) * np.exp2(rng.uniform(-0.5, 0.5, layer.out_channels))
    exponent = np.rint(np.log2(spread / _WEIGHT_SPREAD)).astype(np.int64)
    codes = rng.normal(0, 1, layer.weight.shape)  # [out, in, taps], transposed [in, out, taps]
    along = (1, -1, 1) if transposed else (-1, 1, 1)
    scale = np.exp2(exponent).reshape(along)
    codes = np.clip(np.rint(codes * spread.reshape(along) / scale), -127, 127)
    layer.weight.data = torch.from_numpy((codes * scale).astype(np.float32))
    bias = rng.normal(0, _BIAS_SPREAD, layer.out_channels).astype(np.float32)
    layer.bias = nn.Parameter(torch.from_numpy(bias))
    return exponent


class _Writer:
    """Writes the integer program of a float decoder, part by part, watching what flows through it."""

    def __init__(self, module: FloatDecoder, exponents: list[np.ndarray], x: torch.Tensor) -> None:
        self.module = module
        self.exponents = dict(zip(module.convolutions(), exponents, strict=True))
        self.x = x
        self.signals = [Signal("latent", 8, _LATENT_CHANNELS, 1, _LATENT_EXPONENT)]
        self.operators: list[Operator] = []

    def program(self) -> Program:
        """Eight bits everywhere but at the output, which has sixteen."""
        flow = [self.x]
        for part in self.module:
            flow.append(part(flow[-1]))
        last = len(self.module) - 1
        for number, part in enumerate(self.module):
            bits = 16 if number == last else 8
            name = f"{number}"
            if isinstance(part, nn.ReLU):
                self._relu(name, _exponent(flow[number + 1], bits))
            elif isinstance(part, Residual):
                stream = self.signals[-1]
                inner = torch.relu(flow[number])
                self._relu(f"{name}.relu", _exponent(inner, bits))
                # Both operands of the sum have one scale.
                self._conv(f"{name}.conv", part.conv.conv, bits, stream.exponent)
                self._add(name, stream)
            elif isinstance(part, CausalConv | Upsampling):
                after = self._residuals_after(number)
                exponent = max(_exponent(each, bits) for each in flow[number + 1 : after + 1])
                self._conv(name, part.conv, bits, exponent)
        return Program(
            "decoder", ("latent",), self.signals[-1].name, 250.0,
            tuple(self.signals), tuple(self.operators),
        )  # fmt: skip

    def _residuals_after(self, number: int) -> int:
        """Number of the first part after `number` that is no residual."""
        after = number + 1
        while after < len(self.module) and isinstance(self.module[after], Residual):
            after += 1
        return after

    def _relu(self, name: str, exponent: int) -> None:
        source = self.signals[-1]
        shift = np.array([exponent - _known(source)], np.int8)
        target = replace(source, name=name, exponent=exponent)
        self._write(Rescale(name, (source.name,), name, shift, 0, 127), target)

    def _add(self, name: str, stream: Signal) -> None:
        low, high = code_range(stream.bits)
        sources = (stream.name, self.signals[-1].name)
        self._write(Add(name, sources, name, low, high), replace(stream, name=name))

    def _conv(self, name: str, layer: Convolution, bits: int, exponent: int | None) -> None:
        source = self.signals[-1]
        target = Signal(name, bits, layer.out_channels, source.rate * layer.stride[0], exponent)
        scale = self.exponents[layer] + _known(source)  # of the sums, by channel
        shift = _known(target) - scale
        rounding = np.where(shift > 0, 1 << np.maximum(shift - 1, 0), 0)
        bias = np.rint(np.ldexp(_bias(layer).astype(np.float64), -scale)) + rounding
        low, high = code_range(bits)
        conv = Conv(
            name, (source.name,), name, weight_codes(layer, self.exponents[layer]),
            narrow_bias(bias), shift.astype(np.int8), low, high, dilation=layer.dilation[0],
        )  # fmt: skip
        self._write(conv, target)

    def _write(self, operator: Operator, target: Signal) -> None:
        self.operators.append(operator)
        self.signals.append(target)


def weight_codes(layer: Convolution, exponent: np.ndarray) -> np.ndarray:
    """The weights of a float layer as the program stores them: int8 [up, out, taps, in]."""
    weight = layer.weight.numpy()
    if isinstance(layer, nn.ConvTranspose1d):
        # y[t * s + u] = x[t] K[u] + x[t - 1] K[u + s]: s convolutions of two taps, the newest last.
        up = layer.stride[0]
        parts = weight.reshape(*weight.shape[:2], 2, up)[:, :, ::-1]  # [in, out, taps, up]
        values = parts.transpose(3, 1, 2, 0)
    else:
        values = weight.transpose(0, 2, 1)[None]  # [1, out, taps, in]
    return np.ldexp(values, -exponent[:, None, None]).astype(np.int8)


def _bias(layer: Convolution) -> np.ndarray:
    assert layer.bias is not None
    return layer.bias.numpy()


def _exponent(values: torch.Tensor, bits: int) -> int:
    """Of the smallest power of two that leaves most of `values` unclipped."""
    most = np.quantile(np.abs(values.numpy()), _INSIDE)
    return int(np.ceil(np.log2(most / code_range(bits)[1])))


def _known(signal: Signal) -> int:
    assert signal.exponent is not None
    return signal.exponent
