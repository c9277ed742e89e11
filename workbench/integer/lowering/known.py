"""The layers and functions that lowering knows beside Brevitas's quantisers, and reading their calls."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import brevitas.nn as qnn
import numpy as np
import torch
import torch.nn.functional as F
from brevitas.nn.quant_layer import QuantNonLinearActLayer
from torch import fx, nn

from workbench.generators.layers import CausalConv1d, CausalConvTranspose1d
from workbench.integer.lowering.altered import Genuine

CONVOLUTIONS = (CausalConv1d, qnn.QuantConv1d)
TRANSPOSED = (CausalConvTranspose1d, qnn.QuantConvTranspose1d)
IDENTITY_LAYERS = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.AlphaDropout)
ELEMENTWISE_LAYERS = (
    nn.CELU, nn.ELU, nn.GELU, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU,
    nn.LogSigmoid, nn.Mish, nn.ReLU6, nn.SELU, nn.Sigmoid, nn.SiLU, nn.Softplus, nn.Softsign, nn.Tanh,
)  # fmt: skip
ACTIVATIONS = (
    QuantNonLinearActLayer, qnn.QuantIdentity, qnn.QuantReLU, qnn.QuantHardTanh, qnn.QuantTanh,
    qnn.QuantSigmoid,
)  # fmt: skip
KINDS = (
    *CONVOLUTIONS, *TRANSPOSED, qnn.QuantLinear, qnn.QuantEltwiseAdd, *ACTIVATIONS, *IDENTITY_LAYERS,
    *ELEMENTWISE_LAYERS, nn.Embedding, nn.ReLU,
)  # fmt: skip
GENUINE = Genuine(KINDS)
# Layers that people try, and what does the same in a way that can be lowered; by class, bases too.
INSTEAD: dict[str, str] = {
    "_BatchNorm": "fold it into the convolution in front of it with convolution.merge_bn_in(norm), "
    "put nn.Identity() in its place and go on training",
    "_InstanceNorm": "it divides by what it measures in its input; leave it out",
    "GroupNorm": "it divides by what it measures in its input; leave it out",
    "LayerNorm": "it divides by what it measures in its input; leave it out",
    "RMSNorm": "it divides by what it measures in its input; leave it out",
    "QuantConv2d": "sounds have one axis; use CausalConv1d",
    "Conv1d": "use CausalConv1d with a Precision",
    "ConvTranspose1d": "use CausalConvTranspose1d with a Precision",
    "Linear": "use brevitas.nn.QuantLinear with the quantisers of workbench.generators.quantisers",
    "PReLU": "its slope is a parameter; use nn.LeakyReLU with that slope",
    "RNNBase": "nothing recurrent is known; use dilated CausalConv1d layers",
    "QuantRecurrentStackBase": "nothing recurrent is known; use dilated CausalConv1d layers",
    "_AvgPoolNd": "use a depthwise CausalConv1d with a stride",
    "_MaxPoolNd": "use CausalConv1d with a stride",
    "Upsample": "use CausalConvTranspose1d",
    "ConstantPad1d": "call F.pad(x, (rows, 0)) in front of the convolution, or use CausalConv1d",
    "Softmax": "leave it to whoever reads the output",
}
_FIXED_AXES = "values stay [batch, channel, time] or, transposed, [batch, time, channel]"
_NO_REDUCTION = "nothing may be measured over time or channels; use a convolution"
_NO_CHOICE = "use torch.relu, torch.clamp, torch.abs or a function of known ones"
FUNCTIONS_INSTEAD: dict[str, str] = {
    **dict.fromkeys(("view", "reshape", "flatten", "squeeze", "unsqueeze", "stack"), _FIXED_AXES),
    **dict.fromkeys(("mean", "sum", "max", "min", "std", "var", "norm", "amax"), _NO_REDUCTION),
    **dict.fromkeys(
        ("where", "gt", "lt", "ge", "le", "eq", "ne", "maximum", "minimum"), _NO_CHOICE
    ),
    **dict.fromkeys(("matmul", "bmm", "einsum", "linear"), "use brevitas.nn.QuantLinear"),
    **dict.fromkeys(("conv1d", "conv_transpose1d"), "use CausalConv1d or CausalConvTranspose1d"),
    **dict.fromkeys(
        ("size", "getattr"), "what is computed may not depend on a shape, dtype or device"
    ),
    **dict.fromkeys(("softmax", "log_softmax"), "leave it to whoever reads the output"),
    **dict.fromkeys(("round", "floor", "ceil"), "a quantiser rounds; use quantise(precision)"),
    "getitem": "use a stride, or groups of a convolution, in place of a slice",
    "batch_norm": INSTEAD["_BatchNorm"],
}
ADDITIONS = (operator.add, torch.add)
# `x += y` and its like, by the function that gives the same value in a new tensor.
ASSIGNMENTS: dict[Any, Any] = {
    operator.iadd: operator.add, operator.isub: operator.sub, operator.imul: operator.mul,
    operator.itruediv: operator.truediv,
}  # fmt: skip
RELU = (F.relu, torch.relu)
CONCATENATIONS = (torch.cat, torch.concat, torch.concatenate)
TRANSPOSITIONS = (torch.transpose, torch.swapaxes, torch.permute)
ELEMENTWISE_FUNCTIONS = (
    operator.add, operator.mul, operator.neg, operator.sub, operator.truediv, torch.abs, torch.add,
    torch.clamp, torch.cos, torch.div, torch.exp, torch.mul, torch.neg, torch.sigmoid, torch.sin,
    torch.square, torch.sub, torch.tanh, F.celu, F.elu, F.gelu, F.hardsigmoid, F.hardswish, F.hardtanh,
    F.leaky_relu, F.logsigmoid, F.mish, F.relu6, F.selu, F.sigmoid, F.silu, F.softplus, F.softsign,
    F.tanh,
)  # fmt: skip
ELEMENTWISE_METHODS = (
    "abs", "add", "clamp", "cos", "div", "exp", "mul", "neg", "sigmoid", "sin", "square", "sub", "tanh",
)  # fmt: skip
IDENTITY_METHODS = ("clone", "contiguous", "detach")
VIEW_METHODS = ("contiguous", "detach", "permute", "swapaxes", "transpose")


def kind_of(layer: nn.Module) -> Any:
    """The class of KINDS that `layer` is of or derives from, None where there is none."""
    return next((base for base in type(layer).__mro__ if base in KINDS), None)


def instead_of(layer: nn.Module) -> str:
    """What to use in place of a layer that is not known."""
    cures = (INSTEAD[base.__name__] for base in type(layer).__mro__ if base.__name__ in INSTEAD)
    return next(cures, "see help('workbench.integer.lowering.lower')")


def instead_of_call(node: fx.Node) -> str:
    """What to use in place of a function or method that is not known."""
    return FUNCTIONS_INSTEAD.get(called(node), "see help('workbench.integer.lowering.lower')")


def on_arrays(function: Callable[..., torch.Tensor]) -> Callable[[np.ndarray], np.ndarray]:
    """An elementwise torch function as one of float64 arrays."""
    return lambda values: function(torch.from_numpy(values.copy())).numpy()


def tensors(node: fx.Node) -> list[fx.Node]:
    """Every tensor argument, in order, with repetitions."""
    nodes: list[fx.Node] = []
    fx.node.map_arg((node.args, node.kwargs), nodes.append)
    return nodes


def numbers(nested: Any) -> list[int]:
    """Whole numbers in nested tuples, lists and dicts, in order."""
    if isinstance(nested, int):
        return [nested]
    if isinstance(nested, dict):
        nested = nested.values()
    elif not isinstance(nested, tuple | list):
        return []
    return [number for part in nested for number in numbers(part)]


def training(node: fx.Node) -> bool:
    """Whether this call of F.dropout drops anything."""
    return bool(node.kwargs.get("training", node.args[2] if len(node.args) > 2 else True))


def in_place(node: fx.Node, modules: Mapping[str, nn.Module]) -> bool:
    """Whether a call overwrites its argument, which other calls may still read."""
    if node.target in ASSIGNMENTS:
        return _read_later(node, modules)
    name = called(node)
    overwrites = node.op != "call_module" and name.endswith("_") and not name.endswith("__")
    layer = modules[name] if node.op == "call_module" else None
    return overwrites or bool(node.kwargs.get("inplace") or getattr(layer, "inplace", False))


def _read_later(node: fx.Node, modules: Mapping[str, nn.Module]) -> bool:
    """Whether the tensor that `x += y` writes into is read again by another name than the result's."""
    owner = node.args[0]
    while isinstance(owner, fx.Node) and _is_view(owner, modules):
        owner = tensors(owner)[0]
    order = {each: number for number, each in enumerate(node.graph.nodes)}
    names = {owner}
    for each in order:  # in order of execution, so that views of views are met as well
        if each is not node and _is_view(each, modules) and tensors(each)[0] in names:
            names.add(each)
    return any(order[user] > order[node] for name in names for user in getattr(name, "users", ()))


def _is_view(node: fx.Node, modules: Mapping[str, nn.Module]) -> bool:
    """Whether the result of a call may share the memory of its first tensor."""
    if node.op == "call_module":
        return isinstance(modules[str(node.target)], IDENTITY_LAYERS) and bool(tensors(node))
    views = (getattr, F.dropout, *TRANSPOSITIONS, *ASSIGNMENTS, *VIEW_METHODS)
    return node.op.startswith("call_") and node.target in views and bool(tensors(node))


def called(node: fx.Node) -> str:
    """The name of the function, method or layer that `node` calls."""
    target = node.target
    return target if isinstance(target, str) else getattr(target, "__name__", repr(target))
