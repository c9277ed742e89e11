"""Where the lexicon comes from: phones of the dictionary inside pocketsphinx, stress of Debian's festlex-cmu.

Both are versions of the CMU Pronouncing Dictionary under terms like BSD's. pocketsphinx has more words and no
stress; festlex-cmu has syllables, each stressed or not.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Sources:
    """What a lexicon is made from.

    Args:
        dictionary: Word in lower case -> phones without stress, the first pronunciation of each.
        stressed: Word -> its pronunciations with stress; it has fewer words.
        digests: Name of a file -> SHA-256, for the header of the lexicon.
    """

    dictionary: Pronunciations
    stressed: Mapping[str, Sequence[tuple[str, ...]]]
    digests: Mapping[str, str]


def read_sources() -> Sources:
    """Read both, the second from the installed package or one that is downloaded for this.

    Raises:
        WorkbenchError: pocketsphinx is not installed, the package cannot be had, or one is not as expected.
    """
    path = _dictionary_file()
    plain = _bytes(path)
    with _stress_file() as stress_path:
        stress = _bytes(stress_path)
    digests = {
        f"{package} {file.name}": hashlib.sha256(data).hexdigest()
        for package, file, data in (
            ("pocketsphinx", path, plain),
            (STRESS_PACKAGE, INSTALLED, stress),
        )
    }
    return Sources(_dictionary(plain, path), _stressed(stress), digests)


def _dictionary_file() -> Path:
    try:
        from pocketsphinx import get_model_path
    except ImportError as error:
        raise WorkbenchError(
            "the lexicon is made from the dictionary inside the package pocketsphinx, which is missing; "
            'install it with `pip install "self-healing-audio-workbench[recogniser]"`'
        ) from error
    return Path(get_model_path("en-us/cmudict-en-us.dict"))


def _dictionary(data: bytes, path: Path) -> Pronunciations:
    words: Pronunciations = {}
    for line in data.decode("latin-1").splitlines():
        word, *phones = line.split() or [""]
        if "(" in word:  # another pronunciation of the word before
            continue
        if not phones or not {*phones} <= {*VOWELS, *CONSONANTS}:
            raise WorkbenchError(f"{path} has the line {line[:40]!r}; install pocketsphinx again")
        words[word] = tuple(phones)
    return words


def _stressed(data: bytes) -> dict[str, list[tuple[str, ...]]]:
    words: dict[str, list[tuple[str, ...]]] = {}
    for word, syllables in _ENTRY.findall(data.decode("latin-1")):
        symbols = tuple(
            _symbol(phone, stress)
            for phones, stress in _SYLLABLE.findall(syllables)
            for phone in phones.split()
        )
        if not {*symbols} <= {*SYMBOLS}:
            raise WorkbenchError(f"{STRESS_PACKAGE} has unknown phones for {word!r}; {_CURE}")
        words.setdefault(word, []).append(symbols)
    return words


def _symbol(phone: str, stress: str) -> str:
    symbol = "AH" if phone == "ax" else phone.upper()
    return f"{symbol}{stress}" if is_vowel(symbol) else symbol


def _bytes(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except OSError as error:
        raise WorkbenchError(
            f"cannot read {path} ({error.strerror or error}); install its package again"
        ) from error


@contextmanager
def _stress_file() -> Iterator[Path]:
    if INSTALLED.is_file():
        yield INSTALLED
        return
    with tempfile.TemporaryDirectory(prefix="lexicon-") as name:
        yield unpacked(STRESS_PACKAGE, Path(name), cure=_CURE) / INSTALLED.relative_to("/")
