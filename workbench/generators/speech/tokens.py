"""What a text is cut into: things that are said one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Manner(Enum):
    """How a token is said."""

    WORD = "word"  # in lower case, with apostrophes
    LETTERS = "letters"  # each by its name, in lower case; a last "'s" as after a word
    PHONES = "phones"  # as somebody wrote them
    PAUSE = "pause"


@dataclass(frozen=True)
class Token:
    """One thing that is said.

    Args:
        text: "seven", "crc", "HH AH0 L OW1", or the mark of a pause: "," within a sentence, "." after one.
        manner: How it is said.
    """

    text: str
    manner: Manner = Manner.WORD


COMMA = Token(",", Manner.PAUSE)
STOP = Token(".", Manner.PAUSE)


def words(texts: Iterable[str]) -> list[Token]:
    """Tokens of plain words."""
    return [Token(text) for text in texts]


def letters(text: str) -> Token:
    """A token that is spelt."""
    return Token(text.lower(), Manner.LETTERS)
