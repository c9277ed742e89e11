"""Modules of many shapes: shared layers, quantisers inside layers, several rates, empty channels."""

from __future__ import annotations

import brevitas.nn as qnn
import numpy as np
import pytest
import torch
from random_modules import QuickAct8, QuickAct16
from torch import nn

from workbench.errors import WorkbenchError
from workbench.generators.layers import CausalConv1d, Precision, quantise
from workbench.generators.quantisers import Bias32, WeightInt8
from workbench.integer.lowering.layer_check import disagreements, layer_codes
from workbench.integer.lowering.lower import RowIndexes, Samples, lower

PRECISION = Precision(8, 8)


class Shared(nn.Module):
    """One convolution and one quantiser called twice, at half the rate of the input."""

    def __init__(self) -> None:
        super().__init__()
        self.act = quantise(PRECISION)
        self.slow = CausalConv1d(2, 2, 3, stride=2, precision=PRECISION)
        self.parts = nn.ModuleDict({"a b": CausalConv1d(2, 2, 2, precision=PRECISION)})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.act(self.slow(self.act(x)))
        return self.act(self.parts["a b"](self.act(self.parts["a b"](x))))


def test_shared_layers_are_operators_of_their_own_and_strides_set_the_frame() -> None:
    module = Shared().eval()
    with pytest.raises(WorkbenchError, match="meet exactly one QuantIdentity, once"):
        lower(_Twice(), {"x": Samples(2)}, name="twice", input_rate_hz=50.0)
    lowered = lower(module, {"x": Samples(2)}, name="shared", input_rate_hz=50.0)
    program = lowered.program
    assert [operator.name for operator in program.operators] == ["slow", "parts.a_b", "parts.a_b_2"]
    assert (program.signal("x").rate, program.frame_rate_hz, program.sample_rate_hz) == (2, 25, 25)
    x = torch.randn(2, 2, 10)
    codes = layer_codes(module, lowered, {"x": x})
    assert set(codes) == {"x", "slow", "parts.a_b", "parts.a_b_2"}
    np.testing.assert_array_equal(codes["x"], lowered.codes({"x": x})["x"])
    assert sum(disagreements(module, lowered, {"x": x}).values()) == 0


class _Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = quantise(PRECISION), quantise(PRECISION)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.a(x) + self.b(x)


def test_quantisers_inside_brevitas_layers() -> None:
    """input_quant and output_quant of layers, and Brevitas's own addition."""

    class Inside(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            act = {"return_quant_tensor": True, "output_quant": QuickAct8}
            weights = {"weight_quant": WeightInt8, "bias_quant": Bias32}
            self.a = qnn.QuantConv1d(2, 3, 1, input_quant=QuickAct8, **weights, **act)
            self.b = qnn.QuantConv1d(3, 3, 1, **weights, **act)
            self.add = qnn.QuantEltwiseAdd(QuickAct8, QuickAct16, return_quant_tensor=True)
            self.last = qnn.QuantEltwiseAdd(QuickAct8, QuickAct8, tie_input_output_quant=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.a(x)
            return self.last(self.add(y, self.b(y)), y)

    torch.manual_seed(2)
    module = Inside().train()
    for _ in range(4):
        module(torch.randn(2, 2, 50))
    lowered = lower(module, {"x": Samples(2)}, name="inside", input_rate_hz=50.0)
    kinds = [operator.kind for operator in lowered.program.operators]
    assert (kinds.count("conv"), kinds.count("table")) == (2, 0)
    differing = disagreements(module, lowered, {"x": 2 * torch.randn(2, 2, 50)})
    assert set(differing) >= {"a", "b", lowered.program.output}
    assert sum(differing.values()) == 0


def test_lowering_leaves_the_module_as_it_was() -> None:
    module = Shared().train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    lower(module, {"x": Samples(2)}, name="shared", input_rate_hz=50.0)
    assert module.training
    for name, tensor in module.state_dict().items():
        assert tensor.dtype == before[name].dtype
        assert torch.equal(tensor, before[name])


def test_a_channel_that_training_emptied_lowers_exactly() -> None:
    torch.manual_seed(1)
    module = Shared().eval()
    with torch.no_grad():
        module.slow.weight[0] = 0.0  # its scale is then Brevitas's smallest, 2**-40
    lowered = lower(module, {"x": Samples(2)}, name="shared", input_rate_hz=50.0)
    differing = disagreements(module, lowered, {"x": torch.randn(1, 2, 40)})
    assert differing == dict.fromkeys(differing, 0)


def test_a_layer_may_have_the_name_of_an_input_that_comes_later() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.late, self.act = CausalConv1d(1, 1, 2, precision=PRECISION), quantise(PRECISION)
            self.other = quantise(PRECISION)

        def forward(self, early: torch.Tensor, late: torch.Tensor) -> torch.Tensor:
            return self.act(self.act(self.late(self.act(early))) + self.other(late))

    module = Net().eval()
    ways = {"early": Samples(1), "late": Samples(1)}
    lowered = lower(module, ways, name="net", input_rate_hz=50.0)
    assert lowered.program.inputs == ("early", "late")
    differing = disagreements(module, lowered, {name: torch.randn(1, 1, 30) for name in ways})
    assert differing == dict.fromkeys(differing, 0)


def test_rates_of_several_inputs() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rows, self.act = nn.Embedding(3, 2), quantise(PRECISION)
            self.slow = CausalConv1d(1, 2, 4, stride=4, precision=PRECISION)
            self.join = quantise(PRECISION)

        def forward(self, index: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
            slow = self.join(self.rows(index).transpose(1, 2))
            return self.join(slow + self.join(self.slow(self.act(x))))

    module = Two().eval()
    ways = {"index": RowIndexes(rate=3), "x": Samples(1, rate=12)}
    lowered = lower(module, ways, name="two", input_rate_hz=10.0)
    assert [lowered.program.signal(name).rate for name in ("index", "x")] == [1, 4]
    assert lowered.program.frame_rate_hz == 30
    inputs = {"index": torch.randint(0, 3, (1, 5)), "x": torch.randn(1, 1, 20)}
    assert sum(disagreements(module, lowered, inputs).values()) == 0
