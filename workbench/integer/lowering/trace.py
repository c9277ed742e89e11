"""Tracing a module's forward pass: which layers and functions it calls, in which order.

Reference: symbolic tracing, Reed et al. 2022, https://arxiv.org/abs/2112.08429. Containers, residual
blocks and user modules are traced through, down to layers that lowering knows as a whole.
"""

from __future__ import annotations

import contextlib
import operator
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brevitas
import brevitas.nn as qnn
import torch
from torch import fx, nn

from workbench.errors import reason_of
from workbench.integer.lowering.values import refusal

# Where torch, Brevitas, the workbench and Python lie: the last line outside of them is the user's own.
_OURS = tuple(
    str(Path(file).parents[up])
    for file, up in (
        (torch.__file__, 0),
        (brevitas.__file__, 0),
        (__file__, 2),
        (contextlib.__file__, 0),
    )
)
_SITE = "-packages"  # of Python's own folder, where other people's packages lie


class _Proxy(fx.Proxy):
    """What a forward pass is given in place of a tensor; `x += y` is recorded as what it is."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("tracer", "node"):
            raise fx.proxy.TraceError(f"it assigns to {name} of a tensor")
        super().__setattr__(name, value)

    def _assign(self, function: Callable[..., Any], other: Any) -> fx.Proxy:
        return self.tracer.create_proxy("call_function", function, (self, other), {})

    def __iadd__(self, other: Any) -> Any:
        return self._assign(operator.iadd, other)

    def __isub__(self, other: Any) -> Any:
        return self._assign(operator.isub, other)

    def __imul__(self, other: Any) -> Any:
        return self._assign(operator.imul, other)

    def __itruediv__(self, other: Any) -> Any:
        return self._assign(operator.itruediv, other)


class LayerTracer(fx.Tracer):
    """Symbolic tracing down to Brevitas layers, the project's own layers and torch's."""

    def __init__(self) -> None:
        super().__init__()
        self.path: list[str] = []  # of the module being traced, kept when it raises

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether to stop at `m`: its inside is arithmetic that lowering knows as a whole."""
        brevitas = isinstance(m, qnn.mixin.base.QuantLayerMixin)
        brevitas |= type(m).__module__.startswith("brevitas.")
        return brevitas or super().is_leaf_module(m, module_qualified_name)

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """The value of a call for the calls that follow."""
        return _Proxy(node, self)

    def call_module(
        self,
        m: nn.Module,
        forward: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Remember where tracing is, so that a refusal can say so."""
        self.path.append(f"{self.path_of_module(m)} ({type(m).__name__})")
        result = super().call_module(m, forward, args, kwargs)
        self.path.pop()
        return result


def trace(module: nn.Module) -> fx.Graph:
    """The calls of `module.forward`; WorkbenchError naming the module where they cannot be followed."""
    tracer = LayerTracer()
    try:
        return tracer.trace(module)
    except Exception as error:  # a user's forward may raise anything when it is given a proxy
        where = tracer.path[-1] if tracer.path else type(module).__name__
        raise refusal(
            f"module {where}", f"its forward pass cannot be followed{_why(error)}"
        ) from error


def changed_call(first: fx.Graph, second: fx.Graph) -> fx.Node | None:
    """The first call of one trace of a module that another trace does not have, or None.

    A call that reads a tensor of an earlier trace, which the module kept, is another call too.
    """
    others = [
        _call(node) if all(source.graph is second for source in node.all_input_nodes) else None
        for node in second.nodes
    ]
    for number, node in enumerate(first.nodes):
        if others[number : number + 1] != [_call(node)]:
            return node
    return None


def _call(node: fx.Node) -> tuple[object, ...]:
    return node.op, node.target, repr(node.args), repr(node.kwargs)


def _why(error: Exception) -> str:
    """Where in the user's code, and what to do: the reason only where it does not speak of tracing."""
    frames = traceback.extract_tb(error.__traceback__)
    line = next((f for f in reversed(frames) if not _is_ours(f.filename)), None)
    where = f" at line {line.lineno}, {line.line[:60]!r}" if line and line.line else ""
    if line and line.line and ".forward(" in line.line and "super()" not in line.line:
        return f"{where}; call the layer itself, as layer(x), and not its forward"
    reason = reason_of(error, brief=True)
    if not any(word in reason for word in ("Proxy", "__", "symbolic", "ndarray")):
        return f"{where} ({reason}); mend that line"
    return (
        f"{where}; it must call the same layers whatever the data and its shape: use torch functions "
        "of whole tensors, and no NumPy, float(), len(), if or for on them"
    )


def _is_ours(file: str) -> bool:
    python, others = _OURS[-1], _OURS[:-1]
    return file.startswith(others) or (file.startswith(python) and _SITE not in file)
