"""The training loss: distance of two waveforms in spectra of several sizes and in samples.

Reference: multi-resolution STFT loss, Yamamoto et al. 2020, https://arxiv.org/abs/1910.11480.
Layout: waveforms [batch, time].
"""

from __future__ import annotations

import torch
from torch import nn

# (window, hop) in samples; the shortest resolves plosives, the longest the harmonics of the voice.
RESOLUTIONS = ((128, 32), (256, 64), (512, 128), (1024, 256))
# Magnitudes below this count as silence, so that the logarithm does not train on recording noise.
SILENCE = 1.5e-3


class WaveformLoss(nn.Module):
    """mean over resolutions of |Y - T|_F / |T|_F + mean |log Y - log T|, plus mean|y - t| / mean|t|.

    Y and T are magnitude spectrograms of output and target; logarithms have SILENCE added inside.
    """

    def __init__(self) -> None:
        super().__init__()
        for window, _ in RESOLUTIONS:
            self.register_buffer(f"window{window}", torch.hann_window(window), persistent=False)

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Two float waveforms [batch, time] -> scalar."""
        spectral = [self._spectral(output, target, *sizes) for sizes in RESOLUTIONS]
        waveform = (output - target).abs().mean() / target.abs().mean().clamp_min(1e-5)
        return torch.stack(spectral).mean() + waveform

    def _spectral(
        self, output: torch.Tensor, target: torch.Tensor, size: int, hop: int
    ) -> torch.Tensor:
        window = getattr(self, f"window{size}")
        y, t = (
            torch.stft(wave, size, hop, window=window, return_complex=True).abs().clamp_min(1e-6)
            for wave in (output, target)
        )  # [batch, frequency, frames]
        convergence = torch.linalg.norm(y - t) / torch.linalg.norm(t).clamp_min(1e-6)
        return convergence + (torch.log(y + SILENCE) - torch.log(t + SILENCE)).abs().mean()
