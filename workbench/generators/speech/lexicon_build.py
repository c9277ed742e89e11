"""Makes the lexicon: joins phones with stress and learns letter-to-sound rules from most of the words."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.generators.speech.letter_learning import learn
from workbench.generators.speech.letter_rules import LetterRules
from workbench.generators.speech.lexicon import Lexicon, can_be_learnt, is_held_out, line_of
from workbench.generators.speech.lexicon_sources import Pronunciations, Sources
from workbench.generators.speech.phones import is_vowel, with_one_stress, without_stress
from workbench.generators.speech.possessive import with_s
from workbench.progress import progress_bar

_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz'")


def made_lexicon(sources: Sources) -> Lexicon:
    """A lexicon of the words of a dictionary, with the stress of another where that has the word."""
    dictionary = sources.dictionary
    known = {
        word: symbols
        for word, phones in dictionary.items()
        for symbols in [_same(phones, sources.stressed.get(word, ()))]
        if symbols is not None
    }
    rules = learn({w: s for w, s in known.items() if can_be_learnt(w) and not is_held_out(w)})
    coded: dict[str, str] = {}
    for word, phones in progress_bar(sorted(dictionary.items()), desc="coding", unit="word"):
        if not _is_kept(word, dictionary):
            continue
        symbols = known.get(word) or _guessed(word, phones, rules)
        coded[word] = line_of(word, symbols, rules, guessed=word not in known)
    return Lexicon(rules, coded, sources.digests)


def _same(phones: tuple[str, ...], given: Sequence[tuple[str, ...]]) -> tuple[str, ...] | None:
    """The first with these phones, or else the stress of the first that has as many vowels."""
    same = next((symbols for symbols in given if without_stress(symbols) == phones), None)
    if same is not None:
        return with_one_stress(same)
    for symbols in given:
        stress = [symbol[-1] for symbol in symbols if is_vowel(symbol)]
        if len(stress) == sum(map(is_vowel, phones)):
            return _with_stress(phones, stress)
    return None


def _guessed(word: str, phones: tuple[str, ...], rules: LetterRules) -> tuple[str, ...]:
    """Phones with the stress that the rules give the word, or where that does not fit, on the first vowel."""
    letters = "".join(letter for letter in word if letter.isalpha())
    stress = [symbol[-1] for symbol in rules.pronounce(letters) if is_vowel(symbol)]
    vowels = sum(map(is_vowel, phones))
    return _with_stress(phones, stress if len(stress) == vowels else ["0"] * vowels)


def _with_stress(phones: tuple[str, ...], stress: Sequence[str]) -> tuple[str, ...]:
    rest = iter(stress)
    return with_one_stress([f"{each}{next(rest)}" if is_vowel(each) else each for each in phones])


def _is_kept(word: str, dictionary: Pronunciations) -> bool:
    """Words of letters and apostrophes, and names of letters ("b."), but for possessives that follow a rule."""
    if len(word) == 2 and word[1] == "." and word[0] in _CHARACTERS:
        return True
    if not set(word) <= _CHARACTERS:
        return False
    base = dictionary.get(word.removesuffix("'s"))
    return not word.endswith("'s") or base is None or with_s(base) != dictionary[word]
