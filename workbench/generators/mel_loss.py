"""A training loss for voices that are too small for every harmonic: what a listener's ear resolves.

Reference: mel spectrogram loss, Kong et al. 2020, https://arxiv.org/abs/2010.05646. Layout: waveforms [batch, time].
"""

from __future__ import annotations

import torch
from torch import nn

from workbench.audio.features import WINDOW, mel_filters
from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.generators.loss import SILENCE

# (window, hop) in samples of spectra that are compared in mel bands, and of one that is compared bin by bin: it holds
# the pitch, and counts less, since a small network cannot follow it everywhere.
_MEL = ((512, 128), (256, 64))
_PITCH, _PITCH_WEIGHT = (1024, 256), 0.3


class MelLoss(nn.Module):
    """mean over window sizes of |M - N|_F / |N|_F + mean |log M - log N|, M and N mel bands of output and target.

    To which 0.3 times the same of a spectrum with longer windows is added. Logarithms have SILENCE added inside.
    """

    def __init__(self) -> None:
        super().__init__()
        filters = torch.from_numpy(mel_filters(SAMPLE_RATE_HZ).T).float()  # [bands, bins]
        for window, _ in _MEL:
            # The bins of a shorter window are every second, fourth, ... of those of WINDOW.
            bands = filters[:, :: WINDOW // window]
            mean = bands / bands.sum(1, keepdim=True).clamp_min(1e-6)
            self.register_buffer(f"bands{window}", mean, persistent=False)
        for window, _ in (*_MEL, _PITCH):
            self.register_buffer(f"window{window}", torch.hann_window(window), persistent=False)

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Two float waveforms [batch, time] -> scalar."""
        mel = [
            _distance(*(getattr(self, f"bands{sizes[0]}") @ spectrum for spectrum in pair))
            for sizes in _MEL
            for pair in [self._spectra(output, target, *sizes)]
        ]
        pitch = _distance(*self._spectra(output, target, *_PITCH))
        return torch.stack(mel).mean() + _PITCH_WEIGHT * pitch

    def _spectra(
        self, output: torch.Tensor, target: torch.Tensor, size: int, hop: int
    ) -> list[torch.Tensor]:
        """Magnitudes of both, [batch, bins, frames] each."""
        window = getattr(self, f"window{size}")
        return [
            torch.stft(wave, size, hop, window=window, return_complex=True).abs().clamp_min(1e-6)
            for wave in (output, target)
        ]


def _distance(y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    convergence = torch.linalg.norm(y - t) / torch.linalg.norm(t).clamp_min(1e-6)
    return convergence + (torch.log(y + SILENCE) - torch.log(t + SILENCE)).abs().mean()
