"""Comparing a module with its program, code by code: promise 1 as a function.

The module's real forward pass runs in evaluation mode; every layer's result is caught on the way.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from workbench.integer.lowering import Lowered
from workbench.integer.reference import run
from workbench.models.layers import tensor_value


def disagreements(
    module: nn.Module,
    lowered: Lowered,
    inputs: Mapping[str, torch.Tensor],
    *,
    dtype: torch.dtype = torch.float64,
) -> dict[str, int]:
    """How many codes differ, by the signal's name, for every signal that a layer's result has.

    inputs: the module's own, by name. dtype: in which the module is evaluated; float32 is exact only
    where every accumulator stays below 2**24. All zero is what promise 1 says.
    """
    expected = layer_codes(module, lowered, inputs, dtype=dtype)
    actual = run(lowered.program, lowered.codes(inputs))
    return {
        name: int((actual[name].astype(np.float64) != codes).sum())
        for name, codes in expected.items()
    }


def layer_codes(
    module: nn.Module,
    lowered: Lowered,
    inputs: Mapping[str, torch.Tensor],
    *,
    dtype: torch.dtype = torch.float64,
) -> dict[str, np.ndarray]:
    """The module's results in code steps, float64 [batch, time, channel] by the signal's name."""
    module = copy.deepcopy(module).cpu().to(dtype).eval()
    results: list[torch.Tensor] = []
    for path in {layer.path for layer in lowered.layers}:
        module.get_submodule(path).register_forward_hook(
            lambda _, __, result: results.append(tensor_value(result).detach().clone())
        )
    with torch.no_grad():
        module(**{name: _in(dtype, tensor) for name, tensor in inputs.items()})
    codes: dict[str, np.ndarray] = {}
    for layer, result in zip(lowered.layers, results, strict=True):
        if layer.signal is None:
            continue
        exponent = lowered.program.signal(layer.signal).exponent
        assert exponent is not None  # results of layers are never row indexes
        steps = np.ldexp(result.double().numpy(), -exponent)
        codes[layer.signal] = steps if layer.channels_last else steps.transpose(0, 2, 1)
    return codes


def _in(dtype: torch.dtype, tensor: torch.Tensor) -> torch.Tensor:
    return tensor.to(dtype) if tensor.is_floating_point() else tensor
