"""A listener that cannot be flattered: pocketsphinx, told only which words may occur.

Huggins-Daines et al. 2006, https://doi.org/10.1109/ICASSP.2006.1659988; US English, 16 kHz.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.errors import WorkbenchError

DIGIT_WORDS = {
    "0": "zero",
    "1": "one",
    "2": "two",
    "3": "three",
    "4": "four",
    "5": "five",
    "6": "six",
    "7": "seven",
    "8": "eight",
    "9": "nine",
}
_PEAK = 0.7


@dataclass(frozen=True)
class Variant:
    """How a word is presented: silence on both sides, then white Gaussian noise over all of it.

    padding_s: of silence on each side. noise_rms: full scale is 1. seed: of PCG64.
    """

    padding_s: float
    noise_rms: float
    seed: int


# A word counts as understood by the share of these in which it is: one hearing alone is a coin
# that lands the same way for every slightly different voice.
VARIANTS = (
    Variant(0.3, 3e-3, 0),
    Variant(0.2, 3e-3, 1),
    Variant(0.3, 5e-3, 2),
    Variant(0.1, 2e-3, 3),
    Variant(0.4, 5e-3, 4),
)


@dataclass(frozen=True)
class Recognition:
    """What was heard: `heard[i][v]` for wave i and variant v, against `words[i]`."""

    words: tuple[str, ...]
    heard: tuple[tuple[str, ...], ...]

    @property
    def per_wave(self) -> tuple[float, ...]:
        """For each wave the share, 0 to 1, of the variants in which it was understood."""
        return tuple(
            answers.count(word) / len(answers)
            for word, answers in zip(self.words, self.heard, strict=True)
        )


class Recogniser:
    """A recogniser of one word, or phrase, out of a given list.

    Its answer depends on the samples and the settings alone, not on what it heard before.
    Raises WorkbenchError without pocketsphinx and for words that its dictionary lacks.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._decoder = _decoder(self.words)

    def recognise(self, samples: np.ndarray, variant: Variant = VARIANTS[0]) -> str:
        """Return which of the words float [samples] at 16 kHz says, or "" for none of them.

        The peak is brought to 0.7, then the sound presented as `variant` says.
        Raises WorkbenchError when `samples` is empty, not [samples] or not finite.
        """
        pcm = _presented(samples, variant)
        decoder = self._decoder
        with warnings.catch_warnings():
            # Called unnecessary by the package, yet its noise tracker keeps the last sound's level.
            warnings.simplefilter("ignore", DeprecationWarning)
            decoder.start_stream()
        decoder.start_utt()
        decoder.process_raw(pcm, no_search=False, full_utt=True)
        decoder.end_utt()
        hypothesis = decoder.hyp()
        return str(hypothesis.hypstr) if hypothesis else ""


def recognise_words(
    waves: Sequence[np.ndarray],
    words: Sequence[str],
    *,
    recogniser: Recogniser | None = None,
) -> Recognition:
    """Hear every wave in every one of VARIANTS; `words` are the right answers, one a wave.

    The recogniser chooses among the ten digits unless another is given.
    Raises WorkbenchError when the lengths differ, nothing is given, or a word cannot be answered.
    """
    recogniser = recogniser or digit_recogniser()
    if len(waves) != len(words) or not words:
        raise WorkbenchError(
            f"{len(waves)} sounds and {len(words)} words do not fit; "
            "give one word for each sound, and at least one of each"
        )
    unknown = sorted(set(words) - set(recogniser.words))
    if unknown:
        raise WorkbenchError(
            f"the recogniser does not choose among {', '.join(unknown)}; "
            "make one with Recogniser(words)"
        )
    heard = tuple(
        tuple(recogniser.recognise(wave, variant) for variant in VARIANTS) for wave in waves
    )
    return Recognition(words=tuple(words), heard=heard)


@lru_cache(maxsize=1)
def digit_recogniser() -> Recogniser:
    """Return the recogniser of the ten digits, made once."""
    return Recogniser(tuple(DIGIT_WORDS.values()))


def _decoder(words: tuple[str, ...]) -> Any:
    try:
        from pocketsphinx import Decoder, get_model_path
    except ImportError as error:
        raise WorkbenchError(
            "the speech recogniser needs the package pocketsphinx; install the extra with "
            '`pip install "self-healing-audio-workbench[speech]"`'
        ) from error
    decoder = Decoder(
        hmm=get_model_path("en-us/en-us"),
        dict=get_model_path("en-us/cmudict-en-us.dict"),
        lm=None,
        loglevel="FATAL",
        samprate=SAMPLE_RATE_HZ,
    )
    unknown = [word for word in words if not _in_dictionary(decoder, word)]
    if unknown or not words:
        raise WorkbenchError(
            f"the recogniser's dictionary lacks {', '.join(map(repr, unknown)) or 'any word'}; "
            "give lower-case US English words"
        )
    choices = " | ".join(words)
    decoder.add_jsgf_string("words", f"#JSGF V1.0; grammar words; public <word> = {choices};")
    decoder.activate_search("words")
    return decoder


def _in_dictionary(decoder: Any, phrase: str) -> bool:
    tokens = phrase.split()
    return bool(tokens) and all(decoder.lookup_word(token) is not None for token in tokens)


def _presented(samples: np.ndarray, variant: Variant) -> bytes:
    """Return little-endian int16 PCM of the samples as `Recogniser.recognise` says."""
    signal = np.asarray(samples, dtype=np.float64)
    if signal.ndim != 1 or signal.size == 0 or not np.isfinite(signal).all():
        raise WorkbenchError(
            f"cannot listen to a signal of shape {signal.shape} that is empty, not "
            "one-dimensional or not finite; look at what made it"
        )
    peak = np.abs(signal).max()
    if peak > 0:
        signal = signal / peak * _PEAK
    signal = np.pad(signal, round(variant.padding_s * SAMPLE_RATE_HZ))
    generator = np.random.Generator(np.random.PCG64(variant.seed))
    signal = signal + variant.noise_rms * generator.standard_normal(len(signal))
    return bytes((np.clip(signal, -1, 1) * 32767).astype("<i2").tobytes())
