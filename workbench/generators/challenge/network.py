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
        *channels, final = config.channels
        *ups, final_up = config.upsampling
        self.word = nn.Embedding(len(config.words), config.embedding)
        # Parameters of the program in any case.
        self.position = nn.Embedding.from_pretrained(
            _time_code(config.frames, config.embedding), freeze=not config.learned_positions
        )
        self.squash = nn.Tanh()
        self.quantise_input = quantise(trunk)
        self.conv_in = CausalConv1d(2 * config.embedding, channels[0], 3, precision=trunk)
        self.trunk_scale = quantise(trunk)
        self.trunk = _residuals(channels[0], config.trunk_dilations, self.trunk_scale, trunk)
        self.trunk_relu = relu(trunk)
        if len(channels) == 2:
            self.up0 = _up(channels[0], channels[1], ups[0], trunk)
            self.middle_scale = quantise(middle)
            self.middle = _residuals(channels[1], config.upper_dilations, self.middle_scale, middle)
            self.middle_relu = relu(middle)
        self.up1 = _up(channels[-1], final, ups[-1], middle if len(channels) == 2 else trunk)
        self.last_scale = quantise(last)
        self.last = _residuals(final, config.upper_dilations, self.last_scale, last)
        self.last_relu = relu(last)
        self.up2 = _up(final, 1, final_up, last)
        self.quantise_output = quantise(last)

    def forward(self, word: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
        """Row indexes int64 [batch, frames] each -> waveform [batch, 1, frames * samples_per_frame]."""
        rows = torch.cat([self.squash(self.word(word)), self.position(position)], dim=2)
        x = self.quantise_input(rows.transpose(1, 2))  # [batch, 2 * embedding, frames]
        x = self.trunk_relu(self.trunk(self.trunk_scale(self.conv_in(x))))  # [batch, c0, frames]
        if len(self.config.channels) == 3:
            x = self.middle(self.middle_scale(self.up0(x)))  # [batch, c1, 4 * frames]
            x = self.middle_relu(x)
        x = self.last(self.last_scale(self.up1(x)))  # [batch, c2, 16 * frames]
        return self.quantise_output(self.up2(self.last_relu(x)))  # [batch, 1, 128 * frames]


def _up(fan_in: int, out: int, times: int, precision: Precision) -> CausalConvTranspose1d:
    return CausalConvTranspose1d(fan_in, out, 2 * times, stride=times, precision=precision)


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
    """Where in the word we are, [frames, width] in -1..1: a ramp, a decay, sinusoids, then random numbers.

    Position encoding after Vaswani et al. 2017, https://arxiv.org/abs/1706.03762.
    """
    t = torch.arange(frames, dtype=torch.float64) / frames
    rows = [2 * t - 1, 2 * torch.exp(-6 * t) - 1]
    for cycles in (1, 2, 4, 8, 16, 28, 56):
        rows += [torch.sin(2 * torch.pi * cycles * t), torch.cos(2 * torch.pi * cycles * t)]
    random = torch.rand(frames, max(0, width - len(rows)), dtype=torch.float64) * 2 - 1
    return torch.cat([torch.stack(rows[:width], dim=1), random], dim=1).float()
