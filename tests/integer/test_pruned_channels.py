"""Pruned channels, silent layers and values that are no numbers: exact, or named in the refusal."""

from __future__ import annotations

from typing import Any

import brevitas.nn as qnn
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import seeds
from random_modules import CALIBRATION_STEPS, Quick, QuickAct8, example_layers, random_example
from torch import nn

from workbench.errors import WorkbenchError
from workbench.generators.layers import CausalConv1d, CausalConvTranspose1d, quantise, relu
from workbench.generators.quantisers import (
    WEIGHTS,
    WEIGHTS_PER_TENSOR,
    Bias32,
    WeightInt8,
)
from workbench.integer.lowering.layer_check import disagreements, random_inputs
from workbench.integer.lowering.lower import Lowered, RowIndexes, Samples, lower

KINDS = ("conv", "depthwise", "grouped", "transposed", "grouped transposed", "linear", "plain")


class Transposed(nn.Module):
    """A linear layer on [batch, channel, time]."""

    def __init__(self, linear: nn.Module) -> None:
        super().__init__()
        self.linear = linear

    def forward(self, x: Any) -> Any:
        return self.linear(x.transpose(1, 2)).transpose(1, 2)


def _layer(kind: str, precision: Quick, *, bias: bool) -> nn.Module:
    bits = precision.weight_bits or 8
    more = {"weight_quant": WEIGHTS[bits], "bias_quant": Bias32, "return_quant_tensor": True}
    if kind == "linear":
        return Transposed(qnn.QuantLinear(4, 4, bias=bias, **more))
    if kind == "plain":
        more["weight_quant"] = WEIGHTS_PER_TENSOR[bits]
        return qnn.QuantConv1d(4, 4, 1, bias=bias, **more)
    groups = {"depthwise": 4, "grouped": 2, "grouped transposed": 2}.get(kind, 1)
    if kind.endswith("transposed"):
        return CausalConvTranspose1d(
            4, 4, 5, stride=2, groups=groups, bias=bias, precision=precision
        )
    return CausalConv1d(4, 4, 3, groups=groups, bias=bias, precision=precision)


def _net(kind: str, precision: Quick, *, bias: bool, act: Any = quantise) -> nn.Sequential:
    torch.manual_seed(len(kind) + bias)
    net = nn.Sequential(quantise(precision), _layer(kind, precision, bias=bias), act(precision))
    for _ in range(CALIBRATION_STEPS + 1):
        net(torch.randn(4, 4, 24))
    return net.eval()


def _weights(net: nn.Module) -> Any:
    return next(m for m in net.modules() if hasattr(m, "weight_quant"))


def _channel(layer: Any, channel: int) -> tuple[Any, ...]:
    """The index of an output channel's weights."""
    if isinstance(layer, qnn.QuantConvTranspose1d):
        per_group = layer.out_channels // layer.groups
        group, column = divmod(channel, per_group)
        rows = layer.in_channels // layer.groups
        return (slice(group * rows, (group + 1) * rows), column)
    return (channel,)


def _exact(net: nn.Module) -> Lowered:
    lowered = lower(net, {"input": Samples(4)}, name="net", input_rate_hz=100.0, check=False)
    differing = disagreements(net, lowered, random_inputs(lowered))
    assert differing == dict.fromkeys(differing, 0)
    return lowered


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("bias", [0.0, 1.0, -1.0, None])
def test_a_pruned_channel_lowers_exactly(kind: str, bits: int, bias: float | None) -> None:
    """Whatever its bias: in steps of Brevitas's smallest scale, it fills int32 in either direction."""
    activation_bits, act = {4: (16, relu), 8: (8, quantise)}[bits]
    net = _net(kind, Quick(bits, activation_bits), bias=bias is not None, act=act)
    layer = _weights(net)
    with torch.no_grad():
        layer.weight[_channel(layer, 1)] = 0.0
        if bias is not None:
            layer.bias[1] = bias
    _exact(net)
    with torch.no_grad():  # all channels
        layer.weight.zero_()
        if bias is not None:
            layer.bias.fill_(bias)
    _exact(net)


@settings(max_examples=12, deadline=None)
@given(seed=seeds, steps=st.integers(1, 4), share=st.floats(0.1, 1.0))
def test_random_modules_with_random_pruning_lower_exactly(
    seed: int, steps: int, share: float
) -> None:
    example = random_example(seed, steps=steps, blocks=1)
    if not example.alive():
        return
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for layer in example_layers(example.module):
            for channel in range(getattr(layer, "out_channels", None) or layer.out_features):
                if rng.random() < share:
                    layer.weight[_channel(layer, channel)] = float(rng.choice([0.0, 0.0, 1e-14]))
                if layer.bias is not None and rng.random() < share:
                    layer.bias[channel] = float(rng.choice([0.0, -1.0, 1e-6, -1e-6, 100.0]))
    try:
        lowered = lower(
            example.module, example.ways, name="pruned", input_rate_hz=100.0, check=False
        )
    except WorkbenchError as error:
        assert "in output channel" in str(error)  # only an accumulator beyond int32
        return
    differing = disagreements(example.module, lowered, example.inputs)
    assert differing == dict.fromkeys(differing, 0)


@pytest.mark.parametrize("left", [1e-30, 1e-12, 1e-9])
@pytest.mark.parametrize("bias", [0.5, -0.5])
def test_a_channel_with_next_to_nothing_left_lowers_exactly(left: float, bias: float) -> None:
    for act in (quantise, relu):
        net = _net("conv", Quick(8, 8), bias=True, act=act)
        with torch.no_grad():
            net[1].weight[1] *= left
            net[1].bias[1] = bias
        _exact(net)


def test_a_constant_that_fits_no_accumulator_is_that_constant() -> None:
    net = _net("conv", Quick(8, 8), bias=True)
    with torch.no_grad():
        net[1].weight[0] = 0.0
        net[1].bias[0] = -1.0
    conv = _exact(net).program.operators[0]
    assert (conv.weight[0, 0].any(), conv.shift[0]) == (False, 0)


# -- silence ----------------------------------------------------------------------------------


def _calibrated(net: nn.Sequential, sound: Any) -> nn.Sequential:
    for _ in range(CALIBRATION_STEPS + 1):
        net(sound())
    return net.eval()


def test_a_quantiser_that_saw_only_silence_is_named() -> None:
    precision = Quick(8, 8)
    for activation_bits in (8, 16):
        quiet = Quick(8, activation_bits)
        net = nn.Sequential(quantise(quiet), CausalConv1d(4, 4, 1, precision=quiet), relu(quiet))
        with pytest.raises(
            WorkbenchError, match=r"layer 0 \(QuantIdentity\): its quantiser saw only silence"
        ):
            _exact(_calibrated(net, lambda: torch.zeros(2, 4, 8)))
    net = nn.Sequential(
        quantise(precision), CausalConv1d(4, 4, 1, bias=False, precision=precision), relu(precision)
    )
    nn.init.zeros_(net[1].weight)
    with pytest.raises(
        WorkbenchError, match=r"layer 2 \(QuantReLU\): .* only silence .* training mode"
    ):
        _exact(_calibrated(net, lambda: torch.randn(2, 4, 8)))


def test_a_silent_quantiser_inside_a_layer_is_named() -> None:
    layer = qnn.QuantConv1d(
        4,
        4,
        1,
        bias=False,
        weight_quant=WeightInt8,
        output_quant=QuickAct8,
        return_quant_tensor=True,
    )
    nn.init.zeros_(layer.weight)
    net = _calibrated(nn.Sequential(quantise(Quick()), layer), lambda: torch.randn(2, 4, 8))
    with pytest.raises(
        WorkbenchError, match=r"layer 1 \(QuantConv1d\): its quantiser saw only silence"
    ):
        _exact(net)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_nan_and_infinity_are_called_that(value: float) -> None:
    name = str(value)
    for kind in ("conv", "transposed", "linear"):
        net = _net(kind, Quick(8, 8), bias=True)
        layer = _weights(net)
        path = "1.linear" if kind == "linear" else "1"
        with torch.no_grad():
            layer.bias[2] = value
        with pytest.raises(WorkbenchError, match=rf"layer {path} \(.*\): its bias\[2\] is {name};"):
            _exact(net)
        with torch.no_grad():
            layer.weight[3, 1] = value
        with pytest.raises(WorkbenchError, match=rf"its weight\[3, 1.*\] is {name};"):
            _exact(net)
    rows = nn.Sequential(nn.Embedding(3, 2), quantise(Quick()))
    with torch.no_grad():
        rows[0].weight[2, 1] = value
    with pytest.raises(
        WorkbenchError, match=rf"layer 0 \(Embedding\): its weight\[2, 1\] is {name};"
    ):
        lower(rows.eval(), {"input": RowIndexes()}, name="net", input_rate_hz=100.0)
    heard = _calibrated(nn.Sequential(quantise(Quick())), lambda: torch.full((1, 4, 8), value))
    with pytest.raises(
        WorkbenchError, match=r"layer 0 \(QuantIdentity\): the scale of its codes is"
    ):
        _exact(heard)


def test_a_function_without_a_value_somewhere_is_named() -> None:
    class Reciprocal(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = quantise(Quick()), quantise(Quick())

        def forward(self, input: torch.Tensor) -> Any:
            return self.last(torch.div(1.0, self.first(input)))

    with pytest.raises(
        WorkbenchError, match=r"layer last .* nan or infinite for some codes; clamp"
    ):
        _exact(Reciprocal().eval())


def test_a_channel_of_nearly_nothing_that_is_heard_is_named() -> None:
    net = _net("conv", Quick(8, 16), bias=True)
    with torch.no_grad():
        net[1].weight[1] *= 1e-3
        net[1].bias[1] = 3.0
    with pytest.raises(
        WorkbenchError,
        match=r"the accumulator of 1 can reach \d+, beyond int32, in output channel 1: its bias",
    ):
        _exact(net)
