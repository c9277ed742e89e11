"""The network: two embedding rows 125 times a second, causal residual convolutions, 16 kHz sound.

Layout: index streams [batch, time] in, waveform [batch, 1, time] out.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from workbench.generators.challenge.configuration import ChallengeConfig
from workbench.generators.layers import (
    FLOAT,
    CausalConv1d,
    CausalConvTranspose1d,
    Precision,
    ResidualBlock,
    quantise,
    relu,
)


class Challenge(nn.Module):
    """The generator; `quantised=False` builds the same network in float, with the same weight names."""

    def __init__(self, config: ChallengeConfig, *, quantised: bool) -> None:
        super().__init__()
        self.config = config
        self.quantised = quantised
        trunk = Precision(config.trunk_weight_bits, 8) if quantised else FLOAT
        middle = Precision(8, 8) if quantised else FLOAT
        last = Precision(8, 16) if quantised else FLOAT
        c0, c1, c2 = config.channels
        u0, u1, u2 = config.upsampling
        self.word = nn.Embedding(len(config.words), config.embedding)
        # Fixed: the weights of `position` are parameters of the program, but never trained.
        self.position = nn.Embedding.from_pretrained(_time_code(config.frames, config.embedding))
        self.squash = nn.Tanh()
        self.quantise_input = quantise(trunk)
        self.conv_in = CausalConv1d(2 * config.embedding, c0, 3, precision=trunk)
        self.trunk_scale = quantise(trunk)
        self.trunk = _residuals(c0, config.trunk_dilations, self.trunk_scale, trunk)
        self.trunk_relu = relu(trunk)
        self.up0 = CausalConvTranspose1d(c0, c1, 2 * u0, stride=u0, precision=trunk)
        self.middle_scale = quantise(middle)
        self.middle = _residuals(c1, config.upper_dilations, self.middle_scale, middle)
        self.middle_relu = relu(middle)
        self.up1 = CausalConvTranspose1d(c1, c2, 2 * u1, stride=u1, precision=middle)
        self.last_scale = quantise(last)
        self.last = _residuals(c2, config.upper_dilations, self.last_scale, last)
        self.last_relu = relu(last)
        self.up2 = CausalConvTranspose1d(c2, 1, 2 * u2, stride=u2, precision=last)
        self.quantise_output = quantise(last)

    def forward(self, word: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
        """Row indexes int64 [batch, frames] each -> waveform [batch, 1, frames * samples_per_frame]."""
        rows = torch.cat([self.squash(self.word(word)), self.position(position)], dim=2)
        x = self.quantise_input(rows.transpose(1, 2))  # [batch, 2 * embedding, frames]
        x = self.trunk(self.trunk_scale(self.conv_in(x)))  # [batch, c0, frames]
        x = self.middle(self.middle_scale(self.up0(self.trunk_relu(x))))  # [batch, c1, 4 * frames]
        x = self.last(self.last_scale(self.up1(self.middle_relu(x))))  # [batch, c2, 16 * frames]
        return self.quantise_output(self.up2(self.last_relu(x)))  # [batch, 1, 128 * frames]


def _residuals(
    channels: int, dilations: Sequence[int], shared: nn.Module, precision: Precision
) -> nn.Sequential:
    return nn.Sequential(
        *(
            ResidualBlock(channels, 3, dilation=dilation, shared=shared, precision=precision)
            for dilation in dilations
        )
    )


def _time_code(frames: int, width: int) -> torch.Tensor:
    """Where in the word we are, [frames, width] in -1..1: a ramp, a decay, and sinusoids.

    Position encoding after Vaswani et al. 2017, https://arxiv.org/abs/1706.03762.
    """
    t = torch.arange(frames, dtype=torch.float64) / frames
    rows = [2 * t - 1, 2 * torch.exp(-6 * t) - 1]
    for cycles in (1, 2, 4, 8, 16, 28, 56):
        rows += [torch.sin(2 * torch.pi * cycles * t), torch.cos(2 * torch.pi * cycles * t)]
    return torch.stack(rows[:width], dim=1).float()
