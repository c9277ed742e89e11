"""A grammar of phrases says these phrases, each in one way, and no other."""

import re

from hypothesis import given
from hypothesis import strategies as st

from workbench.audio.grammar import grammar_of

words = st.sampled_from(["one", "two", "a", "sixty"])
phrases = st.lists(st.lists(words, min_size=1, max_size=4).map(" ".join), min_size=1, max_size=9)


def _said(tokens: list[str]) -> list[str]:
    """All that a grammar's right side says: alternatives, groups and options, read from the left."""
    alternatives: list[list[str]] = [[""]]
    while tokens and tokens[0] not in ")]":
        token = tokens.pop(0)
        if token == "|":
            alternatives.append([""])
            continue
        if token in "([":
            following = _said(tokens) + [""] * (token == "[")
            tokens.pop(0)
        else:
            following = [token]
        alternatives[-1] = [f"{a} {b}".strip() for a in alternatives[-1] for b in following]
    return [said for each in alternatives for said in each]


@given(given_phrases=phrases)
def test_a_grammar_says_its_phrases(given_phrases: list[str]) -> None:
    grammar = grammar_of(given_phrases)
    assert grammar.startswith("#JSGF V1.0; grammar words; public <phrase> = ")
    right = grammar.split("= ")[1].rstrip(";")
    said = _said(re.findall(r"\w+|[|()\[\]]", right))
    assert sorted(said) == sorted(set(given_phrases))
