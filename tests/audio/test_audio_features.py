"""Spectra put a tone where it belongs, silence at the floor; resampling keeps a tone a tone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.audio.features import log_mel, resample, spectrogram_db
from workbench.audio.recordings import load_recordings
from workbench.errors import WorkbenchError

RATE = 16_000


def _tone(frequency_hz: float, seconds: float = 0.5, rate_hz: int = RATE) -> np.ndarray:
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.sin(2 * np.pi * frequency_hz * time_s).astype(np.float32)


@given(st.integers(1, 4000))
def test_shapes_and_the_floor(samples: int) -> None:
    silence = np.zeros(samples, dtype=np.float32)
    mel = log_mel(silence)
    assert mel.shape == (1 + samples // 160, 40)
    assert mel.dtype == np.float32
    assert np.all(mel == -60)
    assert spectrogram_db(silence).shape == (257, 1 + samples // 160)
    assert spectrogram_db(silence, floor_db=-70).min() == pytest.approx(-70, abs=1e-4)


@pytest.mark.parametrize("bin_", [4, 32, 100, 250])
def test_a_full_scale_tone_is_0_db_in_its_row(bin_: int) -> None:
    middle = spectrogram_db(_tone(bin_ * RATE / 512))[:, 20]
    assert middle.argmax() == bin_
    assert middle[bin_] == pytest.approx(0, abs=0.05)


@given(st.integers(300, 6500))
def test_a_tone_lies_in_the_band_of_its_pitch(frequency_hz: int) -> None:
    def mel(hertz: float) -> float:
        return 2595 * np.log10(1 + hertz / 700)

    low, high = mel(60), mel(7600)
    position = (mel(frequency_hz) - low) / (high - low) * 41 - 1
    assert abs(log_mel(_tone(frequency_hz, 0.1))[5].argmax() - position) < 1.2


@given(st.floats(0.05, 1))
def test_a_gain_shifts_the_log_mel_spectrum(gain: float) -> None:
    loud = log_mel(_tone(1000, 0.1))
    soft = log_mel(gain * _tone(1000, 0.1))
    expected = np.maximum(loud + 20 * np.log10(gain), -60)
    np.testing.assert_allclose(soft, expected, atol=0.02)


def test_real_speech_has_the_range_of_speech() -> None:
    mel = log_mel(load_recordings(prefix="digits/7")["digits/7"])
    assert mel.max() > 20
    assert -60 <= mel.min() < -20


@pytest.mark.parametrize("to_hz", [8000, 22_050, 48_000])
def test_resampling_keeps_a_tone(to_hz: int) -> None:
    resampled = resample(_tone(440), RATE, to_hz)
    expected = _tone(440, rate_hz=to_hz)
    assert len(resampled) == len(expected)
    inner = slice(len(expected) // 10, -len(expected) // 10)
    np.testing.assert_allclose(resampled[inner], expected[inner], atol=0.01)


@pytest.mark.parametrize("bad", [np.zeros(0), np.zeros((2, 9)), np.array([np.nan] * 999)])
def test_what_is_no_signal_is_refused(bad: np.ndarray) -> None:
    for call in (log_mel, spectrogram_db, lambda x: resample(x, 2, 1)):
        with pytest.raises(WorkbenchError, match="empty, not one-dimensional or not finite"):
            call(bad)


def test_impossible_rates_are_refused() -> None:
    with pytest.raises(WorkbenchError, match="too low"):
        log_mel(_tone(440), 100)
    with pytest.raises(WorkbenchError, match="positive"):
        resample(_tone(440), 0, 8000)


def test_the_log_mel_spectrum_is_that_of_torchaudio() -> None:
    """Another implementation, in float32, of the same definition."""
    import torch

    from workbench.audio.pure_torchaudio import torchaudio

    mel = torchaudio.transforms.MelSpectrogram(
        RATE, 512, hop_length=160, f_min=60, f_max=7600, n_mels=40, power=1.0, pad_mode="constant"
    )
    sound = load_recordings(prefix="digits/7")["digits/7"]
    expected = 20 * torch.log10(mel(torch.from_numpy(sound)).clamp_min(1e-3)).numpy().T
    np.testing.assert_allclose(log_mel(sound), expected, atol=0.01)
