"""Any English text as phones with stress: the shipped lexicon for words that it has, rules for all others.

Nothing but the shipped file decides, so that a text sounds the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from workbench.errors import WorkbenchError
from workbench.generators.speech.lexicon import Lexicon, lexicon
from workbench.generators.speech.phones import PAUSE, is_vowel, phones_by_hand
from workbench.generators.speech.possessive import with_s
from workbench.generators.speech.text import tokens_of
from workbench.generators.speech.tokens import Manner, Token

MOST_PHONES = 1_500  # about two minutes
_LETTER = "{}."  # how the lexicon lists the name of a letter
# Unstressed within a sentence; before a pause or alone they keep the stress that they have by themselves.
_FUNCTION_WORDS = frozenset({
    "a", "an", "the", "of", "to", "and", "in", "on", "at", "it", "is", "was", "were", "am",
    "are", "be", "been", "by", "for", "from", "with", "as", "or", "nor", "but", "than",
    "that", "if", "so", "has", "have", "had", "do", "does", "he", "she", "we", "you",
    "they", "i", "his", "her", "hers", "its", "your", "our", "their", "them", "us", "me",
    "my", "him", "can", "could", "will", "would", "should", "shall", "must", "may", "might",
})  # fmt: skip


@dataclass(frozen=True)
class SpokenWord:
    """A word, a row of letters or a pause, and how it sounds.

    Args:
        text: "seven", "crc" for letters that are spelt, "," or "." for a pause, phones as they were written.
        symbols: Phones, vowels with stress 0 or 1, as ("S", "EH1", "V", "AH0", "N"); ("SIL",) for a pause.
        manner: How it is said.
        by_rule: Whether letter-to-sound rules had to guess, the lexicon not having it.
    """

    text: str
    symbols: tuple[str, ...]
    manner: Manner
    by_rule: bool


def pronounced(text: str) -> tuple[SpokenWord, ...]:
    """The words of a text and their phones.

    Args:
        text: In English; phones by hand in braces: "say {HH AH0 L OW1}".

    Raises:
        WorkbenchError: It is no text, in another alphabet, longer than about two minutes, has unknown phones in
            braces, or nothing in it can be said.

    >>> for word in pronounced("The CRC-32 heals."):
    ...     print(word.text, *word.symbols)
    the DH AH0
    crc S IY1 AA1 R S IY1
    thirty TH ER1 D IY0
    two T UW1
    heals HH IY1 L Z
    """
    words: list[SpokenWord] = []
    count = 0
    for word in _words(text):
        words.append(word)
        count += len(word.symbols)
        if count > MOST_PHONES:
            raise WorkbenchError(
                f"the text has more than {MOST_PHONES:,} phones, about two minutes of speech; split it"
            )
    return tuple(words)


def phones_of(text: str) -> tuple[str, ...]:
    """The phones of a text in one row, a pause being "SIL".

    Args:
        text: As `pronounced` takes it.

    Raises:
        WorkbenchError: As `pronounced`.

    >>> phones_of("3, 2")
    ('TH', 'R', 'IY1', 'SIL', 'T', 'UW1')
    """
    return tuple(symbol for word in pronounced(text) for symbol in word.symbols)


def _words(text: str) -> Iterator[SpokenWord]:
    words = lexicon()
    tokens = tokens_of(text, words.has)
    spoken = (_spoken(token, words) for token in tokens)
    before = next(spoken)
    for after in spoken:
        yield _in_sentence(before, after)
        before = after
    yield before


def _in_sentence(word: SpokenWord, after: SpokenWord) -> SpokenWord:
    """A word as it sounds before another."""
    if (
        word.manner is not Manner.WORD
        or word.text not in _FUNCTION_WORDS
        or after.manner is Manner.PAUSE
    ):
        return word
    symbols = tuple(symbol.replace("1", "0") for symbol in word.symbols)
    if word.text == "the" and is_vowel(after.symbols[0]):
        symbols = (*symbols[:-1], "IY0")
    return replace(word, symbols=symbols)


def _spoken(token: Token, words: Lexicon) -> SpokenWord:
    text, manner = token.text, token.manner
    by_rule = False
    if manner is Manner.PAUSE:
        symbols: tuple[str, ...] = (PAUSE,)
    elif manner is Manner.PHONES:
        symbols = phones_by_hand(text)
    elif manner is Manner.LETTERS:
        names = [words.symbols(_LETTER.format(each)) or () for each in text.removesuffix("'s")]
        symbols = tuple(symbol for name in names for symbol in name)
        symbols = with_s(symbols) if text.endswith("'s") else symbols
    else:
        symbols, by_rule = _word(text, words)
    return SpokenWord(text, symbols, manner, by_rule)


def _word(word: str, words: Lexicon) -> tuple[tuple[str, ...], bool]:
    """Phones of a word, and whether they were guessed."""
    listed = words.symbols(word)
    if listed is not None:
        return listed, False
    if word.endswith("'s"):
        base, guessed = _word(word.removesuffix("'s"), words)
        return with_s(base), guessed
    return words.rules.pronounce(word.replace("'", "")), True
