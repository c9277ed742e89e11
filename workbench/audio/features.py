"""What the ear gets to see of a signal: log-mel spectra, spectrograms in decibel, resampling.

Short-time spectra are centred and zero-padded: [samples] become 1 + samples // 160 frames of 10 ms.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from workbench.audio.pure_torchaudio import torchaudio
from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.errors import WorkbenchError

MEL_BANDS = 40
WINDOW = 512
HOP = 160
LOWEST_HZ = 60.0
HIGHEST_HZ = 7600.0
# Smallest mel magnitude told apart from silence (-60 dB). A full-scale sine reaches about 100.
MAGNITUDE_FLOOR = 1e-3


def log_mel(samples: np.ndarray, sample_rate_hz: int = SAMPLE_RATE_HZ) -> np.ndarray:
    """Return the log-mel spectrum, float32 [frames, 40] in dB, never below -60.

    20 log10 max(M |STFT(x)|, 1e-3), with a Hann window of 512 samples every 160 samples and M the
    40 triangular filters of the HTK mel scale, 2595 log10(1 + f / 700), from 60 Hz to 7600 Hz.
    Raises WorkbenchError when `samples` is empty, not [samples] or not finite.
    """
    with torch.no_grad():
        mel = _mel(sample_rate_hz)(_tensor(samples))
    return (20 * torch.log10(mel.clamp_min(MAGNITUDE_FLOOR))).T.numpy()


def spectrogram_db(
    samples: np.ndarray, *, window: int = WINDOW, hop: int = HOP, floor_db: float = -80.0
) -> np.ndarray:
    """Return a picture of a signal: float32 [1 + window / 2, frames] in dB, never below `floor_db`.

    0 dB is the peak of a full-scale sine: 20 log10(|STFT(x)| / (sum of the Hann window / 2)).
    Row k is the frequency k x sample rate / window. Errors as `log_mel`.
    """
    taper = torch.hann_window(window)
    with torch.no_grad():
        spectrum = torch.stft(
            _tensor(samples), window, hop, window=taper, pad_mode="constant", return_complex=True
        )
    magnitude = spectrum.abs() / (taper.sum() / 2)
    return (20 * torch.log10(magnitude.clamp_min(10 ** (floor_db / 20)))).numpy()


def resample(samples: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Return float32 [samples x to_hz / from_hz, rounded up], by windowed sinc interpolation.

    Raises WorkbenchError as `log_mel`, and for rates that are not positive.
    """
    if from_hz <= 0 or to_hz <= 0:
        raise WorkbenchError(
            f"cannot resample from {from_hz} Hz to {to_hz} Hz; give positive rates"
        )
    with torch.no_grad():
        return torchaudio.functional.resample(_tensor(samples), from_hz, to_hz).numpy()


@lru_cache(maxsize=8)
def _mel(sample_rate_hz: int) -> torch.nn.Module:
    if sample_rate_hz <= 2 * LOWEST_HZ:
        raise WorkbenchError(f"a sample rate of {sample_rate_hz} Hz is too low for a mel spectrum")
    return torchaudio.transforms.MelSpectrogram(
        sample_rate=sample_rate_hz,
        n_fft=WINDOW,
        hop_length=HOP,
        f_min=LOWEST_HZ,
        f_max=min(HIGHEST_HZ, sample_rate_hz / 2),
        n_mels=MEL_BANDS,
        power=1.0,
        pad_mode="constant",
    )


def _tensor(samples: np.ndarray) -> torch.Tensor:
    """Return float32 [samples] as a tensor of its own; WorkbenchError as `log_mel` says."""
    signal = np.array(samples, dtype=np.float32)
    if signal.ndim != 1 or signal.size == 0 or not np.isfinite(signal).all():
        raise WorkbenchError(
            f"a signal of shape {signal.shape} is empty, not one-dimensional or not finite; "
            "look at what made it"
        )
    return torch.from_numpy(signal)
