"""The ending 's, which English says in three ways."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.generators.speech.phones import is_vowel

_HISSING = {"S", "Z", "SH", "ZH", "CH", "JH"}
_VOICELESS = {"P", "T", "K", "F", "TH"}


def with_s(symbols: Sequence[str]) -> tuple[str, ...]:
    """The phones of a word and of its ending 's; the vowel has stress 0 where those of the word have any.

    >>> with_s(("K", "AE1", "T"))
    ('K', 'AE1', 'T', 'S')
    """
    last = symbols[-1] if symbols else ""
    if last in _HISSING:
        stress = "0" if any(is_vowel(each) and each[-1] in "01" for each in symbols) else ""
        return (*symbols, f"IH{stress}", "Z")
    return (*symbols, "S" if last in _VOICELESS else "Z")
