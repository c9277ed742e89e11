"""Phones that pocketsphinx hears in any sound, whatever its language: those of US English, by a phone bigram.

A frame lasts 10 ms. The recogniser is a ruler of another make than an alignment with a known text: it errs, too.
"""

from __future__ import annotations

import numpy as np

from workbench.audio.recogniser import Variant, decode, presented
from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.errors import WorkbenchError

_PRESENTED = Variant(padding_s=0.2, noise_rms=1e-4, seed=0)
_PADDING_FRAMES = 20
_PAUSE = "SIL"


class PhoneRecogniser:
    """Hears phones; WorkbenchError where pocketsphinx is not installed."""

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder, get_model_path
        except ImportError as error:
            raise WorkbenchError(
                "the phone recogniser needs the package pocketsphinx; install the extra with "
                '`pip install "self-healing-audio-workbench[speech]"`'
            ) from error
        self._decoder = Decoder(
            hmm=get_model_path("en-us/en-us"),
            allphone=get_model_path("en-us/en-us-phone.lm.bin"),
            lm=None,
            dict=None,
            lw=2.0,
            beam=1e-20,
            pbeam=1e-20,
            loglevel="FATAL",
            samprate=SAMPLE_RATE_HZ,
        )

    def phones(self, samples: np.ndarray) -> list[tuple[str, int, int]]:
        """What is heard in float [samples] at 16 kHz: phone or "SIL", first frame, frames; noises are silence."""
        decode(self._decoder, presented(samples, _PRESENTED))
        return [
            (
                each.word if each.word.isalpha() else _PAUSE,
                each.start_frame - _PADDING_FRAMES,
                each.end_frame - each.start_frame + 1,
            )
            for each in self._decoder.seg()
        ]
