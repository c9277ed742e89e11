"""Numbers in words, as American English says them."""

from __future__ import annotations

from functools import cache

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
    "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = (
    (10**12, "trillion"),
    (10**9, "billion"),
    (10**6, "million"),
    (10**3, "thousand"),
    (100, "hundred"),
)
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_MOST_DIGITS = 15  # that are read as one number; of longer ones each digit is


@cache
def cardinal(number: int) -> tuple[str, ...]:
    """Words of a number from 0 to 10^15 - 1.

    >>> " ".join(cardinal(1_024))
    'one thousand twenty four'
    """
    if number < 20:
        return (ONES[number],)
    if number < 100:
        tens, ones = divmod(number, 10)
        return (_TENS[tens], *(cardinal(ones) if ones else ()))
    size, name = next(scale for scale in _SCALES if number >= scale[0])
    most, rest = divmod(number, size)
    return (*cardinal(most), name, *(cardinal(rest) if rest else ()))


def ordinal(number: int) -> tuple[str, ...]:
    """Words of a position.

    >>> " ".join(ordinal(32))
    'thirty second'
    """
    *begin, last = cardinal(number)
    if last in _ORDINALS:
        return (*begin, _ORDINALS[last])
    return (*begin, f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")


def digits(text: str) -> tuple[str, ...]:
    """Each ASCII digit of a text by its name; other characters are left out."""
    return tuple(ONES[int(each)] for each in text if each in "0123456789")


def whole(text: str) -> tuple[str, ...]:
    """Words of ASCII digits with or without commas between thousands.

    A number of more than 15 digits, or with leading zeros, is read digit by digit.

    >>> " ".join(whole("007"))
    'zero zero seven'
    """
    plain = text.replace(",", "")
    if len(plain) > _MOST_DIGITS or (len(plain) > 1 and plain[0] == "0"):
        return digits(plain)
    return cardinal(int(plain))


def decimal(text: str) -> tuple[str, ...]:
    """Words of digits with at most one point.

    >>> " ".join(decimal("2.50"))
    'two point five zero'
    """
    before, point, after = text.partition(".")
    words = whole(before) if before else ("zero",)
    return (*words, "point", *digits(after)) if point else words


def year(text: str) -> tuple[str, ...]:
    """Words of a year of four digits.

    >>> " ".join(year("1906")), " ".join(year("2005")), " ".join(year("2026"))
    ('nineteen oh six', 'two thousand five', 'twenty twenty six')
    """
    number = int(text)
    century, rest = divmod(number, 100)
    if number < 1000 or (century % 10 == 0 and rest < 10):
        return cardinal(number)
    if rest == 0:
        return (*cardinal(century), "hundred")
    return (*cardinal(century), *two_digits(rest))


def two_digits(number: int) -> tuple[str, ...]:
    """Words of 1 to 99 after another number: 5 is "oh five"."""
    return ("oh", *cardinal(number)) if number < 10 else cardinal(number)


def plural(words: tuple[str, ...]) -> tuple[str, ...]:
    """The plural of words that end in a number: "nineteen nineties"."""
    *begin, last = words
    ending = {"y": f"{last[:-1]}ies", "x": f"{last}es"}
    return (*begin, ending.get(last[-1], f"{last}s"))
