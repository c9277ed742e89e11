"""Analysis of a voice: what a synthesiser made of known controls gives these controls again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthesisers import band_centres_hz as summed_centres_hz
from synthesisers import controls

from workbench.audio.pitch import pitch_of
from workbench.audio.speech_analysis import FLOOR, controls_of
from workbench.audio.speech_controls import CONTROLS, HOP, band_centres_hz, band_weights
from workbench.integer.ends import through_back_end

RATE_HZ = 16_000


@settings(max_examples=5)
@given(f0_hz=st.floats(110, 380))
def test_the_pitch_of_a_row_of_pulses(f0_hz: float) -> None:
    t = np.arange(RATE_HZ // 2) / RATE_HZ
    harmonics = range(1, int(3000 / f0_hz))
    sound = sum(np.sin(2 * np.pi * k * f0_hz * t) / k for k in harmonics)
    inner = pitch_of(0.1 * np.asarray(sound))[4:-5]
    assert np.abs(np.log2(inner / f0_hz)).max() < 0.01


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(1).standard_normal(8000) * 0.1
    assert np.mean(pitch_of(noise) > 0) < 0.1
    assert not pitch_of(np.zeros(1600)).any()


@pytest.mark.parametrize("f0_hz", [140.0, 230.0])
def test_analysis_finds_the_controls_of_a_synthetic_voice(f0_hz: float) -> None:
    falling = np.linspace(-4, -8, 32)
    codes = controls(40, envelope=falling, share=[0.95, 0.9, 0.8, 0.7, 0.6], f0_hz=f0_hz)
    sound = through_back_end(
        "synthesis", codes[0] / 2048, exponent=-11, bits=16, frame_rate_hz=100
    )[:, 0].astype(np.float32)
    inner = controls_of(sound)[8:-8].mean(axis=0)
    assert abs(inner[37] - np.log2(f0_hz)) < 0.02
    assert (
        np.abs(inner[3:30] - falling[3:30]).max() < 0.7
    )  # noise of one draw, in octaves of amplitude
    assert abs((inner[3:30] - falling[3:30]).mean()) < 0.25
    assert inner[32] > 0.85
    assert inner[36] < inner[32]


def test_white_noise_of_variance_1_has_level_0() -> None:
    noise = np.random.default_rng(2).standard_normal(RATE_HZ)
    found = controls_of(noise)
    assert abs(found[:, :32].mean()) < 0.2


def test_one_row_a_frame_and_a_floor() -> None:
    found = controls_of(np.zeros(10 * HOP))
    assert found.shape == (11, CONTROLS)
    assert found.dtype == np.float32
    assert (found[:, :32] == FLOOR).all()


def test_bands_have_the_centres_of_the_synthesiser() -> None:
    frequency = np.linspace(0, 8000, 40_001)
    for bands in (5, 32):
        weights = band_weights(bands, frequency)
        assert np.allclose(weights.sum(axis=0), 1)
        assert np.allclose(frequency @ weights, band_centres_hz(bands), atol=1)
        assert np.allclose(summed_centres_hz(bands), band_centres_hz(bands), atol=2)
