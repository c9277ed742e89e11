"""Lowering: from a Brevitas module to the integer program that gives the same codes, or a refusal.

    lowered = lower(module, {"x": Samples(channels=4)}, name="mine", input_rate_hz=100.0)

The promise holds for the module in evaluation mode in float64; nothing is approximated. Known are
the layers of `workbench.models.layers`; Brevitas's QuantIdentity, QuantReLU, QuantHardTanh,
QuantTanh, QuantSigmoid, QuantConv1d, QuantConvTranspose1d, QuantLinear and QuantEltwiseAdd;
nn.Embedding; elementwise functions of embeddings and of 8-bit signals; sums, torch.cat over
channels, F.pad before the first row, transposes.
Every value must meet a quantiser of `workbench.models.quantisers` before a layer with weights.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from torch import nn

from workbench.errors import WorkbenchError
from workbench.integer.lowering_emit import Emitter
from workbench.integer.lowering_graph import Traced, Walk
from workbench.integer.lowering_trace import trace
from workbench.integer.lowering_values import Codes, Indexes, Unquantised, refusal
from workbench.integer.program import Program, Signal, code_range


@dataclass(frozen=True)
class RowIndexes:
    """An input of whole numbers [batch, time] that choose rows of embeddings."""

    rate: int = 1


@dataclass(frozen=True)
class Samples:
    """A float input, [batch, channels, time], or [batch, time, channels] where channels_last.

    It must meet a QuantIdentity first; the program takes the codes. rate: rows for every row of an
    input of rate 1.
    """

    channels: int
    channels_last: bool = False
    rate: int = 1


@dataclass(frozen=True)
class LoweredInput:
    """How an input of the module becomes one of the program.

    exponent: of one code step, None for row indexes. low, high: the range of its codes.
    """

    exponent: int | None
    low: int
    high: int
    channels_last: bool


@dataclass(frozen=True)
class LoweredLayer:
    """One call of a layer, in the order of the forward pass.

    path: of the layer, "" for the module itself, which comes last. signal: the program's signal that
    holds its result exactly, None where there is none (an accumulator that waits for its quantiser).
    channels_last: axes of the result.
    """

    path: str
    signal: str | None
    channels_last: bool


@dataclass(frozen=True)
class Lowered:
    """A program and how it belongs to its module: its inputs by name, its layers in order."""

    program: Program
    inputs: dict[str, LoweredInput]
    layers: tuple[LoweredLayer, ...]

    def codes(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The module's inputs (tensors or arrays, by name) as the program's, [batch, time, channel].

        Floats are rounded half up and clamped, as their quantiser does. Raises WorkbenchError when
        an input is missing.
        """
        missing = [name for name in self.inputs if name not in inputs]
        if missing:
            raise WorkbenchError(f"program {self.program.name} needs the input {missing[0]!r} too")
        return {name: _input_codes(_array(inputs[name]), way) for name, way in self.inputs.items()}


def lower(
    module: nn.Module,
    inputs: Mapping[str, RowIndexes | Samples],
    *,
    name: str,
    input_rate_hz: float,
) -> Lowered:
    """Lower `module` as it is in evaluation mode; the module itself is left as it was.

    inputs: one entry for every argument of `forward`. name: of the program. input_rate_hz: rows a
    second of an input of rate 1. A frame of the program is the shortest time in which every signal
    has a whole number of rows. Raises WorkbenchError, naming the layer, for what cannot be lowered
    exactly.
    """
    module = copy.deepcopy(module).cpu().double().eval()
    graph = trace(module)
    _check_arguments([node.target for node in graph.nodes if node.op == "placeholder"], inputs)
    emitter = Emitter(inputs)
    traced = {label: _declare(emitter, label, way) for label, way in inputs.items()}
    walk = Walk(module, traced, emitter)
    with torch.no_grad():
        output = walk.run(graph)
    rows = _frame_rows(emitter)
    program = Program(
        name=name,
        inputs=tuple(inputs),
        output=output.label,
        frame_rate_hz=float(input_rate_hz / rows),
        signals=tuple(_signal(signal, rows) for signal in emitter.signals),
        operators=tuple(emitter.operators),
    )
    layers = tuple(
        LoweredLayer(path, found.label if found else None, value.channels_last)
        for path, value, found in (
            (path, value, emitter.realised(value.content)) for path, value in walk.layers
        )
    )
    return Lowered(
        program, {label: _way(emitter, label, way) for label, way in inputs.items()}, layers
    )


def _declare(emitter: Emitter, label: str, way: RowIndexes | Samples) -> Traced:
    if isinstance(way, RowIndexes):
        return Traced(emitter.add_indexes(label, Fraction(way.rate)), True)
    return Traced(Unquantised(label, way.channels, Fraction(way.rate)), way.channels_last)


def _way(emitter: Emitter, label: str, way: RowIndexes | Samples) -> LoweredInput:
    if isinstance(way, RowIndexes):
        low, high = code_range(32)
        return LoweredInput(None, low, high, channels_last=True)
    if label not in emitter.inputs:
        raise refusal(f"the input {label}", "it is never quantised; put a QuantIdentity behind it")
    quantiser = emitter.inputs[label]
    return LoweredInput(quantiser.exponent, quantiser.low, quantiser.high, way.channels_last)


def _frame_rows(emitter: Emitter) -> Fraction:
    """Rows of an input of rate 1 in one frame: the fewest that make every rate whole."""
    rates = [signal.rate for signal in emitter.signals]
    whole = math.lcm(*(rate.denominator for rate in rates))
    return Fraction(whole, math.gcd(*(int(rate * whole) for rate in rates)))


def _signal(signal: Codes | Indexes, rows: Fraction) -> Signal:
    rate = int(signal.rate * rows)
    if isinstance(signal, Indexes):
        return Signal(signal.label, 32, 1, rate, None)
    return Signal(signal.label, signal.bits, signal.channels, rate, signal.exponent)


def _array(values: Any) -> np.ndarray:
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)


def _input_codes(values: np.ndarray, way: LoweredInput) -> np.ndarray:
    if way.exponent is None:
        return values.astype(np.int32)[..., None]
    steps = np.floor(np.ldexp(values.astype(np.float64), -way.exponent) + 0.5)
    codes = np.clip(steps, way.low, way.high).astype(np.int64)
    return codes if way.channels_last else codes.transpose(0, 2, 1)


def _check_arguments(wanted: list[str], given: Mapping[str, object]) -> None:
    if set(wanted) != set(given):
        raise WorkbenchError(
            f"the module's forward takes {', '.join(wanted)}; describe these inputs and no others, "
            f"not {', '.join(given) or 'none'}"
        )
