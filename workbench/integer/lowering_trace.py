"""Tracing a module's forward pass: which layers and functions it really calls, in which order.

Reference: symbolic tracing, Reed et al. 2022, https://arxiv.org/abs/2112.08429. Containers, residual
blocks and user modules are traced through, down to layers that lowering knows as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import brevitas.nn as qnn
from torch import fx, nn

from workbench.integer.lowering_values import refusal


class LayerTracer(fx.Tracer):
    """Symbolic tracing down to Brevitas layers, the project's own layers and torch's."""

    def __init__(self) -> None:
        super().__init__()
        self.path: list[str] = []  # of the module being traced, kept when it raises

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether to stop at `m`: its inside is arithmetic that lowering knows as a whole."""
        brevitas = isinstance(m, qnn.mixin.base.QuantLayerMixin)
        return brevitas or super().is_leaf_module(m, module_qualified_name)

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
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise refusal(
            f"module {where}",
            f"its forward pass cannot be followed ({reason}); it must call the same layers "
            "whatever the data and its shape",
        ) from error
