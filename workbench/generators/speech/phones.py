"""The alphabet of phones: 39 of American English, vowels with their stress.

The symbols are those of the CMU Pronouncing Dictionary (ARPAbet), http://www.speech.cs.cmu.edu/cgi-bin/cmudict;
secondary stress counts as stress here.
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.errors import WorkbenchError, nearest

VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
CONSONANTS = (
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S",
    "SH", "T", "TH", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
PAUSE = "SIL"
# A vowel with 1 is stressed. All that a word can consist of, in a fixed order.
SYMBOLS = (*(f"{vowel}{stress}" for vowel in VOWELS for stress in "01"), *CONSONANTS)


def is_vowel(symbol: str) -> bool:
    """Whether a symbol, with or without its stress, is a vowel."""
    return symbol[:2] in VOWELS


def without_stress(symbols: Sequence[str]) -> tuple[str, ...]:
    """The phones alone.

    >>> without_stress(("HH", "AH0", "L", "OW1"))
    ('HH', 'AH', 'L', 'OW')
    """
    return tuple(symbol.rstrip("01") for symbol in symbols)


def with_one_stress(symbols: Sequence[str]) -> tuple[str, ...]:
    """The symbols of a word, its first vowel stressed where no vowel is."""
    if any(symbol.endswith("1") for symbol in symbols):
        return tuple(symbols)
    first = next((symbol for symbol in symbols if is_vowel(symbol)), None)
    if first is None:
        return tuple(symbols)
    at = list(symbols).index(first)
    return (*symbols[:at], f"{first[:2]}1", *symbols[at + 1 :])


def phones_by_hand(text: str) -> tuple[str, ...]:
    """Symbols that somebody wrote, separated by blanks, in either case.

    A vowel without a digit is unstressed, one with 2 (secondary stress) stressed; `SIL` is a pause. In a word
    without stress the first vowel gets it.

    Raises:
        WorkbenchError: There is none, or an unknown one.

    >>> phones_by_hand("hh ah l ow1")
    ('HH', 'AH0', 'L', 'OW1')
    """
    symbols = tuple(map(_symbol, text.split()))
    if not symbols:
        raise WorkbenchError(
            "there are no phones between the braces; write some, as {HH AH0 L OW1}"
        )
    return with_one_stress(symbols)


def _symbol(written: str) -> str:
    symbol = written.upper()
    if symbol in VOWELS:
        return f"{symbol}0"
    if symbol.endswith("2") and symbol[:-1] in VOWELS:
        return f"{symbol[:-1]}1"
    if symbol in SYMBOLS or symbol == PAUSE:
        return symbol
    raise WorkbenchError(
        f"there is no phone {written[:20]!r}; {nearest(symbol, (*CONSONANTS, *VOWELS, PAUSE))}"
    )
