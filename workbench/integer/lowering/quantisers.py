"""Reading an activation quantiser: its scale, its range, and proof of how it rounds.

Reference: Brevitas 0.13 activation proxies. A quantiser is judged by what it does to every code, the
quarter steps between them and the last value below each half, not by how it is configured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from brevitas.proxy.runtime_quant import ActQuantProxyFromInjectorBase
from brevitas.quant_tensor import IntQuantTensor
from torch import nn

from workbench.integer.lowering.values import power_of_two, refusal
from workbench.integer.signals import code_range

# Brevitas makes no scale smaller than 1e-10, which is no power of two.
_SILENT_SCALE = 1.1e-10
# Below a half by less than any accumulator can be, 2**-31 of a step; exact in float64 for 16-bit codes.
_BELOW = 2.0**-33


@dataclass(frozen=True)
class Quantiser:
    """clamp(floor(x / 2**exponent + 1/2), low, high), perhaps after a function of x.

    bits: width of the signal that holds the codes, 8 or 16. function: False where the line above is
    all it does. codes: float64 values of any shape -> int64 codes, by the quantiser itself.
    """

    bits: int
    exponent: int
    low: int
    high: int
    function: bool
    codes: Callable[[np.ndarray], np.ndarray]


def does_nothing(proxy: Any, where: str, name: str) -> bool:
    """Whether an optional quantiser of a layer (`input_quant`, `output_quant`) is switched off.

    Raises WorkbenchError for what is no quantiser of Brevitas, or acts without quantising.
    """
    if not isinstance(proxy, ActQuantProxyFromInjectorBase):
        raise refusal(
            where, f"its {name.rpartition('.')[2]} is a {type(proxy).__name__}, no quantiser"
        )
    fused = proxy.fused_activation_quant_proxy
    if proxy.is_quant_enabled or fused is None:
        return not proxy.is_quant_enabled
    if not isinstance(fused.activation_impl, nn.Identity):
        raise refusal(
            where, "its quantiser is switched off and its function is not; leave out both"
        )
    return True


def read_quantiser(proxy: Any, where: str) -> Quantiser:
    """Read a Brevitas activation proxy (`layer.act_quant`, `layer.output_quant`, ...) in eval mode.

    Raises WorkbenchError, naming `where`, unless its codes are signed, of 2 to 16 bits, at one scale
    that is a power of two, with zero point 0 and, where it is no function, rounded half up.
    """
    if not isinstance(proxy, ActQuantProxyFromInjectorBase) or not proxy.is_quant_enabled:
        raise refusal(
            where, "its quantiser is switched off; give it one of workbench.generators.quantisers"
        )
    try:
        probe = proxy(torch.zeros(1, 1, 1, dtype=torch.float64))
    except Exception as error:  # of a quantiser that was replaced, or a user's activation function
        raise refusal(
            where, "its quantiser cannot be run; give it one of workbench.generators.quantisers"
        ) from error
    if not isinstance(probe, IntQuantTensor):
        raise refusal(where, "it does not quantise to integers")
    if probe.scale.numel() != 1:
        raise refusal(where, f"it has {probe.scale.numel()} scales; use one for the whole tensor")
    scale = float(probe.scale)
    width = int(probe.bit_width)
    if scale <= _SILENT_SCALE:
        raise refusal(
            where,
            f"its quantiser saw only silence while it collected its range (no value beyond "
            f"{scale * 2 ** (width - 1):.1g}); let it see sounds in training mode, or leave out the "
            "layers that make the silence",
        )
    exponent = power_of_two(scale, where, "codes")
    if bool((probe.zero_point != 0).any()):
        raise refusal(where, "its zero point is not 0; use a symmetric quantiser")
    if not probe.signed:
        raise refusal(where, "its codes are unsigned; use the signed quantisers of the project")
    if not 2 <= width <= 16:
        raise refusal(where, f"its codes have {width} bits; use 2 to 16")

    def codes(values: np.ndarray) -> np.ndarray:
        if not np.isfinite(values).all():
            raise refusal(
                where,
                "its input is nan or infinite for some codes; clamp it in front of the quantiser",
            )
        try:
            quantised = proxy(torch.from_numpy(np.ascontiguousarray(values, np.float64)))
        except Exception as error:  # of a user's activation function
            raise refusal(
                where,
                "its quantiser cannot be tried on values one by one; it must act on each alone",
            ) from error
        return whole_codes(quantised.value, exponent, where)

    bits = 8 if width <= 8 else 16
    low, high, function = _behaviour(codes, width, exponent, where, proxy.is_passthrough_act)
    return Quantiser(bits, exponent, low, high, function, codes)


def whole_codes(values: torch.Tensor, exponent: int, where: str) -> np.ndarray:
    """int64 codes of quantised `values`, each a multiple of 2**exponent; WorkbenchError if not."""
    codes = np.ldexp(values.detach().cpu().double().numpy(), -exponent)
    if not np.array_equal(codes, np.floor(codes)):
        raise refusal(where, "its values are no multiples of its scale")
    return codes.astype(np.int64)


def _behaviour(
    codes: Callable[[np.ndarray], np.ndarray],
    width: int,
    exponent: int,
    where: str,
    passthrough: bool,
) -> tuple[int, int, bool]:
    """(low, high, function) found by quantising every quarter step of the range and two beyond.

    The values just below the halves tell floor(x + 1/2) from another threshold, such as floor(x + 0.55).
    """
    low, high = code_range(width)
    quarters = np.arange(4 * (low - 2), 4 * (high + 2) + 1) / 4
    steps = np.concatenate(
        [quarters, quarters[2::4] - _BELOW]
    )  # the halves are every fourth from 2 on
    quantised = codes(np.ldexp(steps, exponent))
    lowest, highest = int(quantised.min()), int(quantised.max())
    if np.array_equal(quantised, np.clip(np.floor(steps + 0.5), lowest, highest)):
        return lowest, highest, False
    if passthrough:
        raise refusal(
            where,
            "it does not round half up; use the quantisers of workbench.generators.quantisers "
            "(float_to_int_impl = RoundHalfUp)",
        )
    return low, high, True
