"""Numbers, dates, units and names are said in full, and any text gives words or one sentence."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workbench.errors import WorkbenchError
from workbench.generators.speech.lexicon import lexicon
from workbench.generators.speech.numbers import cardinal, ordinal, whole
from workbench.generators.speech.phones import PAUSE, SYMBOLS
from workbench.generators.speech.pronunciation import MOST_PHONES, phones_of, pronounced
from workbench.generators.speech.text import MOST_CHARACTERS, tokens_of
from workbench.generators.speech.tokens import Manner

SAID = {
    # numbers
    "0 7 13 21 100 1,024 1000000": "zero seven thirteen twenty one one hundred one thousand twenty four one million",
    "007 3.14 .5 -2.5 +1 x-5": "zero zero seven three point one four zero point five minus two point five plus one x five",
    "1234567890123456": "one two three four five six seven eight nine zero one two three four five six",
    "1st 2nd 12th 20th 32nd": "first second twelfth twentieth thirty second",
    "1/2 or 3/4, 2½ of 5/16": "one half or three quarters , two and one half of five over sixteen",
    "1e-5, 2.4×10⁻³": "one times ten to the power of minus five , two point four times ten to the power of minus three",
    "1.2.3": "one point two point three",
    "3-5 km": "three to five kilometers",
    "0x1F": "hex one [f]",
    "٣": "three",
    # dates and times
    "3 May 2026": "the third of may twenty twenty six",
    "May 3rd, 1906": "may third nineteen oh six",
    "2026-05-03T08:05": "may third twenty twenty six eight oh five",
    "5/3/2026 and 31/12/1999": "may third twenty twenty six and december thirty first nineteen ninety nine",
    "Dec 2000": "december two thousand",
    "in 1998, in 1024 steps": "in nineteen ninety eight , in one thousand twenty four steps",
    "the 1990s": "the nineteen nineties",
    "14:30, 3 pm, 9:05 a.m., 12:00:01": "fourteen thirty , three [pm] , nine oh five [am] , twelve hundred and one second",
    "2:00 and 15:00": "two o'clock and fifteen hundred",
    # money and units
    "$5.50, €1.01, £3 million, $1": "five dollars and fifty cents , one euro and one cent , three million pounds , one dollar",
    "20 °C, 1 km, 9.81 m/s²": "twenty degrees celsius , one kilometer , nine point eight one meters per square second",
    "10 µA at 5kΩ": "ten microamperes at five kiloohms",
    "120/80 mmHg, 72 bpm, 98%": "one hundred twenty over eighty millimeters of mercury , seventy two beats per minute , ninety eight percent",
    "256 KiB, 4K": "two hundred fifty six kibibytes , four thousand",
    # abbreviations, capitals, names
    "Dr. Smith of Elm St. paid.": "doctor smith of elm street paid",
    "e.g. No. 5, etc.": "for example number five , et cetera",
    "the U.S.A. and a CRC, LEDs": "the [usa] and a [crc] , [led's]",
    "NASA has RAM": "nasa has ram",
    "WATCH THE DOG": "watch the dog",
    "tinyML heals camelCase": "tiny [ml] heals camel case",
    "xkcd": "[xkcd]",
    "A": "[a]",
    "café naïve": "cafe naive",
    "me@example.com and/or a_b": "me at example dot com and slash or a b",
    "don't, John’s": "don't , john's",
    "2π": "two pi",
    # pauses
    "(Wow!) ... well - yes;": "wow . well , yes",
    "one\n\ntwo": "one . two",
    "{HH AH0} you": "<HH AH0> you",
}  # fmt: skip


def _shown(text: str) -> str:
    marks = {Manner.LETTERS: "[{}]", Manner.PHONES: "<{}>"}
    tokens = tokens_of(text, lexicon().has)
    return " ".join(marks.get(token.manner, "{}").format(token.text) for token in tokens)


@pytest.mark.parametrize("text", SAID)
def test_what_is_said(text: str) -> None:
    assert _shown(text) == SAID[text]


@given(st.integers(0, 10**15 - 1))
@settings(max_examples=30)
def test_numbers_are_words_of_the_lexicon(number: int) -> None:
    words = lexicon()
    assert all(map(words.has, (*cardinal(number), *ordinal(number)[:-1])))
    assert whole(f"{number:,}") == cardinal(number)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "nothing in '' can be said"),
        ("☃ .. ! ", "nothing in '☃ .. ! ' can be said"),
        ("say Привет", r"'Привет' \(Cyrillic\)"),
        ("日本", r"'日本' \(Cjk\)"),
        ("ŋ", r"\(Latin small letter eng\)"),
        ("{HH AX}", "no phone 'AX'"),
        ("{hh eyy}", "did you mean EY"),
        ("{ }", "no phones between the braces"),
        ("a " * MOST_CHARACTERS, "at most 5,000 can be said"),
        ("999999999999 " * 100, "more than 1,500 phones"),
        (7, r"7 \(int\); give a text"),
    ],
)
def test_what_cannot_be_said_is_one_sentence(text: str, reason: str) -> None:
    with pytest.raises(WorkbenchError, match=reason) as refused:
        pronounced(text)
    assert "\n" not in str(refused.value)


# Characters of which rules consist, so that they meet; and any others.
_TEXTS = st.one_of(
    st.text(max_size=60),
    st.text("0123456789.,:/-+%$€°^eEx{} stKMmVs'", max_size=40),
    st.lists(st.sampled_from([*SAID, "{", "}", "\ud800", "²", "Ω", "ǅ", "ﬁ"]), max_size=6).map("".join),
)  # fmt: skip


@given(_TEXTS)
@settings(max_examples=150)
@example("1" * MOST_CHARACTERS)
@example("1 " * (MOST_CHARACTERS // 2))
@example("1/" * (MOST_CHARACTERS // 2))
@example("a" * MOST_CHARACTERS)
@example("A." * (MOST_CHARACTERS // 2))
@example("{" * MOST_CHARACTERS)
@example("²" * MOST_CHARACTERS)
@example("a'" * (MOST_CHARACTERS // 2))
@example("ᾼ½{}")
def test_any_text_gives_phones_or_a_sentence(text: str) -> None:
    try:
        symbols = phones_of(text)
    except WorkbenchError as error:
        assert str(error) and "\n" not in str(error)
        return
    assert symbols and {*symbols} <= {*SYMBOLS, PAUSE}
    assert len(symbols) <= MOST_PHONES
    by_hand = "{" in text
    assert by_hand or PAUSE not in (symbols[0], symbols[-1])


def test_words_that_only_carry_others_are_unstressed_before_them() -> None:
    said = {text: " ".join(phones_of(text)) for text in ("the man", "the apple", "to be or", "the")}
    assert said == {
        "the man": "DH AH0 M AE1 N",
        "the apple": "DH IY0 AE1 P AH0 L",
        "to be or": "T UW0 B IY0 AO1 R",
        "the": "DH AH1",
    }


def test_what_was_guessed_is_marked() -> None:
    brevitas, known = pronounced("Brevitas's brother")
    assert brevitas.by_rule and not known.by_rule
    assert brevitas.symbols[-2:] == ("IH0", "Z")
    assert re.search("[AEIOU].1", " ".join(brevitas.symbols))
