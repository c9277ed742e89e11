"""A differentiable twin of an integer program: the same weights, without the rounding.

For directions only, never for results. Layout: float64 codes [batch, time, channel], in steps of the
integer codes; parameters as float64 tensors by (operator, field).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from workbench.errors import WorkbenchError
from workbench.integer.ends import is_back_end, is_front_end, signal_in_front
from workbench.integer.operators import (
    Add,
    Concat,
    Conv,
    Embed,
    Operator,
    PrunedConv,
    Rescale,
    Table,
)
from workbench.integer.program import Program
from workbench.integer.reference import checked_inputs
from workbench.integer.signals import SHIFT_MAX, SHIFT_MIN

# Fields that have a gradient; shifts have none, a power of two is no smooth thing.
SMOOTH_FIELDS = ("weight", "kept", "bias", "table", "rows")
Parameters = Mapping[tuple[str, str], torch.Tensor]


def smooth_parameters(program: Program) -> dict[tuple[str, str], torch.Tensor]:
    """The parameters that have a gradient, as leaves that ask for one."""
    return {
        (operator.name, field): torch.tensor(array.astype(np.float64), requires_grad=True)
        for operator, field, array in program.parameters()
        if field in SMOOTH_FIELDS
    }


def run_smooth(
    program: Program, parameters: Parameters, inputs: Mapping[str, np.ndarray]
) -> torch.Tensor:
    """Output codes [batch, rows, channels] of a whole utterance, with gradients to `parameters`.

    Of a program with a back end, what that reads: phases and noise have no direction. A front end is run as it is. Where a
    clamp bites, the gradient is zero. Raises WorkbenchError as the reference does.
    """
    values = {
        name: torch.from_numpy(codes.astype(np.float64))
        for name, codes in checked_inputs(program, inputs).items()
    }
    for operator in program.operators:
        if is_back_end(program, operator):
            break
        if is_front_end(program, operator):
            values[operator.target] = _exact(program, operator, inputs)
            continue
        sources = [values[name] for name in operator.sources]
        x = sources[0]
        if isinstance(operator, Conv | PrunedConv):
            conv = operator.dense if isinstance(operator, PrunedConv) else operator
            weight, bias = _weights(operator, parameters), parameters[operator.name, "bias"]
            y = _conv(conv, x, weight, bias)
        elif isinstance(operator, Add):
            y = (x + sources[1]).clamp(operator.low, operator.high)
        elif isinstance(operator, Rescale):
            y = (x * _factor(operator.shift)).clamp(operator.low, operator.high)
        elif isinstance(operator, Table):
            y = _interpolated(parameters[operator.name, "table"], x)
        elif isinstance(operator, Embed):
            index = x[:, :, 0].long().clamp(0, len(operator.rows) - 1)
            y = parameters[operator.name, "rows"][index]
        elif isinstance(operator, Concat):
            y = torch.cat(sources, dim=2)
        else:
            raise WorkbenchError(f"operator {operator.name}: unknown kind {operator.kind!r}")
        values[operator.target] = y
    return values[signal_in_front(program).name]


def _exact(program: Program, operator: Operator, inputs: Mapping[str, np.ndarray]) -> torch.Tensor:
    """What an operator that reads inputs gives, from silence."""
    sources = [np.asarray(inputs[name], np.int64) for name in operator.sources]
    past = {
        tensor.name: np.zeros((len(sources[0]), *tensor.shape), np.int64)
        for tensor in operator.state(program.sources(operator))
    }
    return torch.from_numpy(operator.step(sources, past, lambda sums: None).astype(np.float64))


def _weights(operator: Conv | PrunedConv, parameters: Parameters) -> torch.Tensor:
    """The weights of a convolution; where some blocks are left out, the kept ones in their places."""
    if isinstance(operator, Conv):
        return parameters[operator.name, "weight"]
    places = operator.places[:, : operator.kept.shape[1]].reshape(-1)
    weight = torch.from_numpy(operator.dense.weight.astype(np.float64)).reshape(-1)
    kept = parameters[operator.name, "kept"].reshape(-1)[torch.from_numpy(places >= 0)]
    where = torch.from_numpy(places[places >= 0])
    return weight.index_put((where,), kept).reshape(operator.dense.weight.shape)


def _conv(conv: Conv, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    up, out, taps, fan_in = conv.weight.shape
    # [up, out, taps, in] -> [groups * up * out / groups, in, taps], groups outermost as torch wants.
    kernel = weight.reshape(up, conv.groups, -1, taps, fan_in).transpose(0, 1)
    kernel = kernel.reshape(up * out, taps, fan_in).transpose(1, 2)
    padded = torch.nn.functional.pad(x.transpose(1, 2), (conv.history, 0))  # [batch, in, time]
    sums = torch.nn.functional.conv1d(
        padded, kernel, stride=conv.stride, dilation=conv.dilation, groups=conv.groups
    )
    batch, _, time = sums.shape
    sums = sums.reshape(batch, conv.groups, up, -1, time).permute(0, 4, 2, 1, 3)
    sums = sums.reshape(batch, time, up, out) + bias
    y = (sums * _factor(conv.shift)).clamp(conv.low, conv.high)
    return y.reshape(batch, time * up, out)


def _factor(shift: np.ndarray) -> torch.Tensor:
    """2**-shift of the shift clamped to its field."""
    clamped = np.clip(shift.astype(np.float64), SHIFT_MIN, SHIFT_MAX)
    return torch.from_numpy(np.exp2(-clamped))


def _interpolated(table: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Linear between the entries of `table` [256] for codes -128 .. 127."""
    below = x.detach().floor().clamp(-128, 126)
    index = below.long() + 128
    return table[index] + (x - below) * (table[index + 1] - table[index])
