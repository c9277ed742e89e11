"""How well letter-to-sound rules say words that they were not learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.generators.speech.lexicon import Lexicon
from workbench.generators.speech.phones import without_stress


@dataclass(frozen=True)
class Quality:
    """What letter-to-sound rules say of words that they were not learnt from.

    Args:
        words: How many.
        phone_error_rate: Insertions, deletions and substitutions over phones, without stress; 0 is perfect.
        words_right: Share of the words with all phones right, 0 to 1.
        stress_right: Share of these with the stress of every vowel right, 0 to 1.
    """

    words: int
    phone_error_rate: float
    words_right: float
    stress_right: float


def measured(lexicon: Lexicon) -> Quality:
    """How well the rules of a lexicon say the words that were held out."""
    errors = phones = right = stress_right = 0
    for word in lexicon.held_out:
        true, said = lexicon.symbols(word) or (), lexicon.rules.pronounce(word)
        bare = without_stress(true)
        wrong = edit_distance(bare, without_stress(said))
        errors += wrong
        phones += len(bare)
        right += wrong == 0
        stress_right += said == true
    words = len(lexicon.held_out)
    return Quality(words, errors / phones, right / words, stress_right / right)


def edit_distance(one: Sequence[str], other: Sequence[str]) -> int:
    """The fewest insertions, deletions and substitutions that turn one into the other."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]
