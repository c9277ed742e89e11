"""Dictation: what pocketsphinx hears in a sound, any English words or the bare phones.

Huggins-Daines et al. 2006, https://doi.org/10.1109/ICASSP.2006.1659988, with the trigrams and the phone bigrams that it
brings. Its answer depends on the samples and the variant alone.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from workbench.audio.recogniser import VARIANTS, Language, Variant, decode, decoder_of, presented

# A free row of phones: its own weight of the bigrams, and a beam that keeps what is unlikely at first.
_PHONES = {"lw": 2.0, "beam": 1e-20, "pbeam": 1e-20}


class Dictation:
    """A recogniser without a list of answers; WorkbenchError where pocketsphinx is not installed.

    Args:
        phones: Whether it answers in phones without stress, by bigrams of phones and no dictionary.
    """

    def __init__(self, *, phones: bool = False) -> None:
        self._phones = phones
        if phones:
            self._decoder = decoder_of(more={"allphone": _model("en-us-phone.lm.bin"), **_PHONES})
        else:
            self._decoder = decoder_of(Language(language_model=Path(_model("en-us.lm.bin"))))

    def hear(self, samples: np.ndarray, variant: Variant = VARIANTS[0]) -> tuple[str, ...]:
        """Words in small letters or ARPAbet phones, without silences and noises.

        Args:
            samples: Float [samples] at 16 kHz.
            variant: How they are presented, see `recogniser.Recogniser.recognise`.

        Raises:
            WorkbenchError: The sound is empty or not finite.
        """
        decode(self._decoder, presented(samples, variant))
        hypothesis = self._decoder.hyp()
        heard = hypothesis.hypstr.split() if hypothesis else []
        if self._phones:
            return tuple(each for each in heard if each.isalpha() and each != "SIL")
        return tuple(re.sub(r"\(\d+\)$", "", each) for each in heard)


def _model(name: str) -> str:
    from pocketsphinx import get_model_path

    return str(get_model_path(f"en-us/{name}"))
