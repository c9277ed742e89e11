"""Money, quantities with units, and other numbers that have more than digits in them."""

from __future__ import annotations

import re

from workbench.generators.speech.dates import Rule
from workbench.generators.speech.numbers import cardinal, decimal, digits, ordinal, plural, whole
from workbench.generators.speech.tokens import COMMA, Token, letters, words
from workbench.generators.speech.units import MONEY, PATTERN, spoken_unit

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?![\d])|\d+)(?:\.\d+)?|\.\d+"
_SCALES = {"k": "thousand", "K": "thousand", "M": "million", "bn": "billion"}
_SCALE = r"(?P<scale>(?:[kKM]|bn)(?![A-Za-z0-9Ω])|\s?(?:thousand|million|billion|trillion)\b)"
# Only where nothing stands before it that it could join: "3-5" is a range, "x-5" a name.
_SIGN = r"(?:(?<![A-Za-z0-9)])(?P<sign>[-+±~]))?"
_UNIT = rf"(?:\s?(?P<unit>{PATTERN}))?"
_SIGNS = {"-": ["minus"], "+": ["plus"], "±": ["plus", "or", "minus"], "~": ["about"]}
_PARTS = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_MOST_PARTS = 10  # of a fraction that is said as "three tenths"


def _sign(match: re.Match[str]) -> list[str]:
    return _SIGNS.get(match["sign"], [])


def _units(match: re.Match[str]) -> list[str]:
    return spoken_unit(match["unit"], one=False) if match["unit"] else []


def _money(match: re.Match[str]) -> list[Token]:
    one, several, cent, cents = MONEY[match["money"]]
    number = match["number"].replace(",", "")
    before, _, after = number.partition(".")
    if match["scale"]:
        scale = match["scale"].strip()
        return words([*_sign(match), *decimal(number), _SCALES.get(scale, scale), several])
    if not (cent and before and len(after) == 2):
        return words([*_sign(match), *decimal(number), one if number == "1" else several])
    spoken = [*whole(before), one if before == "1" else several]
    if int(after):
        spoken += ["and", *cardinal(int(after)), cent if after == "01" else cents]
    return words([*_sign(match), *spoken])


def _measured(match: re.Match[str]) -> list[Token]:
    unit = spoken_unit(match["unit"], one=match["number"] == "1")
    return words([*_sign(match), *decimal(match["number"]), *unit])


def _scaled(match: re.Match[str]) -> list[Token]:
    scale = match["scale"].strip()
    return words([*_sign(match), *decimal(match["number"]), _SCALES.get(scale, scale)])


def _power(match: re.Match[str]) -> list[Token]:
    exponent = match["exponent"].lstrip("+-")
    minus = ["minus"] if match["exponent"].startswith("-") else []
    times = ["times", "ten"] if match["ten"] != "^" else []
    before = [*_sign(match), *decimal(match["number"]), *times]
    return words([*before, "to", "the", "power", "of", *minus, *whole(exponent), *_units(match)])


def _fraction(match: re.Match[str]) -> list[Token]:
    above, below = match["above"], match["below"]
    spoken = [*_sign(match), *(whole(match["with"]) if match["with"] else ())]
    spoken += ["and"] if match["with"] else []
    size = int(below) if len(below) < 3 else 0
    if not 2 <= size <= _MOST_PARTS:
        return words([*spoken, *whole(above), "over", *whole(below), *_units(match)])
    one, several = _PARTS.get(size, (ordinal(size)[-1], plural(ordinal(size))[-1]))
    return words([*spoken, *whole(above), one if above == "1" else several, *_units(match)])


def _telephone(match: re.Match[str]) -> list[Token]:
    blocks = re.split(r"[-. ]", match[0])
    return [token for block in blocks for token in (*words(digits(block)), COMMA)][:-1]


def _version(match: re.Match[str]) -> list[Token]:
    first, *rest = match[0].split(".")
    return words([*whole(first), *(word for part in rest for word in ("point", *whole(part)))])


def _hexadecimal(match: re.Match[str]) -> list[Token]:
    parts = re.findall(r"\d|[a-f]+", match["digits"].lower())
    spoken = [words(digits(part)) if part.isdigit() else [letters(part)] for part in parts]
    return [*words(["hex"]), *(token for part in spoken for token in part)]


def _ordinal(match: re.Match[str]) -> list[Token]:
    number = match["number"].replace(",", "")
    if len(number) > 15:
        return words(digits(number))
    return words(ordinal(int(number)))


def _number(match: re.Match[str]) -> list[Token]:
    return words([*_sign(match), *decimal(match["number"])])


def _range(match: re.Match[str]) -> list[Token]:
    return words(["to"])


# Tried in this order, after those of dates.
NUMBER_RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern, re.ASCII), said)
    for pattern, said in (
        (rf"{_SIGN}(?P<money>[$€£¥])\s?(?P<number>{_NUMBER}){_SCALE}?", _money),
        (r"0[xX](?P<digits>[0-9A-Fa-f]{1,16})(?![A-Za-z0-9])", _hexadecimal),
        (r"(?<![\d-])(?:\d{3}-)?\d{3}-\d{4}(?![\d-])", _telephone),
        (r"\d+(?:\.\d+){2,}", _version),
        (rf"{_SIGN}(?P<number>{_NUMBER})(?P<ten>[eE]|\s?[×x*]\s?10\^|\^)(?P<exponent>[-+]?\d+){_UNIT}(?![.\w])", _power),
        (rf"{_SIGN}(?:(?P<with>\d+) )?(?P<above>\d+)/(?P<below>\d+){_UNIT}(?![\w/])", _fraction),
        (r"(?P<number>\d[\d,]*)(?:st|nd|rd|th)\b", _ordinal),
        (rf"{_SIGN}(?P<number>{_NUMBER}){_SCALE}", _scaled),
        (rf"{_SIGN}(?P<number>{_NUMBER})\s?(?P<unit>{PATTERN})", _measured),
        (rf"{_SIGN}(?P<number>{_NUMBER})", _number),
        (r"(?<=[\d%])(?:[-–]|\s[-–]\s)(?=\d)", _range),
    )
)  # fmt: skip
