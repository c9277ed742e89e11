"""Controls in whose sound the envelope of a recording is found again."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.audio.recordings import load_recordings
from workbench.audio.speech_analysis import FLOOR, controls_of
from workbench.audio.speech_controls import ENVELOPE_BANDS, HOP
from workbench.experiments.voices.heard_controls import heard_controls_of, synthesised


def _error(samples: np.ndarray, controls: np.ndarray) -> float:
    """Mean distance in log2 amplitude of a recording's envelope to that of the sound of controls, a frame late."""
    wanted, heard = controls_of(samples), controls_of(synthesised(controls))
    spoken = wanted[:, :ENVELOPE_BANDS].mean(axis=1) > FLOOR + 3
    distance = np.abs(wanted - heard[1 : 1 + len(wanted)])[spoken, :ENVELOPE_BANDS]
    return float(distance.mean())


@pytest.mark.parametrize("label", ["digits/3", "digits/7"])
def test_the_sound_of_corrected_controls_measures_nearer_to_the_recording(label: str) -> None:
    samples = load_recordings()[label]
    plain, heard = controls_of(samples), heard_controls_of(samples)
    assert heard.shape == plain.shape and heard.dtype == np.float32
    assert _error(samples, heard) < 0.85 * _error(samples, plain)
    np.testing.assert_array_equal(heard[:, ENVELOPE_BANDS:], plain[:, ENVELOPE_BANDS:])


def test_silence_stays_at_the_floor() -> None:
    assert np.all(heard_controls_of(np.zeros(10 * HOP))[:, :ENVELOPE_BANDS] == FLOOR)
