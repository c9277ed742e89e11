"""English text as words: numbers, dates, units, abbreviations, camel case and symbols said in full."""

from __future__ import annotations

import re
from collections.abc import Callable

from workbench.errors import WorkbenchError, expect
from workbench.generators.speech.abbreviations import (
    ABBREVIATIONS,
    BEFORE_NUMBERS,
    LATIN,
    SHORT_WORDS,
    SYMBOLS,
    TITLES,
)
from workbench.generators.speech.dates import DATE_RULES
from workbench.generators.speech.folding import folded
from workbench.generators.speech.measured import NUMBER_RULES
from workbench.generators.speech.tokens import COMMA, STOP, Manner, Token, letters, words

MOST_CHARACTERS = 5_000  # far more than the phones that are allowed, and quick to refuse
_CAMEL = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]")
_VOWEL_LETTER = re.compile("[aeiouy]")
_SHORTEST_CAPITALS = 4  # that are a word where the dictionary has it
_LONGEST_CAPITALS = 5  # that are spelt where it has not

_BY_HAND = re.compile(r"\{([^{}]*)\}")
_DOTTED = re.compile(r"(?:[A-Za-z]\.){2,}(?![A-Za-z])")
_SHORT_FORM = re.compile(r"([A-Za-z]{1,6})\.")
_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*")
_DOT = re.compile(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z])")
_SLASH = re.compile(r"(?<=[A-Za-z0-9])/(?=[A-Za-z0-9])")
_STOP = re.compile(r"[.!?]+|\n\s*\n")
_COMMA = re.compile(r"[,;:()\[\]]|://|\s[-–]\s|–")
_POWER = re.compile(r"(?<=[A-Za-z0-9])\^(?=-?\d)")


def tokens_of(text: str, known: Callable[[str], bool]) -> list[Token]:
    """The words of a text in the order in which they are said, with pauses between, none at either end.

    Args:
        text: In English. Phones may stand in braces: "{HH AH0 L OW1}".
        known: Whether a dictionary has a word, in lower case; decides about capitals and camel case.

    Raises:
        WorkbenchError: It is no text, too long, in another alphabet, or nothing in it can be said.

    >>> [token.text for token in tokens_of("On 3 May 2026 it was -2.5 °C.", lambda word: True)]
    ['on', 'the', 'third', 'of', 'may', 'twenty', 'twenty', 'six', 'it', 'was', 'minus', 'two', 'point', 'five', 'degrees', 'celsius']
    """
    expect(text, str, "the text that is to be said", "a text in English")
    if len(text) > MOST_CHARACTERS:
        raise WorkbenchError(
            f"the text has {len(text):,} characters and at most {MOST_CHARACTERS:,} can be said at "
            "once; split it"
        )
    plain = folded(text)
    tokens = _trimmed(_scanned(plain, _Capitals(plain, known)))
    if not tokens:
        raise WorkbenchError(
            f"nothing in {text[:40]!r} can be said; write words, numbers, or phones in braces: "
            "{HH AH0 L OW1}"
        )
    return tokens


class _Capitals:
    """Decides how a run of letters is said."""

    def __init__(self, text: str, known: Callable[[str], bool]) -> None:
        self._known = known
        runs = _WORD.findall(text)
        # A sentence in capitals is a loud one and no row of abbreviations.
        self._alone = re.fullmatch(r"\W*[Aa]\W*", text) is not None
        self._loud = len(runs) > 1 and not re.search("[a-z]", text) and max(map(len, runs)) > 3

    def tokens(self, run: str) -> list[Token]:
        """Tokens of letters with apostrophes between them."""
        word = run.lower()
        if self._alone:
            return [letters(run)]  # "A" by itself is no article
        if run == word or run == word.capitalize() or self._loud:
            return [self._word(word)]
        if run.isupper():
            return [Token(word) if self._is_word(word) else letters(word)]
        if self._known(word):
            return [Token(word)]
        if re.fullmatch(r"[A-Z]{2,}'?s", run):
            return [letters(f"{run[:-1].rstrip(chr(39))}'s")]
        parts = _CAMEL.findall(run.replace("'", ""))
        if len(parts) < 2:
            return [self._word(word)]
        return [token for part in parts for token in self.tokens(part)]

    def _word(self, word: str) -> Token:
        """A word, or letters where nothing in it could be a vowel."""
        can_be_said = _VOWEL_LETTER.search(word) or self._known(word)
        return Token(word) if can_be_said else letters(word)

    def _is_word(self, word: str) -> bool:
        if word in SHORT_WORDS or word in ("a", "i"):
            return True
        if len(word) < _SHORTEST_CAPITALS:
            return False
        long = len(word) > _LONGEST_CAPITALS and _VOWEL_LETTER.search(word) is not None
        return long or self._known(word)


def _scanned(text: str, capitals: _Capitals) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        end, said = _next(text, at, capitals)
        tokens += said
        at = end
    return tokens


def _next(text: str, at: int, capitals: _Capitals) -> tuple[int, list[Token]]:
    """Where what begins at `at` ends, and how it is said."""
    if text[at] == "{" and (match := _BY_HAND.match(text, at)):
        return match.end(), [Token(match[1], Manner.PHONES)]
    inside_word = at and text[at - 1].isalpha() and text[at].isalpha()
    if not inside_word:
        for pattern, said in (*DATE_RULES, *NUMBER_RULES):
            match = pattern.match(text, at)
            if match and (tokens := said(match)) is not None:
                return match.end(), tokens
    if short := _short_form(text, at):
        return short
    if match := _WORD.match(text, at):
        return match.end(), capitals.tokens(match[0])
    for pattern, token in ((_DOT, "dot"), (_SLASH, "slash")):
        if match := pattern.match(text, at):
            return match.end(), [Token(token)]
    if match := _POWER.match(text, at):
        return match.end(), words(["to", "the", "power", "of"])
    for pattern, pause in ((_STOP, STOP), (_COMMA, COMMA)):
        if match := pattern.match(text, at):
            return match.end(), [pause]
    return at + 1, words(SYMBOLS.get(text[at], "").split())


def _short_form(text: str, at: int) -> tuple[int, list[Token]] | None:
    """An abbreviation with its full stops; None where there is none."""
    if match := _DOTTED.match(text, at):
        known = LATIN.get(match[0].lower())
        said = words(known.split()) if known else [letters(match[0].replace(".", ""))]
        return match.end(), said
    match = _SHORT_FORM.match(text, at)
    if match is None:
        return None
    form, after = match[1].lower(), text[match.end() :].lstrip()[:1]
    if form in TITLES:
        before_name, elsewhere = TITLES[form]
        return match.end(), words([before_name if after.isupper() else elsewhere])
    if form in BEFORE_NUMBERS and after.isdigit():
        return match.end(), words([BEFORE_NUMBERS[form]])
    # A month or a weekday is written with a capital: "the sun set", "she was wed".
    if form in ABBREVIATIONS and (match[1] != form or not _is_day_or_month(form)):
        return match.end(), words(ABBREVIATIONS[form].split())
    return None


def _is_day_or_month(form: str) -> bool:
    return ABBREVIATIONS[form].endswith(("day", "ary", "ber", "ril", "ust"))


def _trimmed(tokens: list[Token]) -> list[Token]:
    """Without pauses at either end or beside each other; of several, the longest is kept."""
    kept: list[Token] = []
    for token in tokens:
        pause = token.manner is Manner.PAUSE
        if pause and not kept:
            continue
        if pause and kept[-1].manner is Manner.PAUSE:
            kept[-1] = STOP if STOP in (token, kept[-1]) else COMMA
        else:
            kept.append(token)
    while kept and kept[-1].manner is Manner.PAUSE:
        kept.pop()
    return kept
