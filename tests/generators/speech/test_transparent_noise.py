"""Another seed of the noise is not heard, and no class but the first may say so."""

from __future__ import annotations

import numpy as np
import pytest

import workbench.integer.operators.synthesis as synthesis
from workbench.audio.scales import BROKEN, BY_SNR, TRANSPARENT
from workbench.audio.sound_metrics import measure
from workbench.experiments.voices.voice import open_voice

WORDS = ("six", "seven", "all is well")


@pytest.mark.parametrize("multiplier", [22_695_477, 134_775_813])
def test_other_noise_is_transparent(multiplier: int, monkeypatch: pytest.MonkeyPatch) -> None:
    voice = open_voice(generator="speech")
    clean = {word: np.asarray(voice.speak(word)) for word in WORDS}
    factors, offsets = [1], [0]
    for _ in range(1, len(synthesis._FACTORS)):
        factors.append(factors[-1] * multiplier % 2**32)
        offsets.append((offsets[-1] * multiplier + 1) % 2**32)
    monkeypatch.setattr(synthesis, "_FACTORS", np.array(factors, np.int64))
    monkeypatch.setattr(synthesis, "_OFFSETS", np.array(offsets, np.int64))
    for word in WORDS:
        other = np.asarray(voice.speak(word))
        heard = measure(other, clean[word], perceptual=False, scale=voice.generator.scale)
        assert 1 < heard.log_mel_db < 3.2 and 5 < heard.mfcc_dtw < 12, word
        assert heard.quality == TRANSPARENT
        by_wave = measure(other, clean[word], perceptual=False, scale=BY_SNR)
        assert by_wave.quality == BROKEN or by_wave.snr_db < 20  # what the waveform makes of it
