"""Comparing a module with its program, code by code: promise 1 as a function.

The module's real forward pass runs in evaluation mode; every layer's result is caught on the way.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import nn

from workbench.errors import WorkbenchError, reason_of
from workbench.generators.layers import tensor_value
from workbench.integer.lowering.result import Lowered, LoweredInput, LoweredLayer
from workbench.integer.lowering.values import refusal
from workbench.integer.program import Program
from workbench.integer.reference import run

# Of the inputs made here: utterances from full range to quiet ones, their length and how much work it may be.
_LOUDNESS = (1.0, 0.2, 0.02)
_LEAST_FRAMES, _MOST_MACS = 256, 20_000_000


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
    return {
        str(layer.signal): codes for layer, codes in _layer_codes(module, lowered, inputs, dtype)
    }


def check_agreement(
    module: nn.Module, lowered: Lowered, inputs: Mapping[str, torch.Tensor] | None = None
) -> None:
    """Raise WorkbenchError naming the first layer of which a code differs from its module's.

    module: in float64 and evaluation mode, on the CPU; it is run. inputs: None for some that are made
    here, of any code that an input can have, long enough for every convolution to look back.
    """
    inputs = random_inputs(lowered) if inputs is None else inputs
    actual = run(lowered.program, lowered.codes(inputs))
    for layer, codes in _layer_codes(module, lowered, inputs, torch.float64):
        computed = actual[str(layer.signal)]
        differing = (
            computed.size if computed.shape != codes.shape else int((computed != codes).sum())
        )
        if differing:
            raise refusal(
                _named(module, layer),
                f"{differing:,} of its {computed.size:,} codes differ from what the module computes itself; "
                "look for what changes this layer, or what is computed in front of it, outside of forward",
            )


def random_inputs(lowered: Lowered) -> dict[str, torch.Tensor]:
    """Inputs of the module, float64 or int64, the same every time: in quarter steps, and beyond the clamps."""
    program = lowered.program
    rng = np.random.default_rng(0)
    frames = _frames(program)
    return {
        name: torch.from_numpy(_random_input(program, name, way, frames, rng))
        for name, way in lowered.inputs.items()
    }


def _random_input(
    program: Program, name: str, way: LoweredInput, frames: int, rng: np.random.Generator
) -> np.ndarray:
    signal, batch = program.signal(name), len(_LOUDNESS)
    shape = (batch, frames * signal.rate, signal.channels)
    if way.exponent is None:
        readers = (o for o in program.operators if name in o.sources)
        rows = min((rows for reader in readers if (rows := reader.index_rows())), default=1)
        return rng.integers(0, rows, shape[:2])
    quarters = rng.uniform(5 * way.low, 5 * way.high, shape)  # a fifth of them beyond the clamps
    quarters *= np.array(_LOUDNESS)[:, None, None]
    values = np.ldexp(np.rint(quarters), way.exponent - 2)
    return values if way.channels_last else np.ascontiguousarray(values.transpose(0, 2, 1))


def _frames(program: Program) -> int:
    """Frames in which every convolution looks back past the start, where that is not too much work."""
    reach = sum(
        operator.rows_back() / program.sources(operator)[0].rate for operator in program.operators
    )
    affordable = _MOST_MACS // (len(_LOUDNESS) * max(program.macs_per_frame(), 1))
    return max(min(int(reach) + _LEAST_FRAMES, affordable), 2)


def _layer_codes(
    module: nn.Module,
    lowered: Lowered,
    inputs: Mapping[str, torch.Tensor],
    dtype: torch.dtype,
) -> Iterator[tuple[LoweredLayer, np.ndarray]]:
    """The result of each call of a layer that has a signal, in code steps, in the forward pass's order."""
    results = _results(module, lowered, inputs, dtype)
    if len(results) != len(lowered.layers):
        raise refusal(
            f"module {type(module).__name__}",
            f"its forward pass called {len(results)} layers and {len(lowered.layers)} when it was traced; "
            "it must call the same ones every time",
        )
    for layer, result in zip(lowered.layers, results, strict=True):
        if layer.signal is None:
            continue
        exponent = lowered.program.signal(layer.signal).exponent
        assert exponent is not None  # results of layers are never row indexes
        steps = np.ldexp(result.double().numpy(), -exponent)
        yield layer, steps if layer.channels_last else steps.swapaxes(1, 2)


def _results(
    module: nn.Module,
    lowered: Lowered,
    inputs: Mapping[str, torch.Tensor],
    dtype: torch.dtype,
) -> list[torch.Tensor]:
    results: list[torch.Tensor] = []
    hooks = [
        module.get_submodule(path).register_forward_hook(
            lambda _, __, result: results.append(tensor_value(result).detach().clone())
        )
        for path in {layer.path for layer in lowered.layers}
    ]
    try:
        with torch.no_grad():
            module(**{name: _in(dtype, inputs[name]) for name in lowered.inputs})
    except WorkbenchError:
        raise
    except Exception as error:  # of a user's forward
        raise refusal(
            f"module {type(module).__name__}",
            f"its own forward pass fails in evaluation mode ({reason_of(error, brief=True)}); make it run before it is lowered",
        ) from error
    finally:
        for hook in hooks:
            hook.remove()
    return results


def _named(module: nn.Module, layer: LoweredLayer) -> str:
    kind = type(module.get_submodule(layer.path)).__name__
    return f"layer {layer.path} ({kind})" if layer.path else f"the output of {kind}"


def _in(dtype: torch.dtype, tensor: torch.Tensor) -> torch.Tensor:
    tensor = torch.as_tensor(tensor)
    return tensor.to(dtype) if tensor.is_floating_point() else tensor
