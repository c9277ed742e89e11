"""Arithmetic of the batched engine: integers in floating point, exact by proven bounds.

Codes are float32; sums float32 below 2**24 and float64 below 2**53, where every order of summation
gives the same. What a fault changed comes as sparse differences from the clean arrays.
"""

from __future__ import annotations

import numpy as np
import torch

from workbench.integer.changes import Change
from workbench.integer.operators import Conv, Rescale
from workbench.integer.signals import INT32_MAX, SHIFT_MAX, SHIFT_MIN

_EXACT_FLOAT32 = 2**24
# Weight differences are added in parts of this many products, to bound the memory they take.
_PRODUCTS_AT_ONCE = 1 << 22
_FACTORS = torch.tensor([2.0**-shift for shift in range(SHIFT_MIN, SHIFT_MAX + 1)])


# Of one operator, by parameter.
Fields = dict[str, Change]


class ConvKernel:
    """One convolution: a clean product by its matrix, plus what the trials changed."""

    def __init__(self, conv: Conv, source_bits: int, device: torch.device) -> None:
        self.conv = conv
        up, _, taps, fan_in = conv.weight.shape
        matrix = conv.weight.reshape(up, conv.groups, -1, taps, fan_in).transpose(1, 3, 4, 0, 2)
        matrix = matrix.reshape(conv.groups, taps * fan_in, -1)  # [groups, taps * in, up * out]
        self.largest_code = 1 << (source_bits - 1)
        # A fault changes codes within their width, so this bound of the clean weights always holds.
        self.bound = conv.accumulator_bound(source_bits)
        self.matrix = torch.from_numpy(matrix.astype(np.float64)).to(device, _dtype(self.bound))
        self.bias = clean_array(conv.bias, device)
        self.shift = clean_array(conv.shift, device)

    def __call__(self, x: torch.Tensor, length: int, fields: Fields, trials: int) -> torch.Tensor:
        """x [1 or trials, history + length, in] -> [1 or trials, length / stride * up, out]."""
        conv = self.conv
        reach = self.bound + self._reach(fields)
        dtype = _dtype(reach)
        sums = self._product(x, length).to(dtype)
        if "weight" in fields:
            sums = sums.expand(trials, -1, -1, -1).clone()
            self._add_differences(sums, x, fields["weight"])
        bias = variants(self.bias, fields.get("bias"), trials)
        sums = sums + bias[:, None, None].to(dtype)
        if reach > INT32_MAX:
            sums = _wrap_int32(sums)
        shift = variants(self.shift, fields.get("shift"), trials)
        y = (sums * _factor(shift, dtype)[:, None, None]).floor_().clamp_(conv.low, conv.high)
        return y.reshape(y.shape[0], -1, conv.out_channels).to(torch.float32)

    def _reach(self, fields: Fields) -> int:
        """How much larger than the clean bound a sum of any trial can become by its changes."""
        reach = 0
        if "weight" in fields:
            differences = fields["weight"].value - self._old_weights(fields["weight"])
            reach += int(np.abs(differences).sum()) * self.largest_code
        if "bias" in fields:
            reach += int(np.abs(fields["bias"].value).max(initial=0))
        return reach

    def _old_weights(self, change: Change) -> np.ndarray:
        return self.conv.weight.reshape(-1)[change.element].astype(np.int64)

    def _product(self, x: torch.Tensor, length: int) -> torch.Tensor:
        """Sums of the clean weights, [x's trials, time, up, out]."""
        conv = self.conv
        first = [tap * conv.dilation for tap in range(conv.taps)]
        seen = torch.stack([x[:, j : j + length : conv.stride] for j in first], dim=2)
        trials, time = seen.shape[:2]
        fan_in, per_group = conv.weight.shape[3], conv.out_channels // conv.groups
        columns = seen.reshape(trials * time, conv.taps, conv.groups, fan_in).permute(2, 0, 1, 3)
        columns = columns.reshape(conv.groups, trials * time, conv.taps * fan_in)
        sums = torch.bmm(columns.to(self.matrix.dtype), self.matrix)
        sums = sums.reshape(conv.groups, trials, time, conv.up, per_group).permute(1, 2, 3, 0, 4)
        return sums.reshape(trials, time, conv.up, conv.out_channels)

    def _add_differences(self, sums: torch.Tensor, x: torch.Tensor, change: Change) -> None:
        """sums[trial, t, u, o] += (new - old weight) * x[trial, t * stride + tap * dilation, i]."""
        conv = self.conv
        difference = change.value - self._old_weights(change)
        u, o, tap, i = np.unravel_index(change.element, conv.weight.shape)
        channel = o // (conv.out_channels // conv.groups) * conv.weight.shape[3] + i
        source = change.trial if x.shape[0] > 1 else np.zeros_like(change.trial)
        columns = (source, tap * conv.dilation, channel, difference, change.trial, u, o)
        parts = max(1, _PRODUCTS_AT_ONCE // max(1, sums.shape[1]))
        time = torch.arange(sums.shape[1], device=x.device)
        for start in range(0, len(difference), parts):
            source_, first, channel_, weight, trial, u_, o_ = (
                torch.from_numpy(column[start : start + parts, None]).to(x.device)
                for column in columns
            )
            seen = x[source_, first + time * conv.stride, channel_].to(sums.dtype)
            sums.index_put_((trial, time[None], u_, o_), seen * weight, accumulate=True)


def rescale(operator: Rescale, x: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """clamp(floor(x * 2**-shift + 1/2), low, high), which is the reference's shift with rounding.

    x: [1 or trials, time, channels]. shift: int64 [1 or trials, 1].
    """
    # A 16-bit code times 2**-shift is exact. Left shifts lose the half to the floor. The sum is
    # exact for right shifts up to 23; beyond, it lies between 0.49 and 0.51 however it is rounded,
    # and its floor is 0 as it should be.
    y = (x * _factor(shift, x.dtype)[:, :, None] + 0.5).floor_()
    return y.clamp_(operator.low, operator.high)


def _factor(shift: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """2**-shift of the clamped shift: a product by it is exact, its floor is the right shift."""
    return _FACTORS.to(shift.device, dtype)[shift.clamp(SHIFT_MIN, SHIFT_MAX) - SHIFT_MIN]


def _wrap_int32(sums: torch.Tensor) -> torch.Tensor:
    """Whole numbers in float64, reduced modulo 2**32 to -2**31 .. 2**31 - 1."""
    return sums - torch.floor((sums + 2.0**31) * 2.0**-32) * 2.0**32


def _dtype(bound: int) -> torch.dtype:
    """The narrower float type in which whole numbers up to `bound` are exact, products included."""
    # TF32 and bfloat16 products, which a lower precision setting allows, are not exact.
    exact = torch.get_float32_matmul_precision() == "highest"
    return torch.float32 if exact and bound <= _EXACT_FLOAT32 else torch.float64


def clean_array(array: np.ndarray, device: torch.device) -> torch.Tensor:
    """Flattened `array` as it stands for all trials, int64 [1, size]."""
    return torch.from_numpy(array.astype(np.int64).reshape(1, -1)).to(device)


def variants(clean: torch.Tensor, change: Change | None, trials: int) -> torch.Tensor:
    """`clean` int64 [1, size] as it became in each trial [trials, size]; itself if nothing changed."""
    if change is None:
        return clean
    each = clean.repeat(trials, 1)
    trial, element, value = tensors(change, clean.device)
    each[trial, element] = value
    return each


def tensors(change: Change, device: torch.device) -> tuple[torch.Tensor, ...]:
    """Trial, element and value of `change` on the device, int64 [changes] each."""
    return tuple(torch.from_numpy(array).to(device) for array in change)
