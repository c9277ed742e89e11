"""Checks that a program's parts fit together, so that no executor needs to check again.

Everything refused here is named with its operator and with what would fit.
"""

from __future__ import annotations

import math
import re

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.program import (
    Add,
    Concat,
    Conv,
    Embed,
    Operator,
    Program,
    Rescale,
    Signal,
    Table,
    code_dtype,
    code_range,
)

# Far beyond any microcontroller; they keep a damaged or hostile file from asking for the moon.
_MOST_ROWS, _MOST_CHANNELS, _MOST_EXPONENT = 1 << 20, 1 << 16, 127
# Names become file names, C identifiers and comments.
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,200}")
_SOURCES = {Conv: 1, Rescale: 1, Table: 1, Embed: 1, Add: 2}


def check_program(program: Program) -> None:
    """Raise WorkbenchError unless names, shapes, widths, rates and ranges fit together."""
    _check_name("program", program.name)
    names = [signal.name for signal in program.signals]
    _need(len(set(names)) == len(names), f"program {program.name}", "two signals share a name")
    labels = [operator.name for operator in program.operators]
    _need(len(set(labels)) == len(labels), f"program {program.name}", "two operators share a name")
    _need(
        0 < program.frame_rate_hz < math.inf,
        f"program {program.name}",
        "the frame rate must be positive",
    )
    for signal in program.signals:
        _check_signal(signal)
    written = set(program.inputs)
    for name in program.inputs:
        program.signal(name)
    for operator in program.operators:
        _check_name("operator", operator.name)
        where = f"operator {operator.name}"
        count = len(operator.sources)
        fits = count == _SOURCES.get(type(operator), max(count, 1))
        _need(fits, where, f"cannot read {count} signals")
        for source in operator.sources:
            program.signal(source)
            _need(source in written, where, f"reads signal {source!r} before it is written")
        _need(operator.target not in written, where, f"writes signal {operator.target!r} again")
        _check_operator(operator, program.sources(operator), program.target(operator))
        written.add(operator.target)
    _need(program.output in written, f"program {program.name}", "its output is never written")


def accumulator_bound(conv: Conv, source_bits: int) -> int:
    """Largest possible |accumulator| of a clean convolution: max_o(sum |w| * max|x| + |bias|).

    The folded rounding constant is part of the bias. Partial sums, in any order, stay below it too.
    """
    per_row = np.abs(conv.weight.astype(np.int64)).sum(axis=(2, 3))  # [up, out]
    largest = per_row.max(axis=0) * (1 << (source_bits - 1)) + np.abs(conv.bias.astype(np.int64))
    return int(largest.max())


def _check_signal(signal: Signal) -> None:
    _check_name("signal", signal.name)
    where = f"signal {signal.name}"
    _need(signal.bits in (8, 16, 32), where, f"has {signal.bits} bits; use 8, 16 or 32 (index)")
    _need((signal.bits == 32) == (signal.exponent is None), where, "only row indexes lack a scale")
    _need(
        1 <= signal.channels <= _MOST_CHANNELS and 1 <= signal.rate <= _MOST_ROWS,
        where,
        f"needs 1..{_MOST_CHANNELS} channels and 1..{_MOST_ROWS} rows a frame",
    )
    _need(
        signal.exponent is None or abs(signal.exponent) <= _MOST_EXPONENT,
        where,
        f"needs an exponent between -{_MOST_EXPONENT} and {_MOST_EXPONENT}",
    )


def _check_operator(operator: Operator, sources: tuple[Signal, ...], target: Signal) -> None:
    where = f"operator {operator.name}"
    if isinstance(operator, Embed):
        _check_embed(operator, sources, target)
        return
    _need(all(s.bits in (8, 16) for s in sources), where, "reads row indexes; only embed can")
    _need(target.bits in (8, 16), where, "writes a signal that is not 8 or 16 bits wide")
    if isinstance(operator, Conv):
        _check_conv(operator, sources[0], target)
    elif isinstance(operator, Add):
        _same(where, sources, "exponent", "channels", "rate")
        _need(sources[0].exponent == target.exponent, where, "keeps the exponent of its sources")
        _need(_shape(sources[0]) == _shape(target), where, "keeps channels and rate")
    elif isinstance(operator, Concat):
        _same(where, sources, "exponent", "bits", "rate")
        _need(
            sources[0].bits == target.bits and sources[0].exponent == target.exponent,
            where,
            "keeps width and exponent",
        )
        _need(
            sum(s.channels for s in sources) == target.channels and sources[0].rate == target.rate,
            where,
            "must write the sum of its sources' channels",
        )
    elif isinstance(operator, Rescale):
        _need(_shape(sources[0]) == _shape(target), where, "keeps channels and rate")
        _array(where, "shift", operator.shift, np.int8, (1,))
    elif isinstance(operator, Table):
        _need(sources[0].bits == 8, where, "looks up int8 codes only")
        _need(_shape(sources[0]) == _shape(target), where, "keeps channels and rate")
        _array(where, "table", operator.table, code_dtype(target.bits), (256,))
    if isinstance(operator, Conv | Add | Rescale):
        low, high = code_range(target.bits)
        _need(
            low <= operator.low <= operator.high <= high,
            where,
            f"clamps to {operator.low}..{operator.high}, outside of {low}..{high}",
        )


def _check_embed(operator: Embed, sources: tuple[Signal, ...], target: Signal) -> None:
    where = f"operator {operator.name}"
    _need(sources[0].bits == 32, where, "needs row indexes to look up")
    _need(
        sources[0].channels == 1 and sources[0].rate == target.rate, where, "needs one index a row"
    )
    _need(target.bits in (8, 16), where, "writes a signal that is not 8 or 16 bits wide")
    rows = operator.rows
    _need(rows.ndim == 2 and len(rows) >= 1, where, "needs a table of at least one row")
    _array(where, "rows", rows, code_dtype(target.bits), (len(rows), target.channels))


def _check_conv(conv: Conv, source: Signal, target: Signal) -> None:
    where = f"operator {conv.name}"
    _need(
        conv.weight.ndim == 4 and conv.weight.size > 0, where, "needs weights [up, out, taps, in]"
    )
    _need(conv.weight_bits in (4, 8), where, f"has {conv.weight_bits}-bit weights; use 4 or 8")
    _need(min(conv.dilation, conv.stride, conv.groups) >= 1, where, "needs positive sizes")
    _need(conv.history <= _MOST_ROWS, where, f"looks back over more than {_MOST_ROWS} rows")
    up, out, taps, fan_in = conv.weight.shape
    _need(
        out % conv.groups == 0 and fan_in * conv.groups == source.channels,
        where,
        f"has weights for {fan_in * conv.groups} channels, its source has {source.channels}",
    )
    _need(out == target.channels, where, f"makes {out} channels, its target has {target.channels}")
    _need(
        source.rate % conv.stride == 0 and source.rate // conv.stride * up == target.rate,
        where,
        f"cannot turn {source.rate} rows a frame into {target.rate}",
    )
    _array(where, "weight", conv.weight, np.int8, (up, out, taps, fan_in))
    _array(where, "bias", conv.bias, np.int32, (out,))
    _array(where, "shift", conv.shift, np.int8, (out,))
    low, high = code_range(conv.weight_bits)
    fits = conv.weight.min() >= low and conv.weight.max() <= high
    _need(fits, where, f"has weights outside of {low}..{high}")


def _check_name(kind: str, name: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise WorkbenchError(
            f"{kind} name {str(name)[:40]!r}: use 1 to 200 of A-Z, a-z, 0-9, point, hyphen, underscore"
        )


def _shape(signal: Signal) -> tuple[int, int]:
    return signal.channels, signal.rate


def _same(where: str, sources: tuple[Signal, ...], *names: str) -> None:
    for name in names:
        values = {getattr(source, name) for source in sources}
        _need(len(values) == 1, where, f"needs sources of one {name}, got {sorted(values)}")


def _array(
    where: str, name: str, array: np.ndarray, dtype: np.typing.DTypeLike, shape: tuple[int, ...]
) -> None:
    _need(
        array.dtype == dtype and array.shape == shape,
        where,
        f"needs {name} as {np.dtype(dtype)} {list(shape)}, got {array.dtype} {list(array.shape)}",
    )


def _need(holds: bool, where: str, problem: str) -> None:
    if not holds:
        raise WorkbenchError(f"{where}: {problem}")
