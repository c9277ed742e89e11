"""Reading a layer with weights: the codes that Brevitas would use, as one causal convolution.

Reference: polyphase decomposition of a transposed convolution, Vaidyanathan 1990. Layout: weights
[up, out, taps, in / groups], the last tap the newest row.
"""

from __future__ import annotations

from typing import Any

import brevitas.nn as qnn
import numpy as np
import torch
from brevitas.proxy.parameter_quant import BiasQuantProxyFromInjectorBase
from brevitas.quant_tensor import IntQuantTensor

from workbench.generators.layers import CausalConv1d, CausalConvTranspose1d, tensor_value
from workbench.integer.lowering.quantisers import whole_codes
from workbench.integer.lowering.values import Accumulator, Codes, Padded, power_of_two, refusal
from workbench.integer.signals import INT32_MAX, INT32_MIN, code_range


def read_convolution(
    layer: qnn.QuantConv1d, source: Codes | Padded, where: str, label: str
) -> Accumulator:
    """A Conv1d whose padding is causal: CausalConv1d, or a plain one with the zeros before it."""
    # Brevitas keeps padding 0 where it pads a strided layer "same" by itself.
    around = layer.padding_mode != "zeros" and any(layer._reversed_padding_repeated_twice)
    if around or layer.padding not in ((0,), 0, "valid") or layer.is_same_padded_strided:
        raise refusal(where, "it pads both ends, so it looks ahead; use CausalConv1d")
    needed = (layer.kernel_size[0] - 1) * layer.dilation[0]
    given = source.rows if isinstance(source, Padded) else 0
    if isinstance(layer, CausalConv1d):
        given += needed
    if given != needed:
        raise refusal(
            where,
            f"it has {given} rows of zeros before its input where (kernel - 1) * dilation = {needed} "
            "would make it causal; use CausalConv1d",
        )
    codes = source.source if isinstance(source, Padded) else source
    weight, exponents, bits = _weight(layer, codes, where)
    return Accumulator(
        label=label,
        source=_fitting(codes, layer.in_channels, where),
        weight=weight.transpose(0, 2, 1)[None],  # [out, in / groups, taps] -> [1, out, taps, in]
        bias=_bias(layer, codes, exponents, where),
        exponents=exponents,
        weight_bits=bits,
        dilation=layer.dilation[0],
        stride=layer.stride[0],
        groups=layer.groups,
    )


def read_linear(layer: qnn.QuantLinear, source: Codes, where: str, label: str) -> Accumulator:
    """A linear layer on [batch, time, channel]: a convolution of one tap."""
    weight, exponents, bits = _weight(layer, source, where)
    return Accumulator(
        label=label,
        source=_fitting(source, layer.in_features, where),
        weight=weight[None, :, None, :],
        bias=_bias(layer, source, exponents, where),
        exponents=exponents,
        weight_bits=bits,
        dilation=1,
        stride=1,
        groups=1,
    )


def read_transposed(
    layer: qnn.QuantConvTranspose1d, source: Codes, where: str, label: str
) -> Accumulator:
    """A transposed convolution that ends with its input, in polyphase form."""
    stride, reach = layer.stride[0], (layer.kernel_size[0] - 1) * layer.dilation[0] + 1
    if layer.padding[0] or layer.output_padding[0]:
        raise refusal(where, "padding makes it look ahead; use CausalConvTranspose1d")
    if reach < stride:
        raise refusal(
            where, f"its kernel reaches over {reach} rows, less than its stride of {stride}"
        )
    if reach > stride and not isinstance(layer, CausalConvTranspose1d):
        raise refusal(where, "its output outlasts its input; use CausalConvTranspose1d")
    weight, exponents, bits = _weight(layer, source, where)
    return Accumulator(
        label=label,
        source=_fitting(source, layer.in_channels, where),
        weight=polyphase(weight, stride, layer.dilation[0], layer.groups),
        bias=_bias(layer, source, exponents, where),
        exponents=exponents,
        weight_bits=bits,
        dilation=1,
        stride=1,
        groups=layer.groups,
    )


def polyphase(weight: np.ndarray, stride: int, dilation: int, groups: int) -> np.ndarray:
    """[in, out / groups, kernel] of a transposed convolution -> [stride, out, taps, in / groups].

    Output row t * stride + u sees kernel position k of input row t - j where k * dilation - u is
    j * stride; taps that no k reaches are zeros.
    """
    fan_in, per_group, kernel = weight.shape
    taps = (kernel - 1) * dilation // stride + 1
    phases = np.zeros((stride, groups * per_group, taps, fan_in // groups), weight.dtype)
    split = weight.reshape(groups, fan_in // groups, per_group, kernel)
    for k in range(kernel):
        back, phase = divmod(k * dilation, stride)
        tap = split[..., k].transpose(0, 2, 1)  # [groups, out / groups, in / groups]
        phases[phase, :, taps - 1 - back] = tap.reshape(groups * per_group, -1)
    return phases


def _weight(layer: Any, source: Codes, where: str) -> tuple[np.ndarray, np.ndarray, int]:
    """(weight codes int64 in the layer's own shape, accumulator exponents int64 [out], 4 or 8)."""
    if not getattr(layer.weight_quant, "is_quant_enabled", False):
        raise refusal(where, "its weights are not quantised; use WeightInt8 or WeightInt4")
    _check_shape(layer, where)
    check_finite(layer.weight, "weight", where)
    try:
        quantised = layer.quant_weight(_stand_in(layer, source))
    except Exception as error:  # of Brevitas, which cannot run the layer either
        cure = "use the quantisers of workbench.generators.quantisers"
        if isinstance(layer, qnn.QuantConvTranspose1d) and layer.groups > 1:
            cure = (
                "groups need WeightInt8PerTensor or WeightInt4PerTensor, one scale for all channels"
            )
        raise refusal(where, f"Brevitas cannot quantise its weights; {cure}") from error
    if not isinstance(quantised, IntQuantTensor):
        raise refusal(
            where, "its weights are not quantised to integers; use WeightInt8 or WeightInt4"
        )
    if bool((quantised.zero_point != 0).any()):
        raise refusal(where, "the zero point of its weights is not 0; use WeightInt8 or WeightInt4")
    if not quantised.signed or float(quantised.bit_width) > 8:
        raise refusal(where, "its weights are not signed codes of at most 8 bits; use WeightInt8")
    scales = quantised.scale.detach().cpu().double().numpy()
    out = layer.out_features if isinstance(layer, qnn.QuantLinear) else layer.out_channels
    if scales.size not in (1, out):
        raise refusal(where, f"it has {scales.size} weight scales for {out} output channels")
    per_channel = np.broadcast_to(scales.reshape(-1), (out,))
    exponents = np.array([power_of_two(scale, where, "weights") for scale in per_channel])
    codes = whole_codes(quantised.value / quantised.scale, 0, where)
    bits = 4 if float(quantised.bit_width) <= 4 else 8
    low, high = code_range(bits)
    if codes.min() < low or codes.max() > high:
        raise refusal(where, f"its weight codes leave {low}..{high}")
    return codes, exponents + source.exponent, bits


def _bias(layer: Any, source: Codes, exponents: np.ndarray, where: str) -> np.ndarray:
    """Bias in accumulator steps, int64 [out]."""
    if layer.bias is None:
        return np.zeros(len(exponents), np.int64)
    check_finite(layer.bias, "bias", where)
    if not isinstance(layer.bias_quant, BiasQuantProxyFromInjectorBase):
        raise refusal(where, "its bias_quant is no quantiser; use bias_quant=Bias32")
    given = _stand_in(layer, source)
    try:
        values = tensor_value(layer.bias_quant(layer.bias, given, layer.quant_weight(given)))
    except Exception as error:  # likewise
        raise refusal(where, "Brevitas cannot quantise its bias; use bias_quant=Bias32") from error
    codes = np.ldexp(values.detach().cpu().double().numpy(), -exponents)
    if not np.array_equal(codes, np.floor(codes)):
        raise refusal(
            where, "its bias is no whole number of accumulator steps; use bias_quant=Bias32"
        )
    if codes.min() < INT32_MIN or codes.max() > INT32_MAX:
        raise refusal(where, "its bias does not fit int32; use bias_quant=Bias32")
    return codes.astype(np.int64)


def _check_shape(layer: Any, where: str) -> None:
    """Raise WorkbenchError where cutting channels out of the weights left the layer's sizes behind."""
    if isinstance(layer, qnn.QuantLinear):
        shape: tuple[int, ...] = (layer.out_features, layer.in_features)
    elif isinstance(layer, qnn.QuantConvTranspose1d):
        shape = (layer.in_channels, layer.out_channels // layer.groups, layer.kernel_size[0])
    else:
        shape = (layer.out_channels, layer.in_channels // layer.groups, layer.kernel_size[0])
    stored_shape = tuple(layer.weight.shape)
    if stored_shape != shape:
        raise refusal(
            where,
            f"its weight is {list(stored_shape)} where its own sizes say {list(shape)}; make a layer of the new "
            "size and copy the weight into it",
        )


def check_finite(values: torch.Tensor, name: str, where: str) -> None:
    """Raise WorkbenchError naming the first element that is nan or infinite."""
    wrong = torch.nonzero(~torch.isfinite(values.detach()))
    if len(wrong):
        index = tuple(wrong[0].tolist())
        raise refusal(
            where,
            f"its {name}{list(index)} is {float(values[index])}; look for what made it so in training "
            "(a rate too high, a division by 0)",
        )


def _stand_in(layer: Any, source: Codes) -> IntQuantTensor:
    """A quantised input of the right scale, for Brevitas to derive the bias scale from."""
    linear = isinstance(layer, qnn.QuantLinear)
    shape = (1, 1, source.channels) if linear else (1, source.channels, 1)
    double = torch.float64
    return IntQuantTensor(
        torch.zeros(shape, dtype=double),
        torch.tensor(2.0**source.exponent, dtype=double),
        torch.tensor(0.0, dtype=double),
        torch.tensor(float(source.bits), dtype=double),
        True,
        False,
    )


def _fitting(source: Codes, channels: int, where: str) -> Codes:
    if source.channels != channels:
        raise refusal(where, f"it takes {channels} channels and is given {source.channels}")
    return source
