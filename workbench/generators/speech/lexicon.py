"""The shipped lexicon of American English: words with stressed phones, and letter-to-sound rules for all others.

One file of the kind `lexicon`, its payload two texts compressed by zlib. `rules`: a block of lines for each context,
letters, a tab, symbols; blocks are separated by empty lines. `words`: sorted lines, each with the number of
letters that it shares with the line before, the others, a tab, symbols. A number and a symbol are one character
each, 48 + value. "-" for symbols: what the rules say; "!" before them: the stress was not in a source.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from workbench.audio.resources import data_folder
from workbench.container import read_container, write_container
from workbench.errors import WorkbenchError
from workbench.generators.speech.letter_rules import CONTEXTS, LetterRules
from workbench.generators.speech.phones import SYMBOLS

KIND = "lexicon"
HELD_OUT = 50  # one word in so many is not learnt from, and measures the rules
_ZERO = 48
_CODE = {symbol: chr(_ZERO + at) for at, symbol in enumerate(SYMBOLS)}
_SYMBOL = {code: symbol for symbol, code in _CODE.items()}
_MOST_SHARED = 60
_BY_RULE, _GUESSED = "-", "!"
_MOST_BYTES = 16 << 20  # of a text, uncompressed


@dataclass(frozen=True)
class Lexicon:
    """Pronunciations of a language.

    Args:
        rules: For words that are not listed.
        coded: Word -> what its line has after the tab.
        sources: SHA-256 of the files that it was made from, by name.
    """

    rules: LetterRules
    coded: Mapping[str, str]
    sources: Mapping[str, str]

    def has(self, word: str) -> bool:
        """Whether a word, in lower case, is listed."""
        return word in self.coded

    def symbols(self, word: str) -> tuple[str, ...] | None:
        """Phones with stress of a word, in lower case; None where it is not listed."""
        coded = self.coded.get(word)
        if coded is None:
            return None
        coded = coded.removeprefix(_GUESSED)
        return self.rules.pronounce(word) if coded == _BY_RULE else _decoded(coded)

    @cached_property
    def held_out(self) -> tuple[str, ...]:
        """Listed words with known stress that the rules were not learnt from."""
        return tuple(
            word
            for word, coded in self.coded.items()
            if is_held_out(word) and can_be_learnt(word) and not coded.startswith(_GUESSED)
        )

    def save(self, path: Path) -> None:
        """Write the file; WorkbenchError where that is not possible."""
        rules = zlib.compress(_rules_text(self.rules).encode(), 9)
        words = zlib.compress("\n".join(_word_lines(self.coded)).encode(), 9)
        header = {
            "contexts": [list(context) for context in CONTEXTS],
            "symbols": list(SYMBOLS),
            "bytes": {"rules": len(rules), "words": len(words)},
            "sources": dict(self.sources),
        }
        write_container(path, kind=KIND, header=header, payload=rules + words)


def can_be_learnt(word: str) -> bool:
    """Whether letter-to-sound rules are learnt from a word: of letters a to z alone, and more than one."""
    return len(word) > 1 and word.isascii() and word.isalpha()


def is_held_out(word: str) -> bool:
    """Whether the rules are not learnt from a word; decided by the word alone."""
    return zlib.crc32(word.encode()) % HELD_OUT == 0


def line_of(word: str, symbols: Sequence[str], rules: LetterRules, *, guessed: bool) -> str:
    """What stands after the tab.

    Args:
        word: In lower case.
        symbols: Phones with stress.
        rules: That may say the same already.
        guessed: Whether the stress was not in a source.
    """
    by_rule = can_be_learnt(word) and rules.pronounce(word) == tuple(symbols)
    coded = _BY_RULE if by_rule else "".join(_CODE[symbol] for symbol in symbols)
    return f"{_GUESSED}{coded}" if guessed else coded


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The lexicon that ships, read once."""
    return read_lexicon(lexicon_file())


def lexicon_file() -> Path:
    """Where the lexicon ships."""
    return data_folder() / "pronunciations" / "english.words"


def read_lexicon(path: Path) -> Lexicon:
    """The lexicon in a file.

    Raises:
        WorkbenchError: It is missing, altered, or of another version.
    """
    header, payload = read_container(path, kind=KIND)
    try:
        return _read(header, payload)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, zlib.error) as error:
        raise WorkbenchError(
            f"{path} holds no lexicon ({error}); make it again with `workbench data pronunciations`"
        ) from error


def _read(header: dict[str, Any], payload: bytes) -> Lexicon:
    expected = {"contexts": [list(context) for context in CONTEXTS], "symbols": list(SYMBOLS)}
    if any(header[name] != value for name, value in expected.items()):
        raise ValueError("its contexts or phones are not those of this version")
    split = header["bytes"]["rules"]
    rules = _rules(_text(payload[:split]))
    words = dict(_words(_text(payload[split:])))
    sources = {str(name): str(value) for name, value in header["sources"].items()}
    return Lexicon(rules, words, sources)


def _text(compressed: bytes) -> str:
    reader = zlib.decompressobj()
    text = reader.decompress(compressed, _MOST_BYTES)
    if not reader.eof:
        raise ValueError("a text is too long or cut short")
    return text.decode("ascii")


def _rules_text(rules: LetterRules) -> str:
    blocks = (
        "\n".join(f"{letters}\t{''.join(map(_CODE.__getitem__, said))}" for letters, said in sorted(table.items()))
        for table in rules.tables
    )  # fmt: skip
    return "\n\n".join(blocks)


def _rules(text: str) -> LetterRules:
    tables = []
    for block in text.split("\n\n"):
        pairs = (line.split("\t") for line in block.split("\n") if line)
        tables.append({letters: _decoded(said) for letters, said in pairs})
    if len(tables) != len(CONTEXTS):
        raise ValueError("a context has no rules")
    return LetterRules(tuple(tables))


def _word_lines(coded: Mapping[str, str]) -> Iterator[str]:
    before = ""
    for word in sorted(coded):
        shared = 0
        while shared < min(len(word), len(before), _MOST_SHARED) and word[shared] == before[shared]:
            shared += 1
        yield f"{chr(_ZERO + shared)}{word[shared:]}\t{coded[word]}"
        before = word


def _words(text: str) -> Iterator[tuple[str, str]]:
    word = ""
    for line in text.split("\n"):
        rest, coded = line.split("\t")
        word = word[: ord(rest[0]) - _ZERO] + rest[1:]
        if not set(coded.removeprefix(_GUESSED)) <= _CHARACTERS:
            raise ValueError(f"unknown phones of {word!r}")
        yield word, coded


def _decoded(coded: str) -> tuple[str, ...]:
    return tuple(_SYMBOL[code] for code in coded)


_CHARACTERS = {*_SYMBOL, _BY_RULE}
