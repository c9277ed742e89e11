"""The network: causal convolutions over log-mel bands, scores of 14 visemes 100 times a second.

Layout: bands [batch, 32, time] in, scores [batch, 14, time] out; their softmax blends the shapes of the visemes.
"""

from __future__ import annotations

from typing import Any

import brevitas.nn as qnn
import torch
import torch.nn.functional as F
from torch import nn

from workbench.audio.hearing import BANDS
from workbench.audio.mouth_shapes import SHAPE_EXPONENT, VISEMES, shape_codes
from workbench.generators.layers import FLOAT, CausalConv1d, Precision, quantise, relu
from workbench.generators.quantisers import ActFixed8
from workbench.generators.viseme.configuration import VisemeConfig

_FACE = 20.0  # how much a squared error of a blendshape counts beside the cross entropy


class Viseme(nn.Module):
    """The generator; `quantised=False` builds the same network in float, with the same weight names."""

    def __init__(self, config: VisemeConfig, *, quantised: bool) -> None:
        super().__init__()
        self.config = config
        trunk = Precision(config.trunk_weight_bits, 8) if quantised else FLOAT
        outer = Precision(8, 8) if quantised else FLOAT
        wide = config.channels
        self.quantise_input = qnn.QuantIdentity(
            act_quant=ActFixed8 if quantised else None, return_quant_tensor=quantised
        )
        self.conv_in = CausalConv1d(BANDS, wide, 5, precision=outer)
        layers: list[nn.Module] = [relu(outer)]
        for dilation in config.dilations:
            layers += [
                CausalConv1d(wide, wide, 3, dilation=dilation, precision=trunk),
                relu(outer),
            ]
        self.trunk = nn.Sequential(*layers)
        self.conv_out = CausalConv1d(wide, len(VISEMES), 1, precision=outer)
        self.quantise_output = quantise(outer)

    def forward(self, bands: torch.Tensor) -> Any:
        """Log-mel bands [batch, 32, frames] in steps of 1/16 octave -> scores [batch, 14, frames]."""
        x = self.conv_in(self.quantise_input(bands))  # [batch, channels, frames]
        return self.quantise_output(self.conv_out(self.trunk(x)))


class VisemeLoss(nn.Module):
    """Cross entropy of the visemes, and the error of the blendshapes; frames whose target is nan do not count."""

    shapes: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        shapes = torch.from_numpy(shape_codes()).float() * 2.0**SHAPE_EXPONENT
        self.register_buffer("shapes", shapes, persistent=False)

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Scores float [batch, 14, frames] and numbers of visemes float [batch, frames] -> scalar."""
        known = target.isfinite()
        scores = output.transpose(1, 2)[known]  # [frames, 14]
        viseme = target[known].long()
        face = F.softmax(scores, dim=1) @ self.shapes
        return F.cross_entropy(scores, viseme) + _FACE * F.mse_loss(face, self.shapes[viseme])
