"""Streaming layers: causal convolutions, quantisers and residual blocks, float or quantised.

Reference: causal dilated convolution, van den Oord et al. 2016, https://arxiv.org/abs/1609.03499.
Layout: [batch, channel, time], as torch's convolutions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import brevitas.nn as qnn
import torch
import torch.nn.functional as F
from torch import nn

from workbench.errors import WorkbenchError
from workbench.generators.quantisers import ACTIVATIONS, WEIGHTS, WEIGHTS_PER_TENSOR, Bias32


@dataclass(frozen=True)
class Precision:
    """Widths of one stage in bits; None everywhere is float training.

    weight_bits: 8, 4 or None. activation_bits: 8, 16 or None.
    """

    weight_bits: int | None = 8
    activation_bits: int | None = 8

    def __post_init__(self) -> None:
        for name, bits, known in (
            ("weight_bits", self.weight_bits, WEIGHTS),
            ("activation_bits", self.activation_bits, ACTIVATIONS),
        ):
            if bits is not None and bits not in known:
                raise WorkbenchError(
                    f"a Precision cannot have {name}={bits!r}; choose "
                    f"{' or '.join(map(str, known))}, or None for float"
                )

    def weights(self, *, per_tensor: bool = False) -> dict[str, Any]:
        """Keyword arguments for a Brevitas layer with weights; per_tensor: one scale for all of them."""
        if self.weight_bits is None:
            return {"weight_quant": None, "bias_quant": None}
        return {
            "weight_quant": (WEIGHTS_PER_TENSOR if per_tensor else WEIGHTS)[self.weight_bits],
            "bias_quant": Bias32,
            "return_quant_tensor": True,
        }

    def activation(self) -> dict[str, Any]:
        """Keyword arguments for a Brevitas activation layer."""
        if self.activation_bits is None:
            return {"act_quant": None}
        return {"act_quant": ACTIVATIONS[self.activation_bits], "return_quant_tensor": True}


FLOAT = Precision(weight_bits=None, activation_bits=None)


class CausalConv1d(qnn.QuantConv1d):
    """Conv1d that sees the present and the past: (kernel - 1) * dilation zeros go before the input."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        dilation: int = 1,
        stride: int = 1,
        groups: int = 1,
        bias: bool = True,
        precision: Precision = FLOAT,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            dilation=dilation,
            stride=stride,
            groups=groups,
            bias=bias,
            **precision.weights(),
        )

    def forward(self, x: Any) -> Any:
        """[batch, in, time] -> [batch, out, time / stride]; time is a multiple of stride."""
        _check_quantised(self, x)
        return super().forward(F.pad(x, ((self.kernel_size[0] - 1) * self.dilation[0], 0)))


class CausalConvTranspose1d(qnn.QuantConvTranspose1d):
    """ConvTranspose1d whose output is `stride` times as long; what would follow is cut off."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int,
        groups: int = 1,
        bias: bool = True,
        precision: Precision = FLOAT,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            groups=groups,
            bias=bias,
            # Brevitas cannot run groups of a transposed convolution with a scale for each channel.
            **precision.weights(per_tensor=groups > 1),
        )

    def forward(self, x: Any) -> Any:
        """[batch, in, time] -> [batch, out, time * stride]."""
        _check_quantised(self, x)
        y = super().forward(x)
        length = x.shape[-1] * self.stride[0]
        if hasattr(y, "set"):  # a QuantTensor cannot be sliced, its value can
            return y.set(value=y.value[..., :length])
        return y[..., :length]


def quantise(precision: Precision) -> nn.Module:
    """A quantiser of activations; the identity in float."""
    return qnn.QuantIdentity(**precision.activation())


def relu(precision: Precision) -> nn.Module:
    """ReLU and quantiser in one, with signed codes."""
    return qnn.QuantReLU(**precision.activation())


class ResidualBlock(nn.Module):
    """q(x + q(conv1(relu(conv_k(relu(x)))))), q shared, so that both operands have one scale."""

    def __init__(
        self,
        channels: int,
        kernel_size: int,
        *,
        dilation: int,
        shared: nn.Module,
        precision: Precision,
    ) -> None:
        super().__init__()
        self.relu_in = relu(precision)
        self.conv = CausalConv1d(
            channels, channels, kernel_size, dilation=dilation, precision=precision
        )
        self.relu_mid = relu(precision)
        self.mix = CausalConv1d(channels, channels, 1, precision=precision)
        self.shared = shared

    def forward(self, x: Any) -> Any:
        """[batch, channels, time] -> the same shape, at the shared scale."""
        y = self.conv(self.relu_in(x))
        y = self.mix(self.relu_mid(y))
        return self.shared(x + self.shared(y))


def _check_quantised(layer: Any, x: Any) -> None:
    """Raise WorkbenchError for a plain tensor where Brevitas needs the scale that a quantiser gives."""
    plain = not hasattr(x, "scale") and not layer.input_quant.is_quant_enabled
    if layer.weight_quant.is_quant_enabled and layer.return_quant_tensor and plain:
        raise WorkbenchError(
            f"a quantised {type(layer).__name__} needs a quantised input; put quantise(precision) in "
            "front of it, or relu(precision) in place of a plain ReLU"
        )


def tensor_value(x: Any) -> torch.Tensor:
    """The plain tensor behind a QuantTensor, or x itself: what a loss is made of."""
    return x.value if hasattr(x, "value") else x
