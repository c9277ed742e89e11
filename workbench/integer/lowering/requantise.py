"""The shift, bias and weights that bring a convolution's sums to the steps of its quantiser, exactly.

Reference: dyadic requantisation, see `workbench.integer.program`; Brevitas 0.13 gives a channel without
weights its smallest scale, 2**-40 for 8 bits.
"""

from __future__ import annotations

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.lowering.quantisers import Quantiser
from workbench.integer.lowering.values import Accumulator, refusal
from workbench.integer.signals import INT32_MAX, SHIFT_MAX, SHIFT_MIN


def requantised(
    value: Accumulator, quantiser: Quantiser, where: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(weight, bias with the rounding constant, shift) that bring `value` to the quantiser's steps."""
    largest = 1 << (value.source.bits - 1)
    bound = np.abs(value.weight).sum(axis=(2, 3)).max(axis=0) * largest + np.abs(value.bias)
    exact_shift = quantiser.exponent - value.exponents
    # A sum never leaves 0 in steps that are more than twice as coarse as it is large.
    silent = (exact_shift > SHIFT_MAX) & (bound < 1 << np.clip(exact_shift - 1, 0, 62))
    shift = np.maximum(exact_shift, SHIFT_MIN)  # 15 to the left saturates any width
    shift = np.where(silent, 0, shift)
    rounding = np.where(shift > 0, 1 << np.clip(shift - 1, 0, SHIFT_MAX), 0)
    wide = ((bound + rounding > INT32_MAX) | (shift > SHIFT_MAX)) & ~silent
    weight = np.where(silent[None, :, None, None], 0, value.weight)  # a new array
    bias = np.where(silent, 0, value.bias) + rounding
    for channel in np.flatnonzero(wide):
        code = _constant(value, quantiser, int(channel), int(bound[channel]))
        if code is None:
            raise _too_wide(value, int(channel), int(bound[channel]), where)
        weight[:, channel], bias[channel], shift[channel] = 0, code, 0
    return weight, bias, shift


def _constant(value: Accumulator, quantiser: Quantiser, channel: int, bound: int) -> int | None:
    """The only code that a channel ever has, or None.

    A pruned channel has one: in Brevitas's smallest scale, any bias fills int32 by itself.
    """
    bias, shift = int(value.bias[channel]), quantiser.exponent - int(value.exponents[channel])
    spread = bound - abs(bias)  # what the weights add at most
    low, high = (
        (max(quantiser.low, 0), max(quantiser.high, 0))
        if value.relu
        else (quantiser.low, quantiser.high)
    )
    lowest, highest = (
        min(max(_shifted(total, shift), low), high) for total in (bias - spread, bias + spread)
    )
    return lowest if lowest == highest else None


def _shifted(total: int, shift: int) -> int:
    """total / 2**shift, rounded half up."""
    return (total + (1 << shift >> 1)) >> shift if shift > 0 else total << -shift


def _too_wide(value: Accumulator, channel: int, bound: int, where: str) -> WorkbenchError:
    what = f"the accumulator of {value.label} can reach {bound}, beyond int32, in output channel {channel}"
    if abs(int(value.bias[channel])) >= INT32_MAX:
        return refusal(
            where,
            f"{what}: its bias fills int32, since its weights are nearly zero (steps of "
            f"2**{value.exponents[channel]}); set them to 0, or the bias to less",
        )
    return refusal(where, f"{what}; use fewer inputs, narrower codes or a smaller bias")
