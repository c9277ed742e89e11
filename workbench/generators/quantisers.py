"""The project's Brevitas quantisers: every scale a power of two, every zero point zero, all signed.

Reference: Brevitas 0.13, fixed-point quantisers; rounding half up, floor(x + 1/2), is one addition
and one shift in C. Layout: weight scales per output channel, activation scales per tensor.
"""

from __future__ import annotations

import torch
from brevitas.inject.enum import ScalingImplType
from brevitas.quant import Int8ActPerTensorFixedPoint, Int32Bias
from brevitas.quant.fixed_point import (
    Int8WeightPerChannelFixedPoint,
    Int8WeightPerTensorFixedPoint,
)
from torch import nn

# Forward passes in training mode that only collect activation ranges; after them a scale is an
# ordinary trained parameter. `workbench.training` runs exactly these before the first update.
CALIBRATION_STEPS = 32


class RoundHalfUp(nn.Module):
    """floor(x + 1/2), with the gradient of the identity (straight-through estimator)."""

    def __init__(self) -> None:  # Brevitas builds it by inspecting this signature
        super().__init__()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Round x (any shape, float) to whole numbers."""
        return x + (torch.floor(x + 0.5) - x).detach()


class WeightInt8(Int8WeightPerChannelFixedPoint):
    """Weights -127..127; the scale of a channel is the least power of two that covers it."""


class WeightInt4(WeightInt8):
    """Weights -7..7, packed two to a byte in the memory image."""

    bit_width = 4


class WeightInt8PerTensor(Int8WeightPerTensorFixedPoint):
    """Weights -127..127 at one scale for the whole layer.

    For grouped transposed convolutions, which Brevitas cannot run with a scale for each channel.
    """


class WeightInt4PerTensor(WeightInt8PerTensor):
    """Weights -7..7 at one scale for the whole layer, packed two to a byte."""

    bit_width = 4


class Bias32(Int32Bias):
    """Biases as int32 at the accumulator's own scale (input scale times weight scale)."""


class ActInt8(Int8ActPerTensorFixedPoint):
    """Activations -128..127; the range starts from observed percentiles and is then trained."""

    float_to_int_impl = RoundHalfUp
    collect_stats_steps = CALIBRATION_STEPS


class ActInt16(ActInt8):
    """Activations -32768..32767, for the stages whose rounding noise the ear would hear."""

    bit_width = 16


class ActFixed16(ActInt16):
    """Codes -32768..32767 at the fixed scale 2**-11, for values whose unit is agreed on outside of the network."""

    scaling_impl_type = ScalingImplType.CONST
    scaling_init = 16.0  # what the code 32768 would be


class ActFixed8(ActInt8):
    """Codes -128..127 at the fixed scale 2**-4, which log-mel bands have."""

    scaling_impl_type = ScalingImplType.CONST
    scaling_init = 8.0  # what the code 128 would be


WEIGHTS = {4: WeightInt4, 8: WeightInt8}
WEIGHTS_PER_TENSOR = {4: WeightInt4PerTensor, 8: WeightInt8PerTensor}
ACTIVATIONS = {8: ActInt8, 16: ActInt16}
