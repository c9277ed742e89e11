"""The layers and functions that lowering knows beside Brevitas's quantisers, and reading their calls."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import brevitas.nn as qnn
import numpy as np
import torch
import torch.nn.functional as F
from torch import fx, nn

from workbench.models.layers import CausalConv1d, CausalConvTranspose1d

CONVOLUTIONS = (CausalConv1d, qnn.QuantConv1d)
TRANSPOSED = (CausalConvTranspose1d, qnn.QuantConvTranspose1d)
IDENTITY_LAYERS = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.AlphaDropout)
ELEMENTWISE_LAYERS = (
    nn.CELU, nn.ELU, nn.GELU, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU,
    nn.LogSigmoid, nn.Mish, nn.ReLU6, nn.SELU, nn.Sigmoid, nn.SiLU, nn.Softplus, nn.Softsign, nn.Tanh,
)  # fmt: skip
ADDITIONS = (operator.add, torch.add)
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


def behaves_as(layer: nn.Module, kinds: tuple[Any, ...]) -> bool:
    """Whether `layer` is one of `kinds` and has not been given a forward of its own."""
    own: Any = type(layer)
    return any(isinstance(layer, kind) and own.forward is kind.forward for kind in kinds)


def has_hooks(layer: nn.Module) -> bool:
    """Whether anything runs before or behind `layer`'s own forward."""
    return bool(layer._forward_hooks or layer._forward_pre_hooks)


def on_arrays(function: Callable[..., torch.Tensor]) -> Callable[[np.ndarray], np.ndarray]:
    """An elementwise torch function as one of float64 arrays."""
    return lambda values: function(torch.from_numpy(values.copy())).numpy()


def tensors(node: fx.Node) -> list[fx.Node]:
    """Every tensor argument, in order, with repetitions."""
    found: list[fx.Node] = []
    fx.node.map_arg((node.args, node.kwargs), found.append)
    return found


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


def in_place(node: fx.Node, layer: nn.Module | None = None) -> bool:
    """Whether a call overwrites its argument, which other calls may still read."""
    name = called(node)
    overwrites = node.target is operator.iadd or (name.endswith("_") and not name.endswith("__"))
    return overwrites or bool(node.kwargs.get("inplace") or getattr(layer, "inplace", False))


def called(node: fx.Node) -> str:
    """The name of the function, method or layer that `node` calls."""
    target = node.target
    return target if isinstance(target, str) else getattr(target, "__name__", repr(target))
