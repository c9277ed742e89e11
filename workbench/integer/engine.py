"""Batched engine: many faulty variants of one program at once, equal to the reference bit for bit.

A clean product serves all trials; what a fault changed is added as a sparse difference. Layout:
activations [trials, time, channel], with one trial as long as nothing differs. Codes are whole
numbers in float32 and sums whole numbers in float32 or float64, always below 2**24 or 2**53, where
floating point is exact in any order of summation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import torch

from workbench.errors import WorkbenchError
from workbench.integer.program import (
    INT32_MAX,
    SHIFT_MAX,
    SHIFT_MIN,
    Add,
    Concat,
    Conv,
    Embed,
    Operator,
    Program,
    Rescale,
    Table,
    code_dtype,
)
from workbench.integer.reference import checked_inputs, convolutions_with_history
from workbench.integer.validation import accumulator_bound

_EXACT_FLOAT32 = 2**24
# Weight differences are added in parts of this many products, to bound the memory they take.
_PRODUCTS_AT_ONCE = 1 << 22
_FACTORS = torch.tensor([2.0**-shift for shift in range(SHIFT_MIN, SHIFT_MAX + 1)])


class Change(NamedTuple):
    """New values of some elements of one tensor: int64 [changes] each, no element of a trial twice.

    trial: which variant. element: flat index in C order. value: fits the tensor's width.
    """

    trial: np.ndarray
    element: np.ndarray
    value: np.ndarray


# (operator, field) -> what differs from the clean program; fields are the operator's PARAMETERS.
Changes = Mapping[tuple[str, str], Change]
_Fields = dict[str, Change]


class Engine:
    """A program prepared for batches on a torch device ("cpu" or "cuda"; the CPU when None)."""

    def __init__(self, program: Program, device: str | torch.device | None = None) -> None:
        self.program = program
        self.device = torch.device(device or "cpu")
        self._kernels = {
            operator.name: _ConvKernel(operator, program.sources(operator)[0].bits, self.device)
            for operator in program.operators
            if isinstance(operator, Conv)
        }
        self._fields = {(operator.name, field) for operator, field, _ in program.parameters()}
        self._last_reader = {
            name: operator.name for operator in program.operators for name in operator.sources
        }

    def stream(self, trials: int = 1) -> EngineStream:
        """`trials` silent variants that advance together."""
        return EngineStream(self, trials)

    def execute(
        self,
        values: dict[str, torch.Tensor],
        histories: dict[str, torch.Tensor],
        changes: Changes,
        trials: int,
        kept: Iterable[str],
    ) -> None:
        """Run all operators over `values` and `histories`, both changed in place.

        Signals that nobody reads any more are dropped unless they are in `kept`.
        """
        unknown = set(changes) - self._fields
        if unknown:
            raise WorkbenchError(
                f"program {self.program.name} has no parameter {'.'.join(sorted(unknown)[0])}; "
                "a change names an operator and one of its arrays"
            )
        kept = set(kept)
        for operator in self.program.operators:
            sources = [values[name] for name in operator.sources]
            fields = {
                field: changes[operator.name, field]
                for field in operator.PARAMETERS
                if (operator.name, field) in changes
            }
            values[operator.target] = self._apply(operator, sources, histories, fields, trials)
            for name in set(operator.sources) - kept:
                if self._last_reader[name] == operator.name:
                    del values[name]

    def _apply(
        self,
        operator: Operator,
        sources: list[torch.Tensor],
        histories: dict[str, torch.Tensor],
        fields: _Fields,
        trials: int,
    ) -> torch.Tensor:
        x = sources[0]
        if isinstance(operator, Conv):
            return self._conv(operator, x, histories, fields, trials)
        if isinstance(operator, Add):
            return (x + sources[1]).clamp_(operator.low, operator.high)
        if isinstance(operator, Concat):
            return torch.cat(_same_batch(sources), dim=2)
        field = operator.PARAMETERS[0]
        array = _variants(getattr(operator, field), fields.get(field), trials, self.device)
        if isinstance(operator, Rescale):
            return _rescale(operator, x, array)
        if isinstance(operator, Table):
            table = array.to(torch.float32)  # [1 or trials, 256]
            return table[_trial_index(table)[:, :, None], x.to(torch.int64) + 128]
        if isinstance(operator, Embed):
            rows = array.reshape(-1, *operator.rows.shape).to(torch.float32)
            return rows[_trial_index(rows), x[:, :, 0].clamp(0, len(operator.rows) - 1)]
        raise WorkbenchError(f"operator {operator.name}: unknown kind {operator.kind!r}")

    def _conv(
        self,
        conv: Conv,
        x: torch.Tensor,
        histories: dict[str, torch.Tensor],
        fields: _Fields,
        trials: int,
    ) -> torch.Tensor:
        length = x.shape[1]
        if conv.history:
            x = torch.cat(_same_batch([histories[conv.name], x]), dim=1)
            histories[conv.name] = x[:, x.shape[1] - conv.history :].clone()
        return self._kernels[conv.name](x, length, fields, trials)


class EngineStream:
    """Trials that run in step: feed them frames, they remember what the next frames need.

    histories: for each convolution that looks back, its last input rows, float32
    [1 or trials, rows, in] of whole numbers; one row of trials stands for all while they agree.
    """

    def __init__(self, engine: Engine, trials: int) -> None:
        self.engine = engine
        self.trials = trials
        self.histories: dict[str, torch.Tensor] = {}
        self.reset()

    def reset(self) -> None:
        """Silence: every history of every trial becomes zero."""
        for conv, source in convolutions_with_history(self.engine.program):
            shape = (1, conv.history, source.channels)
            self.histories[conv.name] = torch.zeros(shape, device=self.engine.device)

    def step(self, inputs: Mapping[str, np.ndarray], changes: Changes | None = None) -> np.ndarray:
        """Run whole frames; codes of the output, [trials, frames * rate, channels].

        inputs: as for the reference, shared ([1, ...]) or one for each trial ([trials, ...]).
        changes: how the trials' parameters differ from the clean program's during these frames.
        Raises WorkbenchError when an input or a name in `changes` does not fit.
        """
        output = self.engine.program.output
        return self.signals(inputs, changes, names=(output,))[output]

    def signals(
        self,
        inputs: Mapping[str, np.ndarray],
        changes: Changes | None = None,
        *,
        names: tuple[str, ...] | None = None,
    ) -> dict[str, np.ndarray]:
        """As `step`, but the codes of the signals `names`, of all when None."""
        program = self.engine.program
        kept = names or tuple(signal.name for signal in program.signals)
        values = {
            name: self._tensor(name, codes)
            for name, codes in checked_inputs(program, inputs).items()
        }
        with torch.inference_mode():
            self.engine.execute(values, self.histories, changes or {}, self.trials, kept)
        return {name: self._codes(name, values[name]) for name in kept if name in values}

    def read_history(self, name: str, trial: int) -> np.ndarray:
        """The rows that convolution `name` remembers in one trial: int64 [rows, in]."""
        rows = self.histories[name]
        return rows[trial if len(rows) > 1 else 0].cpu().numpy().astype(np.int64)

    def write_histories(self, changes: Mapping[str, Change]) -> None:
        """Put new values into histories, by the name of the convolution (flat [rows, in])."""
        for name, change in changes.items():
            rows = self.histories[name]
            flat = rows.expand(self.trials, -1, -1).reshape(self.trials, -1).clone()
            trial, element, value = _tensors(change, rows.device)
            flat[trial, element] = value.to(flat.dtype)
            self.histories[name] = flat.reshape(self.trials, *rows.shape[1:])

    def _tensor(self, name: str, codes: np.ndarray) -> torch.Tensor:
        if codes.shape[0] not in (1, self.trials):
            raise WorkbenchError(
                f"input {name!r} is for {codes.shape[0]} trials and there are {self.trials}; "
                "give one for all or one each"
            )
        indexes = self.engine.program.signal(name).bits == 32
        dtype = np.int64 if indexes else np.float32
        return torch.from_numpy(codes.astype(dtype)).to(self.engine.device)

    def _codes(self, name: str, codes: torch.Tensor) -> np.ndarray:
        dtype = code_dtype(self.engine.program.signal(name).bits)
        plain = codes.cpu().numpy().astype(dtype)
        return np.broadcast_to(plain, (self.trials, *plain.shape[1:]))


class _ConvKernel:
    """One convolution: a clean product by its matrix, plus what the trials changed."""

    def __init__(self, conv: Conv, source_bits: int, device: torch.device) -> None:
        self.conv = conv
        up, _, taps, fan_in = conv.weight.shape
        matrix = conv.weight.reshape(up, conv.groups, -1, taps, fan_in).transpose(1, 3, 4, 0, 2)
        matrix = matrix.reshape(conv.groups, taps * fan_in, -1)  # [groups, taps * in, up * out]
        # A fault changes codes within their width, so this bound of the clean weights always holds.
        self.bound = accumulator_bound(conv, source_bits)
        self.matrix = torch.from_numpy(matrix.astype(np.float64)).to(device, self._dtype())

    def _dtype(self) -> torch.dtype:
        # TF32 and bfloat16 products, which a lower precision setting allows, are not exact.
        exact = torch.get_float32_matmul_precision() == "highest"
        return torch.float32 if exact and self.bound <= _EXACT_FLOAT32 else torch.float64

    def __call__(self, x: torch.Tensor, length: int, fields: _Fields, trials: int) -> torch.Tensor:
        """x [1 or trials, history + length, in] -> [1 or trials, length / stride * up, out]."""
        conv = self.conv
        sums = self._product(x, length)
        if "weight" in fields:
            sums = sums.to(torch.float64).expand(trials, -1, -1, -1).clone()
            self._add_differences(sums, x, fields["weight"])
        bias = _variants(conv.bias, fields.get("bias"), trials, x.device)[:, None, None]
        changed = "weight" in fields or "bias" in fields
        sums = sums + bias.to(torch.float64 if changed else sums.dtype)
        if changed or self.bound > INT32_MAX:
            sums = _wrap_int32(sums)
        shift = _variants(conv.shift, fields.get("shift"), trials, x.device)[:, None, None]
        y = (sums * _factor(shift, sums.dtype)).floor_().clamp_(conv.low, conv.high)
        return y.reshape(y.shape[0], -1, conv.out_channels).to(torch.float32)

    def _product(self, x: torch.Tensor, length: int) -> torch.Tensor:
        """Sums of the clean weights, [x's trials, time, up, out]."""
        conv = self.conv
        first = [tap * conv.dilation for tap in range(conv.taps)]
        seen = torch.stack([x[:, j : j + length : conv.stride] for j in first], dim=2)
        trials, time = seen.shape[:2]
        columns = seen.reshape(trials * time, conv.taps, conv.groups, -1).transpose(1, 2)
        columns = columns.transpose(0, 1).reshape(conv.groups, trials * time, -1)
        sums = torch.bmm(columns.to(self.matrix.dtype), self.matrix)
        sums = sums.reshape(conv.groups, trials, time, conv.up, -1).permute(1, 2, 3, 0, 4)
        return sums.reshape(trials, time, conv.up, conv.out_channels)

    def _add_differences(self, sums: torch.Tensor, x: torch.Tensor, change: Change) -> None:
        """sums[trial, t, u, o] += (new - old weight) * x[trial, t * stride + tap * dilation, i]."""
        conv = self.conv
        old = conv.weight.reshape(-1)[change.element].astype(np.int64)
        u, o, tap, i = np.unravel_index(change.element, conv.weight.shape)
        channel = o // (conv.out_channels // conv.groups) * conv.weight.shape[3] + i
        source = change.trial if x.shape[0] > 1 else np.zeros_like(change.trial)
        columns = (source, tap * conv.dilation, channel, change.value - old, change.trial, u, o)
        parts = max(1, _PRODUCTS_AT_ONCE // max(1, sums.shape[1]))
        time = torch.arange(sums.shape[1], device=x.device)
        for start in range(0, len(old), parts):
            source_, first, channel_, difference, trial, u_, o_ = (
                torch.from_numpy(column[start : start + parts, None]).to(x.device)
                for column in columns
            )
            seen = x[source_, first + time * conv.stride, channel_].to(sums.dtype)
            sums.index_put_((trial, time[None], u_, o_), seen * difference, accumulate=True)


def _rescale(operator: Rescale, x: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    # x * 2**-shift + 1/2 needs 16 bits and `shift` more; beyond float32 compute in float64.
    dtype = torch.float32 if int(shift.max()) <= 8 else torch.float64
    shift = shift[:, :, None]
    half = torch.where(shift > 0, 0.5, 0.0).to(dtype)
    y = (x.to(dtype) * _factor(shift, dtype) + half).floor_()
    return y.clamp_(operator.low, operator.high).to(torch.float32)


def _factor(shift: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """2**-shift of the clamped shift: a product by it is exact, its floor is the right shift."""
    return _FACTORS.to(shift.device, dtype)[shift.clamp(SHIFT_MIN, SHIFT_MAX) - SHIFT_MIN]


def _wrap_int32(sums: torch.Tensor) -> torch.Tensor:
    """Whole numbers in float64, reduced modulo 2**32 to -2**31 .. 2**31 - 1."""
    return sums - torch.floor((sums + 2.0**31) * 2.0**-32) * 2.0**32


def _variants(
    array: np.ndarray, change: Change | None, trials: int, device: torch.device
) -> torch.Tensor:
    """Flattened `array` for each trial, int64 [trials, size]; [1, size] when nothing changed."""
    clean = torch.from_numpy(array.astype(np.int64).reshape(1, -1)).to(device)
    if change is None:
        return clean
    each = clean.repeat(trials, 1)
    trial, element, value = _tensors(change, device)
    each[trial, element] = value
    return each


def _tensors(change: Change, device: torch.device) -> tuple[torch.Tensor, ...]:
    return tuple(torch.from_numpy(array).to(device) for array in change)


def _trial_index(each: torch.Tensor) -> torch.Tensor:
    """0, 1, ... as [trials, 1], to index the first axis of `each` beside another index."""
    return torch.arange(each.shape[0], device=each.device)[:, None]


def _same_batch(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    batch = max(x.shape[0] for x in tensors)
    return [x.expand(batch, -1, -1) for x in tensors]
