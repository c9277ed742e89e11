"""Text in the characters that the rules know: ASCII and a few symbols of units and money.

Accents are dropped ("café"), typographic forms become plain ones, a lone Greek letter its name.
"""

from __future__ import annotations

import re
import unicodedata

from workbench.errors import WorkbenchError

_MU, _OMEGA = "\u03bc", "\u03a9"  # of units, in the form that NFKC gives them
_SYMBOLS = f"°{_MU}{_OMEGA}€£¥±×÷≤≥≈©§‰–"
_PLAIN = {
    "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "−": "-", "‐": "-", "‑": "-", "‒": "–", "—": " – ", "―": " – ", "…": ".", "·": " ", "•": ", ",
    "ß": "ss", "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "Oe", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "ð": "th", "Ð": "Th", "þ": "th", "Þ": "Th", "ı": "i", "ħ": "h",
    "\u2044": "/", "º": "°", "→": " to ", "№": "number ", "™": " ", "®": " ",
}  # fmt: skip
_VULGAR = re.compile("(\\d?)([\u00bc-\u00be\u2150-\u215e])")  # fractions in one character
_RAISED = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_LONE_GREEK = re.compile(
    f"(?<![^\\W\\d_])(?!(?<=\\d){_OMEGA}|(?<=\\d ){_OMEGA})[\u0370-\u03ff](?![^\\W\\d_])"
)
_LETTERS = re.compile(r"[^\W\d_]+")
_OTHER = re.compile(f"[^\\n\x20-\x7e{_SYMBOLS}]")


def folded(text: str) -> str:
    """The text in ASCII and the characters of _SYMBOLS; what else there is becomes a blank.

    Raises:
        WorkbenchError: A word is written in another alphabet.

    >>> folded("naïve 2½ m² at 20 ℃")
    'naive 2 and 1/2 m^2 at 20 °C'
    """
    text = _VULGAR.sub(lambda match: f"{match[1]} and {match[2]}" if match[1] else match[2], text)
    text = _RAISED.sub(lambda match: f"^{unicodedata.normalize('NFKC', match[0])}", text)
    text = unicodedata.normalize("NFKC", _plain(text))
    text = _LONE_GREEK.sub(_greek_name, text)
    text = "".join(map(_character, unicodedata.normalize("NFD", _plain(text))))
    _refuse_other_alphabet(text)
    return _OTHER.sub(" ", text)


def _plain(text: str) -> str:
    return "".join(_PLAIN.get(each, each) for each in text)


def _greek_name(match: re.Match[str]) -> str:
    """' pi ' for the letter; the name of a character of that block that is none is left out."""
    words = unicodedata.name(match[0], "").lower().partition(" letter ")[2].split()
    return f" {words[0]} " if words else " "


def _character(character: str) -> str:
    category = unicodedata.category(character)
    if category.startswith("M"):
        return ""
    return str(unicodedata.decimal(character)) if category == "Nd" else character


def _refuse_other_alphabet(text: str) -> None:
    for run in _LETTERS.findall(text):
        wrong = next((each for each in run if each not in _SYMBOLS and not each.isascii()), None)
        if wrong is not None:
            name = unicodedata.name(wrong, "an unknown script").capitalize()
            script = name if name.startswith("Latin") else name.split("-")[0].split(" ")[0]
            raise WorkbenchError(
                f"the text has {run[:20]!r} ({script}) and only letters of English can be read; "
                "write it with these, or as phones in braces: {HH AH0 L OW1}"
            )
