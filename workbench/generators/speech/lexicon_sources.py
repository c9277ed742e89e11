"""Where the lexicon comes from: phones of the dictionary inside pocketsphinx, stress of Debian's festlex-cmu.

Both are versions of the CMU Pronouncing Dictionary under terms like BSD's. pocketsphinx has more words and no
stress; festlex-cmu has syllables, each stressed or not.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.audio.debian_packages import unpacked
from workbench.errors import WorkbenchError
from workbench.files import read_bytes
from workbench.generators.speech.phones import CONSONANTS, SYMBOLS, VOWELS, is_vowel

STRESS_PACKAGE = "festlex-cmu"
INSTALLED = Path("/usr/share/festival/dicts/cmu/cmudict-0.4.out")
_CURE = f"install it with `apt-get install {STRESS_PACKAGE}` (the shipped lexicon needs neither)"
_ENTRY = re.compile(r'^\("([^"]+)" \S+ \((.*)\)\)$', re.MULTILINE)
_SYLLABLE = re.compile(r"\(\(([a-z ]+)\) ([01])\)")

Pronunciations = dict[str, tuple[str, ...]]


def dictionary() -> Pronunciations:
    """Word in lower case -> phones without stress, the first pronunciation of each.

    Raises:
        WorkbenchError: pocketsphinx is not installed, or its dictionary is not as expected.
    """
    try:
        from pocketsphinx import get_model_path
    except ImportError as error:
        raise WorkbenchError(
            "the lexicon is made from the dictionary inside the package pocketsphinx, which is missing; "
            'install it with `pip install "self-healing-audio-workbench[recogniser]"`'
        ) from error
    path = Path(get_model_path("en-us/cmudict-en-us.dict"))
    words = {}
    for line in _lines(path):
        word, *phones = line.split()
        if "(" in word:  # another pronunciation of the word before
            continue
        if not phones or not {*phones} <= {*VOWELS, *CONSONANTS}:
            raise WorkbenchError(f"{path} has {line[:40]!r}; install pocketsphinx again")
        words[word] = tuple(phones)
    return words


def stressed() -> dict[str, list[tuple[str, ...]]]:
    """Word -> its pronunciations with stress, from the installed package or one downloaded for this.

    Raises:
        WorkbenchError: It cannot be had, or is not as expected.
    """
    with _lexicon_file() as path:
        text = "\n".join(_lines(path))
    words: dict[str, list[tuple[str, ...]]] = {}
    for word, syllables in _ENTRY.findall(text):
        symbols = tuple(
            _symbol(phone, stress)
            for phones, stress in _SYLLABLE.findall(syllables)
            for phone in phones.split()
        )
        if not {*symbols} <= {*SYMBOLS}:
            raise WorkbenchError(
                f"{STRESS_PACKAGE} has {word!r} with phones that are unknown here; {_CURE}"
            )
        words.setdefault(word, []).append(symbols)
    return words


def _symbol(phone: str, stress: str) -> str:
    symbol = "AH" if phone == "ax" else phone.upper()
    return f"{symbol}{stress}" if is_vowel(symbol) else symbol


def _lines(path: Path) -> list[str]:
    try:
        return read_bytes(path).decode("latin-1").splitlines()
    except OSError as error:
        raise WorkbenchError(
            f"cannot read {path} ({error.strerror or error}); install its package again"
        ) from error


@contextmanager
def _lexicon_file() -> Iterator[Path]:
    if INSTALLED.is_file():
        yield INSTALLED
        return
    with tempfile.TemporaryDirectory(prefix="lexicon-") as name:
        yield unpacked(STRESS_PACKAGE, Path(name), cure=_CURE) / INSTALLED.relative_to("/")
