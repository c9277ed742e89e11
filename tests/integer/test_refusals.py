"""What cannot be lowered exactly is refused with one sentence that names the layer and its class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import brevitas.nn as qnn
import pytest
import torch
import torch.nn.functional as F
from brevitas.quant import (
    Int8ActPerTensorFixedPoint,
    Int8ActPerTensorFloatMinMaxInit,
    Int8WeightPerTensorFloat,
    Uint8ActPerTensorFixedPoint,
)
from torch import nn

from workbench.errors import WorkbenchError
from workbench.generators.challenge.configuration import ChallengeConfig
from workbench.generators.challenge.network import Challenge
from workbench.generators.layers import (
    FLOAT,
    CausalConv1d,
    CausalConvTranspose1d,
    Precision,
    quantise,
)
from workbench.generators.quantisers import ActInt8, Bias32, WeightInt8
from workbench.integer.lowering.lower import RowIndexes, Samples, lower

NARROW, WIDE = Precision(8, 8), Precision(8, 16)
WEIGHTS = {"weight_quant": WeightInt8, "bias_quant": Bias32, "return_quant_tensor": True}


class ThreeZeroPoint(nn.Module):
    def __init__(self) -> None:
        super().__init__()

    def forward(
        self, x: torch.Tensor, scale: torch.Tensor, bit_width: torch.Tensor
    ) -> torch.Tensor:
        return torch.tensor(3.0)


class ShiftedAct(ActInt8):
    zero_point_impl = ThreeZeroPoint


class Floor(nn.Module):
    def __init__(self) -> None:
        super().__init__()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.floor(x)


class Late(nn.Module):
    """Rounds up from 0.45 of a step on: between the quarters, where 0.25 and 0.5 look right."""

    def __init__(self) -> None:
        super().__init__()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.floor(x + 0.55)


class LateAct(ActInt8):
    float_to_int_impl = Late


class FloorAct(ActInt8):
    float_to_int_impl = Floor


class WeightInt16(WeightInt8):
    bit_width = 16


class OwnConv(qnn.QuantConv1d):
    def forward(self, x: Any) -> Any:
        return super().forward(2 * x)


class Net(nn.Module):
    """Quantise, then whatever `body` does with `layer`."""

    def __init__(
        self,
        layer: nn.Module | None = None,
        body: Callable[[nn.Module, Any], Any] = lambda layer, x: layer(x),
        act: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.first = quantise(NARROW) if act is None else act
        self.inner = nn.Sequential(nn.Identity(), layer or nn.Identity())
        self.last = quantise(NARROW)
        self.body = body

    def forward(self, x: torch.Tensor) -> Any:
        return self.body(self, self.first(x))


def _layer(layer: nn.Module) -> Net:
    return Net(layer, lambda net, x: net.last(net.inner(x)))


def _act(act: nn.Module) -> Net:
    return Net(act, lambda net, x: net.inner(x))


def _plain(*sizes: int, **more: Any) -> nn.Module:
    return qnn.QuantConv1d(2, 2, *sizes, **{**WEIGHTS, **more})


def _heavy() -> nn.Module:
    layer = CausalConv1d(2, 2, 400, precision=NARROW)
    nn.init.constant_(layer.weight, 0.99)
    return layer


def _hooked(register: Callable[..., Any]) -> nn.Module:
    layer = CausalConv1d(2, 2, 1, precision=NARROW)
    register(layer, lambda *_: None)
    return layer


def _branch(x: Any) -> Any:
    return x if x.sum() > 0 else -x


CASES: dict[str, tuple[Net, str]] = {
    "unknown layer": (
        _layer(nn.Conv1d(2, 2, 1)), r"layer inner\.1 \(Conv1d\): no such layer"),
    "two arguments": (
        Net(nn.Bilinear(2, 2, 2), lambda net, x: net.last(net.inner[1](x, x))),
        r"layer inner\.1 \(Bilinear\): no such layer"),
    "batch norm": (_layer(nn.BatchNorm1d(2)), r"layer inner\.1 \(BatchNorm1d\): no such layer"),
    "own forward": (_layer(OwnConv(2, 2, 1, **WEIGHTS)), r"layer inner\.1 \(OwnConv\): its forward is not that of QuantConv1d"),
    "padding on both sides": (
        _layer(_plain(3, padding=1)), r"layer inner\.1 \(QuantConv1d\): it pads both ends"),
    "padding 'same'": (_layer(_plain(3, padding="same")), "it pads both ends"),
    "padding 'same' with a stride": (
        Net(_plain(3, padding="same", stride=2), lambda net, x: net.last(net.inner(F.pad(x, (2, 0))))),
        "it pads both ends"),
    "forward hook": (
        _layer(_hooked(nn.Module.register_forward_hook)),
        r"layer inner\.1 \(CausalConv1d\): its forward hooks may change what it does"),
    "hook before forward": (
        _layer(_hooked(nn.Module.register_forward_pre_hook)), "its forward hooks may change"),
    "no padding": (_layer(_plain(3)), r"it has 0 rows of zeros .* \(kernel - 1\) \* dilation = 2"),
    "padded too far": (
        Net(_plain(3), lambda net, x: net.last(net.inner(F.pad(x, (3, 0))))), "it has 3 rows of zeros"),
    "padding behind": (
        Net(_plain(3), lambda net, x: net.last(net.inner(F.pad(x, (1, 1))))),
        r"pad in the forward pass \(Net\): it may only put zeros before"),
    "padding with ones": (
        Net(_plain(3), lambda net, x: net.last(net.inner(F.pad(x, (2, 0), value=1.0)))),
        "it may only put zeros"),
    "transposed that goes on": (
        _layer(qnn.QuantConvTranspose1d(2, 2, 4, stride=2, **WEIGHTS)),
        r"layer inner\.1 \(QuantConvTranspose1d\): its output outlasts its input"),
    "transposed with padding": (
        _layer(qnn.QuantConvTranspose1d(2, 2, 4, stride=2, padding=1, **WEIGHTS)), "look ahead"),
    "transposed with gaps": (
        _layer(CausalConvTranspose1d(2, 2, 2, stride=3, precision=NARROW)), "less than its stride of 3"),
    "float scale": (
        _act(qnn.QuantIdentity(Int8ActPerTensorFloatMinMaxInit, min_val=-0.3, max_val=0.3)),
        r"layer inner\.1 \(QuantIdentity\): the scale of its codes, .*, is not a power of two"),
    "float weight scale": (
        _layer(_plain(1, weight_quant=Int8WeightPerTensorFloat)),
        r"layer inner\.1 \(QuantConv1d\): the scale of its weights, .*, is not a power of two"),
    "zero point": (
        Net(act=qnn.QuantIdentity(ShiftedAct, return_quant_tensor=True), body=lambda net, x: x),
        r"layer first \(QuantIdentity\): its zero point is not 0"),
    "unsigned codes": (
        _act(qnn.QuantReLU(Uint8ActPerTensorFixedPoint, return_quant_tensor=True)),
        r"layer inner\.1 \(QuantReLU\): its codes are unsigned"),
    "half to even": (
        _act(qnn.QuantIdentity(Int8ActPerTensorFixedPoint, return_quant_tensor=True)),
        r"layer inner\.1 \(QuantIdentity\): it does not round half up"),
    "another threshold": (_act(qnn.QuantIdentity(LateAct, return_quant_tensor=True)), "does not round half up"),
    "another threshold of the input": (
        Net(act=qnn.QuantIdentity(LateAct, return_quant_tensor=True), body=lambda net, x: x),
        r"layer first \(QuantIdentity\): it does not round half up"),
    "floor": (_act(qnn.QuantIdentity(FloorAct, return_quant_tensor=True)), "does not round half up"),
    "no quantiser": (
        _act(quantise(FLOAT)), r"layer inner\.1 \(QuantIdentity\): its quantiser is switched off"),
    "float weights": (
        _layer(CausalConv1d(2, 2, 1)), r"layer inner\.1 \(CausalConv1d\): its weights are not quantised"),
    "wide weights": (
        _layer(_plain(1, weight_quant=WeightInt16)), "its weights are not signed codes of at most 8 bits"),
    "float bias": (
        _layer(_plain(1, bias_quant=None)), "its bias is no whole number of accumulator steps"),
    "accumulator": (
        Net(_heavy(), lambda net, x: net.last(net.inner(x)), act=quantise(WIDE)),
        r"layer last \(QuantIdentity\): the accumulator of inner\.1 can reach \d+, beyond int32"),
    "unquantised output": (
        Net(CausalConv1d(2, 2, 1, precision=NARROW), lambda net, x: net.inner(x)),
        r"the output of Net: inner\.1 is not quantised; put a QuantIdentity behind it"),
    "two outputs": (Net(body=lambda net, x: (x, x)), "Net: it must return one tensor"),
    "unquantised sum": (
        Net(CausalConv1d(2, 2, 1, precision=NARROW), lambda net, x: net.last(x + net.inner(x))),
        r"add in the forward pass \(Net\): it adds the unquantised inner\.1"),
    "unquantised function": (
        Net(CausalConv1d(2, 2, 1, precision=NARROW), lambda net, x: net.last(torch.tanh(net.inner(x)))),
        r"tanh in the forward pass \(Net\): inner\.1 is not quantised"),
    "conv of a function": (
        Net(CausalConv1d(2, 2, 1, precision=NARROW), lambda net, x: net.last(net.inner(torch.tanh(x)))),
        r"layer inner\.1 \(CausalConv1d\): tanh is not quantised"),
    "function of 16 bits": (
        Net(body=lambda net, x: net.last(torch.tanh(x)), act=quantise(WIDE)),
        "a function of x needs 8-bit codes"),
    "sum of 16 bits": (
        Net(body=lambda net, x: net.last(x + x), act=quantise(WIDE)), "needs more than 16 bits|16 bits"),
    "product": (Net(body=lambda net, x: net.last(x * x)), "mul in the forward pass .*one tensor and"),
    "softmax": (
        Net(body=lambda net, x: net.last(torch.softmax(x, 1))), r"softmax in the forward pass \(Net\)"),
    "flip": (Net(body=lambda net, x: net.last(x.flip(2))), r"flip in the forward pass \(Net\)"),
    "transposition of the batch": (
        Net(body=lambda net, x: net.last(x.transpose(0, 1))), "only swap time and channels"),
    "concatenation in time": (
        Net(body=lambda net, x: net.last(torch.cat([x, x], dim=2))), "cat in .* must join channels"),
    "in place": (_layer(nn.ReLU(inplace=True)), r"layer inner\.1 \(ReLU\): it changes its input in place"),
    "in-place sum": (
        Net(body=lambda net, x: net.last(x.add_(x))), "add_ in .* changes its input in place"),
    "data-dependent control flow": (
        Net(body=lambda net, x: net.last(_branch(x))), "module Net: its forward pass cannot be followed"),
    "length-dependent control flow": (
        Net(body=lambda net, x: net.last(sum(x[..., i] for i in range(x.shape[-1])))),
        "its forward pass cannot be followed"),
    "linear on the wrong axes": (
        _layer(qnn.QuantLinear(2, 2, bias=True, **WEIGHTS)), r"it takes \[batch, time, channel\]"),
    "wrong channels": (
        _layer(CausalConv1d(3, 2, 1, precision=NARROW)), "takes 3 channels and is given 2"),
    "embedding of a signal": (_layer(nn.Embedding(2, 2)), "looks up rows by an input of whole numbers"),
    "a parameter": (
        Net(nn.Linear(2, 2), lambda net, x: net.last(x + net.inner[1].bias)), "a tensor that is no input"),
    "unquantised input": (
        Net(CausalConv1d(2, 2, 1, precision=NARROW), lambda net, x: net.last(net.inner(x)), nn.Identity()),
        r"layer inner\.1 \(CausalConv1d\): x is not quantised"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refused_by_name(case: str) -> None:
    net, words = CASES[case]
    with pytest.raises(WorkbenchError, match=words) as refusal:
        lower(net.eval(), {"x": Samples(2)}, name="net", input_rate_hz=100.0)
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).startswith("cannot lower ")


def test_a_float_generator_is_refused() -> None:
    config = ChallengeConfig(("one",), 4, 2, (2, 2, 2), (2, 2, 2))
    inputs = {"word": RowIndexes(), "position": RowIndexes()}
    with pytest.raises(
        WorkbenchError, match=r"layer quantise_input \(QuantIdentity\): its quantiser"
    ):
        lower(Challenge(config, quantised=False), inputs, name="float", input_rate_hz=100.0)


def test_inputs_must_be_described() -> None:
    net = Net(body=lambda net, x: x)
    with pytest.raises(
        WorkbenchError, match="forward takes x; describe these inputs and no others, not y"
    ):
        lower(net, {"y": Samples(2)}, name="net", input_rate_hz=100.0)
    lowered = lower(net, {"x": Samples(2)}, name="net", input_rate_hz=100.0)
    with pytest.raises(WorkbenchError, match="needs the input 'x' too"):
        lowered.codes({})


class _Gain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.act = qnn.QuantIdentity(ActInt8, return_quant_tensor=True)

    def forward(self, x: torch.Tensor, gain: float = 2.0) -> Any:
        return self.act(gain * self.act(x))


class _Several(_Gain):
    def forward(self, *x: torch.Tensor) -> Any:
        return self.act(x[0])


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (_Gain(), "an argument gain with a default, which would be an input; make it an attribute"),
        (_Several(), r"forward takes \*x; give every input a name of its own"),
    ],
)
def test_arguments_that_are_no_inputs_are_named(net: nn.Module, words: str) -> None:
    with pytest.raises(WorkbenchError, match=words):
        lower(net.eval(), {"x": Samples(2)}, name="net", input_rate_hz=100.0)
