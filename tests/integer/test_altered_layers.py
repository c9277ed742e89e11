"""Layers whose meaning was changed from outside: refused by name, or lowered as they are; never as something else."""

from __future__ import annotations

import copy
import inspect
import types
from collections.abc import Callable
from typing import Any

import brevitas.nn as qnn
import pytest
import torch
from random_modules import NETS_RATE_HZ, small_net
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm

from workbench.errors import WorkbenchError
from workbench.generators.layers import CausalConv1d, Precision, quantise, relu
from workbench.generators.quantisers import ActInt8, Bias32, WeightInt8
from workbench.integer.lowering.altered import _HARMLESS, Genuine, refuse_altered
from workbench.integer.lowering.lower import Lowered, Samples, lower

PRECISION = Precision(8, 8)
WEIGHTS = {"weight_quant": WeightInt8, "bias_quant": Bias32, "return_quant_tensor": True}


def _lower(net: nn.Module, **options: Any) -> Lowered:
    return lower(net, {"input": Samples(2)}, name="net", input_rate_hz=NETS_RATE_HZ, **options)


def _own_forward(net: nn.Sequential) -> None:
    original = net[1].forward
    net[1].forward = lambda x: original(x) * 2.0


def _bound_forward(net: nn.Sequential) -> None:
    net.forward = types.MethodType(lambda self, input: input, net)


def _replace(name: str) -> Callable[[nn.Sequential], None]:
    return lambda net: setattr(net[1], name, getattr(net[1], name))


def _prune(net: nn.Sequential) -> None:
    prune.l1_unstructured(net[1], "weight", 0.5)


class _Twice(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * x


class _Called(CausalConv1d):
    def __call__(self, x: Any) -> Any:
        return super().__call__(x) * 2


class _Inner(CausalConv1d):
    def inner_forward_impl(self, *args: Any) -> Any:
        return super().inner_forward_impl(*args) * 2


class _Weight(CausalConv1d):
    def quant_weight(self, *args: Any, **kwargs: Any) -> Any:
        return super().quant_weight(*args, **kwargs) * 2


class _Forward(qnn.QuantIdentity):
    def forward(self, x: Any) -> Any:
        return super().forward(2 * x)


class _Mixin(nn.Module):
    def unpack_input(self, x: Any) -> Any:
        return x


class _Mixed(_Mixin, CausalConv1d):
    pass


class _AlwaysDrops(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def train(self, mode: bool = True) -> nn.Module:
        super().train(mode)
        self.drop.train()
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.drop(x)


def _put(at: int, layer: Callable[[], nn.Module]) -> Callable[[nn.Sequential], None]:
    def alter(net: nn.Sequential) -> None:
        net[at] = layer().eval()

    return alter


ALTERED: dict[str, tuple[Callable[[nn.Sequential], Any], str]] = {
    "forward of an instance": (_own_forward, r"layer 1 \(CausalConv1d\): its forward was replaced"),
    "forward of the module": (_bound_forward, r"module \(Sequential\): its forward was replaced"),
    **{
        f"{name} of an instance": (_replace(name), rf"layer 1 \(CausalConv1d\): its {name} was replaced")
        for name in ("forward_impl", "inner_forward_impl", "quant_weight", "_conv_forward", "pack_output")
    },
    "forward of a quantiser": (
        lambda net: setattr(net[1].weight_quant, "forward", net[1].weight_quant.forward),
        r"layer 1\.weight_quant \(WeightQuantProxyFromInjector\): its forward was replaced"),
    "forward of an activation's quantiser": (
        lambda net: setattr(net[2].act_quant, "forward", lambda x: x), r"layer 2\.act_quant .* was replaced"),
    "hook": (lambda net: net[1].register_forward_hook(lambda *_: None), r"layer 1 .* its forward hooks"),
    "hook before": (
        lambda net: net[1].register_forward_pre_hook(lambda *_: None), r"layer 1 .* its forward hooks"),
    "hook with arguments": (
        lambda net: net[1].register_forward_pre_hook(lambda *_: None, with_kwargs=True), "its forward hooks"),
    "hook of the module": (
        lambda net: net.register_forward_hook(lambda *_: None), r"module \(Sequential\): its forward hooks"),
    "hook of a quantiser": (
        lambda net: net[2].act_quant.register_forward_hook(lambda *_: None), r"layer 2\.act_quant"),
    "pruning that is not permanent": (_prune, r"layer 1 .*prune\.remove\(layer, 'weight'\)"),
    "weight norm": (
        lambda net: parametrizations.weight_norm(net[1]), r"layer 1 .*its weight has a parametrisation; make .*"
        r"remove_parametrizations\(layer, 'weight'\)"),
    "spectral norm": (lambda net: parametrizations.spectral_norm(net[1]), "its weight has a parametrisation"),
    "parametrised bias": (
        lambda net: parametrize.register_parametrization(net[1], "bias", _Twice()),
        "its bias has a parametrisation"),
    "old weight norm": (lambda net: weight_norm(net[1]), r"layer 1 .*remove_weight_norm\(layer\)"),
    "old spectral norm": (lambda net: spectral_norm(net[1]), r"layer 1 .*remove_spectral_norm\(layer\)"),
    "__call__ of a subclass": (
        _put(1, lambda: _Called(2, 2, 1, precision=PRECISION)), r"layer 1 \(_Called\): its __call__ was replaced"),
    "inner forward of a subclass": (
        _put(1, lambda: _Inner(2, 2, 1, precision=PRECISION)),
        r"layer 1 \(_Inner\): its inner_forward_impl is not that of CausalConv1d"),
    "weights of a subclass": (
        _put(1, lambda: _Weight(2, 2, 1, precision=PRECISION)),
        r"layer 1 \(_Weight\): its quant_weight is not that of CausalConv1d"),
    "forward of a subclass": (
        _put(0, lambda: _Forward(ActInt8, return_quant_tensor=True)),
        r"layer 0 \(_Forward\): its forward is not that of QuantIdentity"),
    "method of a mixin": (
        _put(1, lambda: _Mixed(2, 2, 1, precision=PRECISION)),
        r"layer 1 \(_Mixed\): its unpack_input is not that of CausalConv1d"),
    "another input quantiser": (
        lambda net: setattr(net[1], "input_quant", nn.Tanh()),
        r"layer 1 \(CausalConv1d\): its input_quant is a Tanh, no quantiser"),
    "another weight quantiser": (
        lambda net: setattr(net[1], "weight_quant", nn.Identity()), r"layer 1 .* its weights are not quantised"),
    "another bias quantiser": (
        lambda net: setattr(net[1], "bias_quant", nn.Identity()), r"layer 1 .* its bias_quant is no quantiser"),
    "inside of a weight quantiser": (
        lambda net: setattr(net[1].weight_quant, "tensor_quant", nn.Identity()),
        r"layer 1 .* Brevitas cannot quantise its weights; use the quantisers of workbench"),
    "inside of a bias quantiser": (
        lambda net: setattr(net[1].bias_quant, "tensor_quant", nn.Identity()),
        r"layer 1 .* Brevitas cannot quantise its bias; use bias_quant=Bias32"),
    "inside of a quantiser": (
        lambda net: setattr(net[0].act_quant.fused_activation_quant_proxy, "tensor_quant", nn.Identity()),
        r"layer 0 .*: its quantiser cannot be run; give it one of workbench.generators.quantisers"),
    "export mode": (lambda net: setattr(net[1], "export_mode", True), r"layer 1 .* export mode"),
    "dropout in evaluation": (
        _put(1, _AlwaysDrops), r"layer 1\.drop \(Dropout\): it stays in training mode after eval\(\)"),
    "compiled": (
        lambda net: net.__setitem__(1, torch.compile(net[1], backend="eager")), r"layer 1 \(OptimizedModule\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", ALTERED)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_an_altered_layer_is_refused_by_name(case: str) -> None:
    alter, words = ALTERED[case]
    net = copy.deepcopy(small_net())
    alter(net)
    for check in (False, True):  # by name before anything is compared
        with pytest.raises(WorkbenchError, match=words) as refusal:
            _lower(net, check=check)
        assert "\n" not in str(refusal.value)
        assert str(refusal.value).startswith("cannot lower ")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (CausalConv1d, "forward"), (qnn.QuantConv1d, "inner_forward_impl"), (qnn.QuantConv1d, "quant_weight"),
        (nn.Conv1d, "_conv_forward"), (qnn.QuantIdentity, "forward"), (nn.Module, "__call__"),
    ],
)  # fmt: skip
def test_a_class_that_was_patched_is_refused(
    kind: type, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = getattr(kind, name)
    monkeypatch.setattr(kind, name, lambda self, *args, **kwargs: original(self, *args, **kwargs))
    with pytest.raises(WorkbenchError, match=rf"(layer|module) .*: its {name} "):
        _lower(small_net(), check=False)


def test_hooks_of_all_modules_are_refused() -> None:
    handle = nn.modules.module.register_module_forward_hook(lambda *_: None)
    try:
        with pytest.raises(WorkbenchError, match="a forward hook for all modules is registered"):
            _lower(small_net())
    finally:
        handle.remove()
    _lower(small_net())


@pytest.mark.parametrize(
    ("alter", "restore"),
    [
        (_prune, lambda net: prune.remove(net[1], "weight")),
        (
            lambda net: parametrizations.weight_norm(net[1]),
            lambda net: parametrize.remove_parametrizations(net[1], "weight"),
        ),
    ],
)
def test_the_way_out_that_a_refusal_names_leads_out(alter: Any, restore: Any) -> None:
    net = copy.deepcopy(small_net())
    alter(net)
    restore(net)
    _lower(net)


def test_subclasses_that_change_nothing_lower() -> None:
    class Named(CausalConv1d):
        """A layer with a name of its own, its own constructor and a helper."""

        def __init__(self) -> None:
            super().__init__(2, 2, 3, precision=PRECISION)

        def extra_repr(self) -> str:
            return "mine"

        def helper(self) -> int:
            return 3

    _lower(nn.Sequential(quantise(PRECISION), Named(), relu(PRECISION)).eval())


def test_every_method_counts_on_an_instance_and_in_a_subclass() -> None:
    net = copy.deepcopy(small_net())
    layer = net[1]
    names = [name for name, value in inspect.getmembers(CausalConv1d, inspect.isroutine)
             if not name.startswith("__")]  # fmt: skip
    assert {"forward", "forward_impl", "inner_forward_impl", "quant_weight", "pack_output"} < {
        *names
    }
    for name in names:
        setattr(layer, name, getattr(layer, name))
        with pytest.raises(
            WorkbenchError, match=rf"layer 1 \(CausalConv1d\): its {name} was replaced"
        ):
            refuse_altered(net)
        delattr(layer, name)
    refuse_altered(net)
    genuine = Genuine([CausalConv1d])
    for name in {*names, "__call__", "__getattr__", "__getattribute__"} - _HARMLESS:
        other = type("Other", (CausalConv1d,), {name: lambda self, *args: None})
        assert genuine.altered(other.__new__(other), CausalConv1d) == name
