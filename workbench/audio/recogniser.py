"""An objective listener: pocketsphinx, with a grammar of the words that may occur.

Huggins-Daines et al. 2006, https://doi.org/10.1109/ICASSP.2006.1659988; 16 kHz. The package brings
US English; models of other languages are files that a user names.
"""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from workbench.audio.grammar import grammar_of
from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.errors import WorkbenchError
from workbench.files import is_file, is_folder
from workbench.progress import progress_bar

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
            given.count(word) / len(given)
            for word, given in zip(self.words, self.heard, strict=True)
        )


@dataclass(frozen=True)
class Language:
    """Files of pocketsphinx for a language; None for those of US English, which it brings.

    acoustic_model: folder with mdef, means and so on (hmm). dictionary: word -> phones. language_model:
    n-grams (lm); the recogniser then follows these instead of choosing among the given words.
    """

    acoustic_model: Path | None = None
    dictionary: Path | None = None
    language_model: Path | None = None


ENGLISH = Language()


def answers(words: Iterable[str], language: Language = ENGLISH) -> dict[str, str]:
    """Word -> what a recogniser of `language` answers to it: "seven" for "7" in English.

    A dictionary of one's own has the words as they are named.
    """
    spoken = DIGIT_WORDS if language.dictionary is None else {}
    return {word: spoken.get(word, word) for word in words}


class Recogniser:
    """A recogniser of one word, or phrase, out of a given list.

    words: those that it may answer. left_out: word -> why it cannot be one; always empty unless
    `leave_out`. Its answer depends on the samples and the settings alone, not on what it heard before.
    Raises WorkbenchError without pocketsphinx, for a model that cannot be loaded, and for words that
    its dictionary lacks: for any of them, or with `leave_out` when it lacks all.
    """

    def __init__(
        self, words: Sequence[str], *, language: Language = ENGLISH, leave_out: bool = False
    ) -> None:
        self._decoder = decoder_of(language)
        reasons = {word: _reason_to_refuse(self._decoder, word) for word in words}
        self.words = tuple(word for word in words if not reasons[word])
        self.left_out = {word: reason for word, reason in reasons.items() if reason}
        if not self.words or (self.left_out and not leave_out):
            lacking = ", ".join(map(repr, self.left_out)) or "any word"
            raise WorkbenchError(
                f"the recogniser's dictionary lacks {lacking}; give words that it has "
                "(lower-case US English), or the dictionary of another language"
            )
        if language.language_model is None:
            self._decoder.add_jsgf_string("words", grammar_of(self.words))
            self._decoder.activate_search("words")

    def recognise(self, samples: np.ndarray, variant: Variant = VARIANTS[0]) -> str:
        """Return which of the words float [samples] at 16 kHz says, or "" for none of them.

        The peak is brought to 0.7, then the sound presented as `variant` says.
        Raises WorkbenchError when `samples` is empty, not [samples] or not finite.
        """
        decode(self._decoder, presented(samples, variant))
        hypothesis = self._decoder.hyp()
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
        tuple(recogniser.recognise(wave, variant) for variant in VARIANTS)
        for wave in progress_bar(waves, desc="listening", unit="sound")
    )
    return Recognition(words=tuple(words), heard=heard)


def decode(decoder: Any, pcm: bytes) -> None:
    """Let a decoder hear one utterance of 16-bit PCM, whatever it heard before."""
    with warnings.catch_warnings():
        # Called unnecessary by the package, yet its noise tracker keeps the last sound's level.
        warnings.simplefilter("ignore", DeprecationWarning)
        decoder.start_stream()
    decoder.start_utt()
    decoder.process_raw(pcm, no_search=False, full_utt=True)
    decoder.end_utt()


@lru_cache(maxsize=1)
def digit_recogniser() -> Recogniser:
    """Return the recogniser of the ten digits, made once."""
    return Recogniser(tuple(DIGIT_WORDS.values()))


def decoder_of(language: Language = ENGLISH, *, more: Mapping[str, Any] | None = None) -> Any:
    """A decoder with a language's models; WorkbenchError without pocketsphinx, or where one cannot be loaded.

    more: settings of pocketsphinx beside these.
    """
    try:
        from pocketsphinx import Decoder
    except ImportError as error:
        raise WorkbenchError(
            "the speech recogniser needs the package pocketsphinx; install the extra with "
            '`pip install "self-healing-audio-workbench[speech]"`'
        ) from error
    settings = _settings(language)
    if language != ENGLISH:
        _prove(settings)
    return Decoder(**settings, **(more or {}), loglevel="FATAL", samprate=SAMPLE_RATE_HZ)


def _settings(language: Language) -> dict[str, str | None]:
    """Arguments of the decoder; WorkbenchError for a file of `language` that does not exist."""
    from pocketsphinx import get_model_path

    settings = {
        "hmm": language.acoustic_model or get_model_path("en-us/en-us"),
        "dict": language.dictionary or get_model_path("en-us/cmudict-en-us.dict"),
        "lm": language.language_model,
    }
    for name, path in settings.items():
        if path is None:
            continue
        if not (is_folder(Path(path)) if name == "hmm" else is_file(Path(path))):
            kind = "folder of an acoustic model" if name == "hmm" else f"file for --{name}"
            raise WorkbenchError(f"there is no {kind} {str(path)!r}; check the name")
    return {name: None if path is None else str(path) for name, path in settings.items()}


def _prove(settings: dict[str, str | None]) -> None:
    """Load a user's model in a process of its own: a damaged one ends the process that loads it."""
    program = (
        "import sys; from pocketsphinx import Decoder; h, d, l = sys.argv[1:];"
        f"Decoder(hmm=h, dict=d, lm=l or None, loglevel='ERROR', samprate={SAMPLE_RATE_HZ})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *(path or "" for path in settings.values())],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.decode(errors="replace").splitlines()
        messages = [line for line in lines if line.startswith(("ERROR", "FATAL"))] or lines
        reason = messages[0][:200].strip() if messages else f"exit status {done.returncode}"
        given = ", ".join(repr(path) for path in settings.values() if path)
        raise WorkbenchError(
            f"pocketsphinx cannot load {given} ({reason}); name the files of one of its models"
        )


def _reason_to_refuse(decoder: Any, phrase: str) -> str:
    """Why the recogniser cannot choose `phrase`; "" when it can."""
    tokens = phrase.split()
    if not tokens or any(decoder.lookup_word(token) is None for token in tokens):
        return "not in the recogniser's dictionary"
    # "a(2)" is another pronunciation of "a", and others are syntax.
    special = re.search(r"""[;=|*+<>()\[\]{}/"\\]""", phrase)
    return f"{special[0]!r} has a meaning in the recogniser's grammar" if special else ""


def presented(samples: np.ndarray, variant: Variant) -> bytes:
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
