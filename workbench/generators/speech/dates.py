"""Dates, years and times of day in words, American where an order is ambiguous (month/day/year)."""

from __future__ import annotations

import re
from collections.abc import Callable

from workbench.generators.speech.numbers import cardinal, ordinal, plural, two_digits, year
from workbench.generators.speech.tokens import Token, letters, words

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)}|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?"
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?(?![\w:/%]|[.,]\d)"
_YEAR = r"(?P<year>(?:1\d|20)\d\d)(?![\w:/%]|[.,]\d)"


def _month_number(name: str) -> int:
    return next(at for at, month in enumerate(_MONTHS, 1) if month.startswith(name[:3]))


def _date(match: re.Match[str]) -> list[Token] | None:
    """A day of a month, with or without its year; None for one that no calendar has."""
    given = match.groupdict()
    month = given["month"]
    number = int(month) if month.isdigit() else _month_number(month)
    day = int(given["day"])
    if number > 12 >= day and given.get("swaps") is not None:
        number, day = day, number
    if not (1 <= number <= 12 and 1 <= day <= 31):
        return None
    spoken = [_MONTHS[number - 1].lower(), *ordinal(day)]
    if given.get("day_first") is not None:
        spoken = ["the", *ordinal(day), "of", _MONTHS[number - 1].lower()]
    return words([*spoken, *(year(given["year"]) if given["year"] else ())])


def _month_and_year(match: re.Match[str]) -> list[Token]:
    return words([_MONTHS[_month_number(match["month"]) - 1].lower(), *year(match["year"])])


def _year_after(match: re.Match[str]) -> list[Token]:
    return words([match["before"].lower(), *year(match["year"])])


def _decade(match: re.Match[str]) -> list[Token]:
    return words(plural(year(match["decade"])))


def _time(match: re.Match[str]) -> list[Token] | None:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    half, second = match["half"], match["second"]
    if hour > 23 or minute > 59 or int(second or 0) > 59 or (half and not 1 <= hour <= 12):
        return None
    spoken = list(cardinal(hour))
    if minute:
        spoken += two_digits(minute)
    elif second or (not half and (hour > 12 or hour == 0)):
        spoken += ["hundred"]
    elif not half:
        spoken += ["o'clock"]
    if second:
        spoken += ["and", *cardinal(int(second)), "second" if int(second) == 1 else "seconds"]
    return [*words(spoken), *([letters(f"{half[0]}m")] if half else [])]


Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], list[Token] | None]]
_HALF = r"(?:\s?(?P<half>[AaPp])(?:\.\s?[Mm]\.|[Mm]\b))"
# Tried in this order; a rule that answers None leaves the text to the next.
DATE_RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern, re.ASCII), said)
    for pattern, said in (
        (r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?:T(?=\d\d:)|(?![\d-]))", _date),
        (r"(?P<month>\d\d?)(?P<swaps>/)(?P<day>\d\d?)/(?P<year>\d{4})(?![\d/])", _date),
        (
            rf"(?P<day_first>)(?:the )?(?P<day>[0-3]?\d)(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? {_YEAR})?",
            _date,
        ),
        (rf"{_MONTH} {_DAY}(?:,? {_YEAR})?", _date),
        (rf"{_MONTH},? {_YEAR}", _month_and_year),
        (r"(?P<decade>(?:1[1-9]|20)\d0)'?s\b", _decade),
        (
            r"(?P<before>(?i:in|since|until|year|by|©)) (?P<year>(?:1[1-9]|20)\d\d)"
            r"(?=[.,;:!?)]?(?:\s|$)(?! ?[°%€£$]))",
            _year_after,
        ),
        (
            rf"(?P<hour>\d\d?):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?![\d:]){_HALF}?",
            _time,
        ),
        (rf"(?P<hour>\d\d?)(?P<minute>)(?P<second>){_HALF}", _time),
    )
)
