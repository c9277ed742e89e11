"""Lowering: from a Brevitas module to the integer program that gives the same codes, or a refusal.

    lowered = lower(module, {"x": Samples(channels=4)}, name="mine", input_rate_hz=100.0)

The promise holds for the module in evaluation mode in float64; nothing is approximated. Known are
the layers of `workbench.generators.layers`; Brevitas's QuantIdentity, QuantReLU, QuantHardTanh,
QuantTanh, QuantSigmoid, QuantConv1d, QuantConvTranspose1d, QuantLinear and QuantEltwiseAdd;
nn.Embedding; elementwise functions of embeddings and of 8-bit signals; sums, torch.cat over
channels, F.pad before the first row, transposes.
Every value must meet a quantiser of `workbench.generators.quantisers` before a layer with weights; grouped
transposed convolutions need one of those with a single scale. Layers whose methods were replaced, hooked,
overridden or parametrised are refused, and what comes out is compared with the module before it is returned.
"""

from __future__ import annotations

import copy
import math
import sys
from collections.abc import Mapping
from fractions import Fraction

import torch
from torch import fx, nn

from workbench.errors import WorkbenchError, described, expect, reason_of
from workbench.generators.inputs import RowIndexes, Samples
from workbench.integer.lowering.altered import refuse_altered, refuse_training
from workbench.integer.lowering.emit import Emitter
from workbench.integer.lowering.graph import Traced, Walk
from workbench.integer.lowering.layer_check import check_agreement
from workbench.integer.lowering.result import (
    Lowered,
    LoweredInput,
    LoweredLayer,
)
from workbench.integer.lowering.trace import changed_call, trace
from workbench.integer.lowering.values import Codes, Indexes, Unquantised, refusal
from workbench.integer.program import Program
from workbench.integer.signals import Signal, code_range

__all__ = ["Lowered", "LoweredInput", "LoweredLayer", "RowIndexes", "Samples", "lower"]


def lower(
    module: nn.Module,
    inputs: Mapping[str, RowIndexes | Samples],
    *,
    name: str,
    input_rate_hz: float,
    check: bool | Mapping[str, torch.Tensor] = True,
) -> Lowered:
    """Lower a module as it is in evaluation mode to the integer program that gives the same codes.

    The module itself is left as it was. A frame of the program is the shortest time in which every signal has a
    whole number of rows.

    Args:
        module: A Brevitas module, or any module of known layers.
        inputs: One entry for every argument of `forward`.
        name: Of the program.
        input_rate_hz: Rows a second of an input of rate 1.
        check: True: before it returns, trace the module once more, run it and the program on random inputs, and
            compare every code of every layer. A mapping: also on these inputs of the module, as `forward` takes
            them, by name. False: leave the check out, for a module that is compared elsewhere.

    Raises:
        WorkbenchError: Something cannot be lowered exactly, or a code differs; the message names the first such
            layer.
    """
    _check_call(module, inputs, input_rate_hz, check)
    refuse_altered(module)
    module = _copy(module)
    with torch.no_grad():
        return _lower(module, inputs, name=name, input_rate_hz=input_rate_hz, check=check)


def _lower(
    module: nn.Module,
    inputs: Mapping[str, RowIndexes | Samples],
    *,
    name: str,
    input_rate_hz: float,
    check: bool | Mapping[str, torch.Tensor],
) -> Lowered:
    """Lower a module in float64 and evaluation mode, which is run and traced."""
    graph = trace(module)
    _check_arguments([node for node in graph.nodes if node.op == "placeholder"], inputs)
    emitter = Emitter(inputs)
    traced = {label: _declare(emitter, label, way) for label, way in inputs.items()}
    walk = Walk(module, traced, emitter)
    output = walk.run(graph)
    lowered = _lowered(emitter, walk, inputs, output, name=name, input_rate_hz=input_rate_hz)
    if check is not False:
        _refuse_changing(module, graph, walk)
        check_agreement(module, lowered)
    if isinstance(check, Mapping):
        check_agreement(module, lowered, check)
    return lowered


def _lowered(
    emitter: Emitter,
    walk: Walk,
    inputs: Mapping[str, RowIndexes | Samples],
    output: Codes,
    *,
    name: str,
    input_rate_hz: float,
) -> Lowered:
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
        LoweredLayer(path, lowered_signal.label if lowered_signal else None, value.channels_last)
        for path, value, lowered_signal in (
            (path, value, emitter.realised(value.content)) for path, value in walk.layers
        )
    )
    return Lowered(
        program, {label: _way(emitter, label, way) for label, way in inputs.items()}, layers
    )


def _copy(module: nn.Module) -> nn.Module:
    """A copy of `module` in float64 and evaluation mode, on the CPU."""
    try:
        copied = copy.deepcopy(module).cpu().double().eval()
    except Exception as error:  # of whatever a user's module holds
        raise refusal(
            f"module {type(module).__name__}",
            f"it cannot be copied ({reason_of(error, brief=True)}); detach tensors that it keeps, and leave out what is no part "
            "of a network",
        ) from error
    refuse_training(copied)
    return copied


def _refuse_changing(module: nn.Module, graph: fx.Graph, walk: Walk) -> None:
    """Trace once more: a number that a forward pass changes has another value then."""
    node = changed_call(graph, trace(module))
    if node is not None:
        raise refusal(
            walk.where(node),
            "a number or a kept tensor in it, or the call itself, changes from one forward pass to the next; "
            "keep it fixed",
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


def _check_call(
    module: nn.Module,
    inputs: Mapping[str, RowIndexes | Samples],
    input_rate_hz: float,
    check: bool | Mapping[str, torch.Tensor],
) -> None:
    expect(module, nn.Module, "what is to be lowered", "a torch module")
    cure = 'a dictionary of Samples or RowIndexes by argument of forward, as {"x": Samples(4)}'
    expect(inputs, Mapping, "the description of inputs", cure)
    for name, way in inputs.items():
        expect(name, str, "the name of an input", "an argument of forward, as a text")
        expect(
            way, (RowIndexes, Samples), f"the input {name!r}", "Samples(channels) or RowIndexes()"
        )
        for what, count in (("channels", getattr(way, "channels", 1)), ("rate", way.rate)):
            if type(count) is not int or count < 1:
                raise WorkbenchError(
                    f"the input {name!r} has {what} {described(count)}; give a whole number above 0"
                )
    expect(check, (bool, Mapping), "check", "True, False, or tensors by argument of forward")
    number = isinstance(input_rate_hz, int | float) and not isinstance(input_rate_hz, bool)
    if not number or not 0 < input_rate_hz <= sys.float_info.max:  # whole numbers may be larger
        raise WorkbenchError(
            f"input_rate_hz is {described(input_rate_hz)}; give rows a second, a number above 0"
        )


def _check_arguments(arguments: list[fx.Node], given: Mapping[str, object]) -> None:
    wanted = [str(node.target) for node in arguments]
    for node in arguments:
        if node.args and node.target not in given:  # its default
            raise WorkbenchError(
                f"the module's forward has an argument {node.target} with a default, which would be an input; "
                "make it an attribute that is set in __init__"
            )
        if str(node.target).startswith("*"):
            raise WorkbenchError(
                f"the module's forward takes {node.target}; give every input a name of its own"
            )
    if set(wanted) != set(given):
        raise WorkbenchError(
            f"the module's forward takes {', '.join(wanted)}; describe these inputs and no others, "
            f"not {', '.join(given) or 'none'}"
        )
