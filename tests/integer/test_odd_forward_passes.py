"""Forward passes that change from call to call, write in place, or do not run: refused, or exact."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import brevitas.nn as qnn
import pytest
import torch
import torch.nn.functional as F
from random_modules import NETS_RATE_HZ, small_net
from torch import nn

from workbench.errors import WorkbenchError
from workbench.generators.layers import CausalConv1d, Precision, quantise
from workbench.generators.quantisers import ActInt8
from workbench.integer.lowering.layer_check import disagreements, random_inputs
from workbench.integer.lowering.lower import Lowered, Samples, lower

PRECISION = Precision(8, 8)


def _lower(net: nn.Module, **options: Any) -> Lowered:
    return lower(net, {"input": Samples(2)}, name="net", input_rate_hz=NETS_RATE_HZ, **options)


class Net(nn.Module):
    """Quantise, do what `body` does, quantise."""

    def __init__(self, body: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.first, self.last = quantise(PRECISION), quantise(PRECISION)
        self.conv = CausalConv1d(2, 2, 1, precision=PRECISION)
        self.plain = qnn.QuantIdentity(ActInt8)
        self.body, self.count = body, 1.0

    def forward(self, input: torch.Tensor) -> Any:
        return self.last(self.body(self, self.first(input)))


def _counted(net: Any, x: Any) -> Any:
    net.count += 0.5
    return net.conv(net.last(x * net.count))


def _growing(net: Any, x: Any) -> Any:
    net.count += 1
    for _ in range(int(net.count)):
        x = net.conv(net.last(x)) if net.count < 4 else x
    return x


def _written(net: Any, x: Any) -> Any:
    y = net.plain(x)
    z = y
    y += net.plain(F.relu(x))
    return z + y


def _written_view(net: Any, x: Any) -> Any:
    y = net.plain(x)
    z = y.transpose(1, 2)
    y += net.plain(F.relu(x))
    return y + z.transpose(1, 2)


def _residual(net: Any, x: Any) -> Any:
    y = net.plain(F.relu(x))
    x = net.plain(x)
    x += y
    return x


def _chained(net: Any, x: Any) -> Any:
    x = net.plain(x)
    y = net.plain(F.relu(x))
    x += y
    x += y
    return x


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (_counted, r"mul in the forward pass .*: a number or a kept tensor in it, or the call itself, changes"),
        (lambda net, x: x * random.random(), r"mul in the forward pass .* changes from one"),
        (_growing, "changes from one forward pass to the next"),
        (_written, "iadd in the forward pass .* changes its input in place; .* x = x . y does"),
        (_written_view, "iadd in the forward pass .* changes its input in place"),
        (lambda net, x: net.plain(x).mul_(2.0), "mul_ in .* changes its input in place"),
        (lambda net, x: setattr(x, "data", 2 * x) or x, "cannot be followed at line .*setattr"),
    ],
)  # fmt: skip
def test_a_forward_pass_that_changes_things_is_refused(body: Any, words: str) -> None:
    with pytest.raises(WorkbenchError, match=words):
        _lower(Net(body).eval())


@pytest.mark.parametrize(
    "body", [_residual, _chained, lambda net, x: F.dropout(x, training=net.training)]
)
def test_harmless_assignments_and_switches_lower_exactly(body: Any) -> None:
    net = Net(body).eval()
    lowered = _lower(net)
    assert sum(disagreements(net, lowered, random_inputs(lowered)).values()) == 0


def test_sums_of_different_scales_that_brevitas_cannot_run_are_said_to_be_so() -> None:
    net = nn.ModuleList([quantise(PRECISION), quantise(PRECISION), quantise(PRECISION)]).train()

    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = net

        def forward(self, input: torch.Tensor) -> Any:
            x = self.parts[0](input)
            x += self.parts[1](F.relu(x))
            return self.parts[2](x)

    module = Sum()
    for _ in range(40):
        net[0](torch.randn(2, 2, 9)), net[1](9 * torch.randn(2, 2, 9))
    with pytest.raises(
        WorkbenchError, match="module Sum: its own forward pass fails in evaluation mode"
    ):
        _lower(module)


def test_a_module_that_cannot_be_copied_is_said_to_be_so() -> None:
    net = copy.deepcopy(small_net())
    net.last_output = net(torch.randn(1, 2, 9)).value
    with pytest.raises(
        WorkbenchError, match=r"module \(Sequential\): its last_output is a computed"
    ):
        _lower(net)
    net.last_output = (number for number in range(3))
    with pytest.raises(WorkbenchError, match=r"module Sequential: it cannot be copied .*generator"):
        _lower(net)


def _kept(net: Any, x: Any) -> Any:
    before, net.kept = getattr(net, "kept", None), x
    return x if before is None else before


def test_a_tensor_that_is_kept_from_one_call_to_the_next_is_refused() -> None:
    with pytest.raises(WorkbenchError, match=r"layer last .*a number or a kept tensor in it"):
        _lower(Net(_kept).eval())


def _without_channel(net: nn.Sequential) -> None:
    net[1].weight = nn.Parameter(net[1].weight[:1].detach().clone())


def _softmax(net: nn.Sequential) -> None:
    net[2].act_quant.fused_activation_quant_proxy.activation_impl = nn.Softmax(1)


def _circular(net: nn.Sequential) -> None:
    net[1].padding_mode, net[1]._reversed_padding_repeated_twice = "circular", [1, 1]


def _computed(net: nn.Sequential) -> None:
    weight = net[1].weight
    del net[1].weight
    net[1].weight = 2 * weight


@pytest.mark.parametrize(
    ("alter", "words"),
    [
        (
            _without_channel,
            r"layer 1 .*its weight is \[1, 2, 3\] where its own sizes say \[2, 2, 3\]",
        ),
        (_softmax, r"layer 2 .*cannot be tried on values one by one"),
        (_circular, r"layer 1 .*it pads both ends"),
        (
            _computed,
            r"layer 1 .*its weight is a computed tensor; detach it and make it a torch\.nn\.Param",
        ),
    ],
)
def test_layers_that_do_not_fit_themselves_are_refused(alter: Any, words: str) -> None:
    net = copy.deepcopy(small_net())
    alter(net)
    with pytest.raises(WorkbenchError, match=words):
        _lower(net)


def test_wrapped_networks_say_what_to_lower() -> None:
    net = small_net()
    for wrapped, words in (
        (nn.DataParallel(net), r"module \(DataParallel\): it wraps the network; lower its module"),
        (torch.compile(net, backend="eager"), r"module \(OptimizedModule\): .*lower its _orig_mod"),
        (nn.Sequential(nn.DataParallel(net)), r"layer 0 \(DataParallel\): it wraps the network"),
    ):
        with pytest.raises(WorkbenchError, match=words):
            _lower(wrapped)
    with pytest.raises(
        WorkbenchError, match=r"torch\.jit compiled it; lower the module it was made from"
    ):
        _lower(torch.jit.trace(nn.Conv1d(2, 2, 1), torch.zeros(1, 2, 3)))


def test_a_function_of_a_text_is_refused() -> None:
    with pytest.raises(
        WorkbenchError, match=r"mul in .*it fails on plain values; check its other argum"
    ):
        _lower(Net(lambda net, x: x * "a").eval())
