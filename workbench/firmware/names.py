"""Names of a program as C identifiers: legal, unique, and still readable."""

from __future__ import annotations

import re

from workbench.errors import WorkbenchError, expect

PREFIX = "model"  # where nothing else is asked for
_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,30}")
_KEYWORDS = frozenset(
    [
        "auto",
        "break",
        "case",
        "char",
        "const",
        "continue",
        "default",
        "do",
        "double",
        "else",
        "enum",
        "extern",
        "float",
        "for",
        "goto",
        "if",
        "inline",
        "int",
        "long",
        "main",
        "register",
        "restrict",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "struct",
        "switch",
        "typedef",
        "union",
        "unsigned",
        "void",
        "volatile",
        "while",
    ]
)
_LONGEST = 48  # with what is put before and behind, below C99's 63 significant characters


def checked_prefix(prefix: str) -> str:
    """`prefix` itself, when every exported name can start with it; WorkbenchError otherwise."""
    expect(prefix, str, "the prefix of a firmware", 'text, as "model"')
    if not _PREFIX.fullmatch(prefix) or prefix in _KEYWORDS or f"{prefix}_".startswith("wb_"):
        raise WorkbenchError(
            f"the prefix {prefix!r} does not make C names; use a lower-case letter followed by up "
            "to 30 of a-z, 0-9 and underscore, no keyword, not wb and nothing that starts with wb_"
        )
    return prefix


class Names:
    """Identifiers for the names of one kind, such as all operators, each always the same."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, name: str) -> str:
        """What `name` is called in C, to be put behind a prefix; unique also in upper case."""
        if name not in self._given:
            plain = re.sub(r"[^A-Za-z0-9]", "_", name)[:_LONGEST]
            made, number = plain, 2
            while made.lower() in self._taken:
                made, number = f"{plain}_{number}", number + 1
            self._taken.add(made.lower())
            self._given[name] = made
        return self._given[name]
