"""Causal convolution; also linear, depthwise and transposed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.integer.operators.operator import CHANNEL, OnSums, Operator, StateTensor
from workbench.integer.operators.shifts import requantise, wrap_int32
from workbench.integer.sections import BIAS, SHIFT, WEIGHTS
from workbench.integer.signals import MOST_ROWS, Signal, code_range


@dataclass(frozen=True, eq=False, repr=False)
class Conv(Operator):
    """Causal convolution; also linear (taps 1), depthwise (groups) and transposed (up > 1).

        acc[t, u, o] = bias[o] + sum_{j, i} weight[u, o, j, i] * x[t * stride - back(j), i]
        back(j) = (taps - 1 - j) * dilation
        y[t * up + u, o] = clamp(requantise(acc[t, u, o], shift[o]), low, high)

    weight: int8 [up, out, taps, in / groups], in -128..127, or -8..7 where weight_bits is 4;
        the last tap is the newest row, rows before the first are zero.
    bias: int16 or int32 [out], the width that it has in memory, see `workbench.integer.biases`; the rounding
        constant 2**(shift - 1) of a right shift is folded in.
    shift: int8 [out], clamped to SHIFT_MIN..SHIFT_MAX on use; right where positive. A left shift
        saturates at the clamp.
    acc wraps modulo 2**32 like unsigned arithmetic. The state `history` holds the last input rows.
    """

    weight: np.ndarray
    bias: np.ndarray
    shift: np.ndarray
    low: int
    high: int
    weight_bits: int = 8
    dilation: int = 1
    stride: int = 1
    groups: int = 1

    PARAMETERS: ClassVar[Mapping[str, str]] = {
        "weight": WEIGHTS,
        "bias": BIAS,
        "shift": SHIFT,
    }
    AXES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "weight": ("phase", CHANNEL, "tap", "input"),
        "bias": (CHANNEL,),
        "shift": (CHANNEL,),
        "history": ("row", "input"),
        "accumulator": ("position", "phase", CHANNEL),
    }

    @property
    def up(self) -> int:
        """Output rows per input position (the stride of a transposed convolution)."""
        return self.weight.shape[0]

    @property
    def out_channels(self) -> int:
        """Columns of one output row."""
        return self.weight.shape[1]

    @property
    def taps(self) -> int:
        """Input rows that one output row sees."""
        return self.weight.shape[2]

    @property
    def history(self) -> int:
        """Input rows that are carried from frame to frame."""
        return (self.taps - 1) * self.dilation

    def rows_back(self) -> int:
        """As many as the history holds."""
        return self.history

    def state(self, sources: tuple[Signal, ...]) -> tuple[StateTensor, ...]:
        """`history` [rows, channels], where it looks back."""
        (source,) = sources
        shape = (self.history, source.channels)
        return (StateTensor("history", source.bits, shape),) if self.history else ()

    def sums_shape(self, source: Signal) -> tuple[int, ...]:
        """[positions, up, out]."""
        return source.rate // self.stride, self.up, self.out_channels

    def parameter_bits(self, field: str) -> int:
        """Weights may be packed two to a byte."""
        packed = field == "weight" and self.weight_bits == 4
        return 4 if packed else super().parameter_bits(field)

    def parameter_rows(self, field: str) -> int:
        """Weights of one phase and channel at a time."""
        return self.up * self.out_channels if field == "weight" else super().parameter_rows(field)

    @property
    def shape_text(self) -> str:
        """Inputs and taps of a row of weights -> phases and channels: "32x3 -> 4x16"."""
        up, out, taps, fan_in = self.weight.shape
        return f"{fan_in}x{taps} -> {f'{up}x' if up > 1 else ''}{out}"

    def macs_per_frame(self, source: Signal) -> int:
        """Every weight at every position."""
        return self.weight.size * (source.rate // self.stride)

    def check(self, sources: tuple[Signal, ...], target: Signal) -> None:
        """Shapes of weights, bias and shifts against source and target."""
        (source,) = sources
        self.need_codes(sources, target)
        self.need(
            self.weight.ndim == 4 and self.weight.size > 0, "needs weights [up, out, taps, in]"
        )
        self.need(self.weight_bits in (4, 8), f"has {self.weight_bits}-bit weights; use 4 or 8")
        self.need(min(self.dilation, self.stride, self.groups) >= 1, "needs positive sizes")
        self.need(self.history <= MOST_ROWS, f"looks back over more than {MOST_ROWS} rows")
        up, out, taps, fan_in = self.weight.shape
        self.need(
            out % self.groups == 0 and fan_in * self.groups == source.channels,
            f"has weights for {fan_in * self.groups} channels, its source has {source.channels}",
        )
        self.need(out == target.channels, f"makes {out} channels, its target has {target.channels}")
        self.need(
            source.rate % self.stride == 0 and source.rate // self.stride * up == target.rate,
            f"cannot turn {source.rate} rows a frame into {target.rate}",
        )
        self.need_array("weight", np.int8, (up, out, taps, fan_in))
        self.need_array("bias", np.int16 if self.bias.dtype == np.int16 else np.int32, (out,))
        self.need_array("shift", np.int8, (out,))
        low, high = code_range(self.weight_bits)
        fits = self.weight.min() >= low and self.weight.max() <= high
        self.need(bool(fits), f"has weights outside of {low}..{high}")
        self.need_clamp((self.low, self.high), target)

    def step(
        self, sources: Sequence[np.ndarray], state: dict[str, np.ndarray], on_sums: OnSums
    ) -> np.ndarray:
        """Put the history before the new rows, sum up, requantise, clamp."""
        (x,) = sources
        length = x.shape[1]
        if self.history:
            x = np.concatenate([state["history"], x], axis=1)
            state["history"] = x[:, x.shape[1] - self.history :]
        sums = self.accumulate(x, length)
        on_sums(sums)
        y = np.clip(requantise(sums, self.shift), self.low, self.high)
        return y.reshape(len(sums), -1, self.out_channels)

    def accumulate(self, x: np.ndarray, length: int) -> np.ndarray:
        """Sums of int64 x [batch, history + length, in]: int64 [batch, length / stride, up, out].

        The bias is in them, and they are reduced to the range of int32.
        """
        batch = x.shape[0]
        weight = self.weight.astype(np.int64)
        per_group = self.out_channels // self.groups
        fan_in = weight.shape[3]
        rows = []
        for u in range(self.up):
            columns = []
            for g in range(self.groups):
                accumulator = np.zeros((batch, length // self.stride, per_group), np.int64)
                for j in range(self.taps):
                    first = j * self.dilation
                    seen = x[:, first : first + length : self.stride, g * fan_in : (g + 1) * fan_in]
                    # [batch, time, in / groups] @ [in / groups, out / groups]
                    accumulator += seen @ weight[u, g * per_group : (g + 1) * per_group, j].T
                columns.append(accumulator)
            rows.append(np.concatenate(columns, axis=2))
        return wrap_int32(np.stack(rows, axis=2) + self.bias.astype(np.int64))

    def accumulator_bound(self, source_bits: int) -> int:
        """Largest possible |accumulator| without faults: max_o(sum |w| * max|x| + |bias|).

        The folded rounding constant is part of the bias. Partial sums, in any order, stay below it too.
        """
        per_row = np.abs(self.weight.astype(np.int64)).sum(axis=(2, 3))  # [up, out]
        largest = per_row.max(axis=0) * (1 << (source_bits - 1))
        return int((largest + np.abs(self.bias.astype(np.int64))).max())
