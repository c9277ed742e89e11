"""Letter-to-sound rules: each letter of a word says no phone, one or two, chosen by the letters around it.

A rule is a letter in its context and the phones that it says. The rule with the widest context that a word has
decides. They are learnt (`letter_learning`); no rule is written by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.generators.speech.phones import with_one_stress

# Letters before and after the one that speaks, widest first: those after it say more in English.
CONTEXTS = ((4, 4), (3, 4), (3, 3), (2, 3), (2, 2), (1, 2), (1, 1), (0, 1), (0, 0))
BOUNDARY = "#"  # stands before and after a word
_EDGE = BOUNDARY * max(max(context) for context in CONTEXTS)


@dataclass(frozen=True)
class LetterRules:
    """Rules of a language.

    Args:
        tables: For each of CONTEXTS, letters -> the symbols that the one in the middle says.
    """

    tables: Sequence[Mapping[str, tuple[str, ...]]]

    @property
    def count(self) -> int:
        """How many rules there are."""
        return sum(map(len, self.tables))

    def pronounce(self, word: str) -> tuple[str, ...]:
        """The symbols of a word of the letters a to z; one vowel at least is stressed where there is a vowel."""
        spoken = [
            symbol for windows in windows_of(word) for symbol in self.of_letter(windows) or ()
        ]
        return with_one_stress(spoken)

    def of_letter(self, windows: Sequence[str], first: int = 0) -> tuple[str, ...] | None:
        """What a letter says by the rules from the context number `first` on; None where no rule fits.

        Args:
            windows: The letter in each of CONTEXTS.
            first: Index into CONTEXTS.
        """
        for table, window in zip(self.tables[first:], windows[first:], strict=True):
            if window in table:
                return table[window]
        return None


def windows_of(word: str) -> list[list[str]]:
    """For each letter of a word, the letter in each of CONTEXTS.

    >>> windows_of("cat")[0][-3:]
    ['#ca', 'ca', 'c']
    """
    text = f"{_EDGE}{word}{_EDGE}"
    places = range(len(_EDGE), len(_EDGE) + len(word))
    return [[text[at - left : at + right + 1] for left, right in CONTEXTS] for at in places]
