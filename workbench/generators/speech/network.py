"""The network: embeddings of phones and places 100 times a second, causal residual convolutions, 38 controls.

Layout: index streams [batch, time] in, controls [batch, 38, time] out, which a synthesiser makes sound of.
"""

from __future__ import annotations

from typing import Any

import brevitas.nn as qnn
import numpy as np
import torch
from torch import nn

from workbench.audio.speech_controls import CONTROLS, ENVELOPE_BANDS, VOICING_BANDS
from workbench.generators.layers import (
    FLOAT,
    CausalConv1d,
    Precision,
    ResidualBlock,
    quantise,
    relu,
)
from workbench.generators.quantisers import ActFixed16
from workbench.generators.speech.configuration import SpeechConfig
from workbench.generators.speech.timeline import PHONES, PLACES

# What controls are about and how far they vary: the last layer starts there, and errors are counted in deviations.
_BANDS = ENVELOPE_BANDS, VOICING_BANDS, 1
MEAN = np.repeat([-6.5, 0.4, 7.5], _BANDS).astype(np.float32)
DEVIATION = np.repeat([2.5, 0.35, 0.25], _BANDS).astype(np.float32)
# The lowest voicing band decides whether there is a voice, the last control how it is intoned.
_WEIGHT = np.ones(CONTROLS, np.float32)
_WEIGHT[ENVELOPE_BANDS], _WEIGHT[-1] = 4, 2


class Speech(nn.Module):
    """The generator; `quantised=False` builds the same network in float, with the same weight names."""

    def __init__(self, config: SpeechConfig, *, quantised: bool) -> None:
        super().__init__()
        self.config = config
        trunk = Precision(config.trunk_weight_bits, 8) if quantised else FLOAT
        outer = Precision(8, 8) if quantised else FLOAT
        wide = config.channels
        self.before, self.phone, self.after = (
            nn.Embedding(len(PHONES), config.phone_channels) for _ in range(3)
        )
        self.since, self.until, self.begun, self.left = (
            nn.Embedding(PLACES, config.place_channels) for _ in range(4)
        )
        self.squash = nn.Tanh()
        self.quantise_input = quantise(outer)
        inputs = 3 * config.phone_channels + 4 * config.place_channels
        self.conv_in = CausalConv1d(inputs, wide, 3, precision=outer)
        self.trunk_scale = quantise(trunk)
        self.trunk = nn.Sequential(
            *(
                ResidualBlock(wide, 3, dilation=dilation, shared=self.trunk_scale, precision=trunk)
                for dilation in config.dilations
            )
        )
        self.trunk_relu = relu(outer)
        self.conv_out = CausalConv1d(wide, CONTROLS, 1, precision=outer)
        self.quantise_output = qnn.QuantIdentity(
            act_quant=ActFixed16 if quantised else None, return_quant_tensor=quantised
        )
        with torch.no_grad():
            assert self.conv_out.bias is not None
            self.conv_out.weight *= torch.from_numpy(DEVIATION)[:, None, None]
            self.conv_out.bias.copy_(torch.from_numpy(MEAN))

    def forward(
        self,
        before: torch.Tensor,
        phone: torch.Tensor,
        after: torch.Tensor,
        since: torch.Tensor,
        until: torch.Tensor,
        begun: torch.Tensor,
        left: torch.Tensor,
    ) -> Any:
        """Row indexes int64 [batch, frames] each -> controls [batch, 38, frames]."""
        phones = [self.before(before), self.phone(phone), self.after(after)]
        places = [self.since(since), self.until(until), self.begun(begun), self.left(left)]
        rows = self.squash(torch.cat([*phones, *places], dim=2))  # [batch, frames, embeddings]
        x = self.conv_in(self.quantise_input(rows.transpose(1, 2)))  # [batch, channels, frames]
        x = self.trunk_relu(self.trunk(self.trunk_scale(x)))
        return self.quantise_output(self.conv_out(x))


class ControlLoss(nn.Module):
    """Mean over controls of the weighted error in deviations; frames whose target is nan do not count."""

    scale: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        scale = torch.from_numpy(_WEIGHT / DEVIATION)
        self.register_buffer("scale", scale[:, None], persistent=False)

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Two float tensors [batch, 38, frames] -> scalar."""
        known = target.isfinite()
        error = ((output - torch.where(known, target, output)) * self.scale).abs()
        return error.sum() / known.sum().clamp_min(1)
