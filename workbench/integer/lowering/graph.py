"""Interpretation of a traced forward pass: the effect of every call on exact values.

Reference: `workbench.integer.lowering.trace`. What is not known here is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import brevitas.nn as qnn
import torch
import torch.nn.functional as F
from torch import fx, nn

from workbench.integer.lowering import known
from workbench.integer.lowering.emit import Emitter
from workbench.integer.lowering.quantisers import does_nothing, read_quantiser
from workbench.integer.lowering.values import (
    Cat,
    Codes,
    Content,
    Indexes,
    Padded,
    Rows,
    refusal,
)
from workbench.integer.lowering.weights import (
    check_finite,
    read_convolution,
    read_linear,
    read_transposed,
)


@dataclass(frozen=True, eq=False)
class Traced:
    """A value and its axes: [batch, time, channel] where channels_last, else [batch, channel, time]."""

    content: Content
    channels_last: bool


class Walk:
    """Visits every call of a graph and hands its meaning to an `Emitter`.

    layers: (module path, value) of every call of a layer in the order of the forward pass, the module
    itself, path "", last.
    """

    def __init__(self, module: nn.Module, inputs: Mapping[str, Traced], emitter: Emitter) -> None:
        self.modules = dict(module.named_modules())
        self.root = type(module).__name__
        self.inputs = inputs
        self.emit = emitter
        self.values: dict[fx.Node, Traced] = {}
        self.layers: list[tuple[str, Traced]] = []

    def run(self, graph: fx.Graph) -> Codes:
        """Lower every call; return the output signal."""
        for node in graph.nodes:
            if node.op == "placeholder":
                self.values[node] = self.inputs[node.target]
            elif node.op == "call_module":
                layer = self.modules[node.target]
                self.values[node] = self._layer(node, layer, self.where(node))
                self.layers.append((node.target, self.values[node]))
            elif node.op == "call_function":
                self.values[node] = self._function(node)
            elif node.op == "call_method":
                self.values[node] = self._method(node)
            elif node.op == "output":
                return self._output(node)
            else:
                raise refusal(
                    self._where(node),
                    "it uses a tensor that is no input; use a layer instead, or a Python number in place of a "
                    "tensor with one value",
                )
        raise AssertionError("a traced graph ends with its output")

    def _output(self, node: fx.Node) -> Codes:
        value = node.args[0]
        if not isinstance(value, fx.Node):
            raise refusal(self.root, "it must return one tensor")
        self.layers.append(("", self.values[value]))
        return self.emit.codes(self.values[value].content, f"the output of {self.root}")

    # -- layers ---------------------------------------------------------------------------------

    def _layer(self, node: fx.Node, layer: nn.Module, where: str) -> Traced:
        path = str(node.target)
        kind = known.kind_of(layer)
        if kind is None:
            raise refusal(where, f"no such layer is known here; {known.instead_of(layer)}")
        self._check_genuine(layer, kind, where)
        if kind is qnn.QuantEltwiseAdd:
            return self._added(node, layer, where, path)
        if len(node.args) != 1 or node.kwargs or not isinstance(node.args[0], fx.Node):
            raise refusal(
                where,
                "no layer that is called like this is known here; call it with one tensor alone, as layer(x)",
            )
        x = self.values[node.args[0]]
        self._check_pure(node, where)
        if kind is nn.Embedding:
            return self._embedding(layer, x, where, path)
        if kind in known.IDENTITY_LAYERS:
            return x
        if kind is nn.ReLU:
            return Traced(self.emit.relu(x.content, where, path), x.channels_last)
        if kind in known.ELEMENTWISE_LAYERS:
            function = known.on_arrays(layer)
            return Traced(self.emit.apply(x.content, function, where, path), x.channels_last)
        if kind in known.ACTIVATIONS:
            return self._activation(layer, x, where, path)
        return self._weights(layer, x, where, path)

    def _check_genuine(self, layer: Any, kind: type[nn.Module], where: str) -> None:
        altered = known.GENUINE.altered(layer, kind)
        if altered:
            raise refusal(
                where,
                f"its {altered} is not that of {kind.__name__}, which is all that lowering knows; put "
                "what you add into a module around the layer",
            )
        if getattr(layer, "export_mode", False):
            raise refusal(where, "it is in Brevitas's export mode; switch that off")

    def _added(self, node: fx.Node, layer: Any, where: str, path: str) -> Traced:
        given = [self.values[tensor] for tensor in known.tensors(node)]
        if len(given) != 2 or given[0].channels_last != given[1].channels_last:
            raise refusal(where, "it must add two tensors of one shape")
        terms = [
            self._requantised(x, layer.input_quant, where, f"{path}.input_quant").content
            for x in given
        ]
        total = Traced(self.emit.add(terms, where, path), given[0].channels_last)
        return self._requantised(total, layer.output_quant, where, f"{path}.output_quant")

    def _embedding(self, layer: Any, x: Traced, where: str, path: str) -> Traced:
        if not isinstance(x.content, Indexes):
            raise refusal(where, "it looks up rows by an input of whole numbers only")
        if layer.max_norm is not None:
            raise refusal(where, "max_norm changes its rows while it runs; leave it out")
        check_finite(layer.weight, "weight", where)
        rows = layer.weight.detach().cpu().double().numpy()
        return Traced(Rows(path, x.content, rows), True)

    def _activation(self, layer: Any, x: Traced, where: str, path: str) -> Traced:
        x = self._requantised(x, layer.input_quant, where, f"{path}.input_quant")
        quantiser = read_quantiser(layer.act_quant, where)
        return Traced(self.emit.quantise(x.content, quantiser, where, path), x.channels_last)

    def _weights(self, layer: Any, x: Traced, where: str, path: str) -> Traced:
        linear = isinstance(layer, qnn.QuantLinear)
        if x.channels_last != linear:
            axes = "[batch, time, channel]" if linear else "[batch, channel, time]"
            raise refusal(where, f"it takes {axes}; transpose its input")
        x = self._requantised(x, layer.input_quant, where, f"{path}.input_quant")
        if isinstance(x.content, Padded) and isinstance(layer, known.CONVOLUTIONS):
            value = read_convolution(layer, x.content, where, path)
        else:
            codes = self.emit.codes(x.content, where)
            if linear:
                value = read_linear(layer, codes, where, path)
            elif isinstance(layer, known.TRANSPOSED):
                value = read_transposed(layer, codes, where, path)
            else:
                value = read_convolution(layer, codes, where, path)
        return self._requantised(
            Traced(value, x.channels_last), layer.output_quant, where, f"{path}.output_quant"
        )

    def _requantised(self, x: Traced, proxy: Any, where: str, label: str) -> Traced:
        """x after a layer's optional quantiser of its input or output."""
        if does_nothing(proxy, where, label):
            return x
        quantiser = read_quantiser(proxy, where)
        return Traced(self.emit.quantise(x.content, quantiser, where, label), x.channels_last)

    # -- functions and methods ------------------------------------------------------------------

    def _function(self, node: fx.Node) -> Traced:
        where, label = self._where(node), self._label(node)
        self._check_pure(node, where)
        if node.target is getattr and node.args[1] in ("value", "tensor"):
            return self._argument(node, where)  # the value of a QuantTensor
        target = known.ASSIGNMENTS.get(node.target, node.target)
        if target in known.ADDITIONS and len(known.tensors(node)) == 2:
            return self._sum(node, where, label)
        if node.target in known.RELU:
            x = self._argument(node, where)
            return Traced(self.emit.relu(x.content, where, label), x.channels_last)
        if node.target in known.CONCATENATIONS:
            return self._concatenation(node, where, label)
        if node.target in known.TRANSPOSITIONS:
            return self._transposition(node, where)
        if node.target is F.pad:
            return self._padding(node, where, label)
        if node.target is F.dropout and not known.training(node):
            return self._argument(node, where)
        if target in known.ELEMENTWISE_FUNCTIONS:
            return self._elementwise(node, target, where, label)
        raise refusal(where, f"no such function is known here; {known.instead_of_call(node)}")

    def _method(self, node: fx.Node) -> Traced:
        where, label = self._where(node), self._label(node)
        self._check_pure(node, where)
        name = str(node.target)
        if name in known.IDENTITY_METHODS:
            return self._argument(node, where)
        if name == "add" and len(known.tensors(node)) == 2:
            return self._sum(node, where, label)
        if name == "relu":
            x = self._argument(node, where)
            return Traced(self.emit.relu(x.content, where, label), x.channels_last)
        if name in ("transpose", "swapaxes", "permute"):
            return self._transposition(node, where)
        if name in known.ELEMENTWISE_METHODS:
            return self._elementwise(node, getattr(torch.Tensor, name), where, label)
        raise refusal(where, f"no such method is known here; {known.instead_of_call(node)}")

    def _check_pure(self, node: fx.Node, where: str) -> None:
        if known.in_place(node, self.modules):
            raise refusal(
                where,
                "it changes its input in place; let it return a new tensor, as x = x + y does and "
                "x += y does not",
            )

    def _argument(self, node: fx.Node, where: str) -> Traced:
        tensors = known.tensors(node)
        if len(tensors) != 1:
            raise refusal(where, "it must have one tensor and constants only")
        return self.values[tensors[0]]

    def _elementwise(
        self, node: fx.Node, function: Callable[..., torch.Tensor], where: str, label: str
    ) -> Traced:
        x = self._argument(node, where)

        def on_tensor(tensor: torch.Tensor) -> torch.Tensor:
            args, kwargs = fx.node.map_arg((node.args, node.kwargs), lambda _: tensor)
            return function(*args, **kwargs)

        content = self.emit.apply(x.content, known.on_arrays(on_tensor), where, label)
        return Traced(content, x.channels_last)

    def _sum(self, node: fx.Node, where: str, label: str) -> Traced:
        if len(node.args) != 2 or node.kwargs:
            raise refusal(where, "it must add two tensors, nothing else")
        a, b = (self.values[tensor] for tensor in known.tensors(node))
        if a.channels_last != b.channels_last:
            raise refusal(where, "it adds [batch, time, channel] to [batch, channel, time]")
        return Traced(self.emit.add([a.content, b.content], where, label), a.channels_last)

    def _concatenation(self, node: fx.Node, where: str, label: str) -> Traced:
        parts = [self.values[tensor] for tensor in known.tensors(node)]
        dim = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
        last = parts[0].channels_last
        if any(part.channels_last != last for part in parts) or dim not in (
            (2, -1) if last else (1, -2)
        ):
            raise refusal(
                where,
                "it must join channels: the last axis of [batch, time, channel], the middle one of "
                "[batch, channel, time]",
            )
        if len({part.content.rate for part in parts}) > 1:
            raise refusal(where, "it joins tensors of different lengths")
        return Traced(Cat(label, tuple(part.content for part in parts)), last)

    def _transposition(self, node: fx.Node, where: str) -> Traced:
        x = self._argument(node, where)
        axes = fx.node.map_arg((node.args[1:], node.kwargs), lambda _: None)
        flat = known.numbers(axes)
        swap = flat == [0, 2, 1] if len(flat) == 3 else sorted(axis % 3 for axis in flat) == [1, 2]
        if not swap:
            raise refusal(where, "it may only swap time and channels")
        return Traced(x.content, not x.channels_last)

    def _padding(self, node: fx.Node, where: str, label: str) -> Traced:
        x = self._argument(node, where)
        pad = node.kwargs.get("pad", node.args[1] if len(node.args) > 1 else None)
        rest = [*node.args[2:], *(v for k, v in node.kwargs.items() if k not in ("input", "pad"))]
        causal = (
            not x.channels_last and known.numbers(pad)[1:] == [0] and known.numbers(pad)[0] >= 0
        )
        if not causal or any(value not in ("constant", 0, None) for value in rest):
            raise refusal(
                where, "it may only put zeros before the first row of [batch, channel, time]"
            )
        return Traced(
            Padded(label, self.emit.codes(x.content, where), known.numbers(pad)[0]), False
        )

    # -- names ----------------------------------------------------------------------------------

    def where(self, node: fx.Node) -> str:
        """The layer or function that a call means, for messages."""
        if node.op == "call_module":
            return f"layer {node.target} ({type(self.modules[str(node.target)]).__name__})"
        return self._where(node)

    def _scope(self, node: fx.Node) -> tuple[str, str]:
        """(path, class) of the module whose forward makes this call."""
        stack = list(node.meta.get("nn_module_stack", {}).values())
        path, kind = stack[-1] if stack else ("", None)
        return path, kind.__name__ if kind else self.root

    def _where(self, node: fx.Node) -> str:
        path, kind = self._scope(node)
        return f"{known.called(node)} in {path or 'the forward pass'} ({kind})"

    def _label(self, node: fx.Node) -> str:
        path, _ = self._scope(node)
        return f"{path}.{known.called(node)}" if path else known.called(node)
