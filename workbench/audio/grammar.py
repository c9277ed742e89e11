"""A grammar of phrases for a speech recogniser, in which equal beginnings are one path: many phrases stay fast."""

from __future__ import annotations

from collections.abc import Iterable

_END = ""  # in a node: a phrase may end here
_Node = dict[str, "_Node"]


def grammar_of(phrases: Iterable[str]) -> str:
    """JSGF in which one of some phrases is said, each words with blanks between them.

    >>> grammar_of(["sixty", "sixty one", "six"])
    '#JSGF V1.0; grammar words; public <phrase> = sixty [ one ] | six;'
    """
    first: _Node = {}
    for phrase in phrases:
        node = first
        for word in phrase.split():
            node = node.setdefault(word, {})
        node[_END] = {}
    return f"#JSGF V1.0; grammar words; public <phrase> = {' | '.join(_paths(first))};"


def _paths(node: _Node) -> list[str]:
    return [f"{word} {_after(next_)}".strip() for word, next_ in node.items() if word != _END]


def _after(node: _Node) -> str:
    """What follows a word: optional where a phrase may end with it."""
    paths = _paths(node)
    said = " | ".join(paths)
    if _END in node:
        return f"[ {said} ]" if paths else ""
    return f"( {said} )" if len(paths) > 1 else said
