r"""Several words as one text, as --words takes them: commas between them, `\,` and `\\` for , and \ in a word."""

from __future__ import annotations

import re
from collections.abc import Iterable


def in_one_text(words: Iterable[str]) -> str:
    """The text of at least one word; the inverse of `words_in`."""
    return ",".join(re.sub(r"([\\,])", r"\\\1", word) for word in words)


def words_in(text: str) -> list[str]:
    r"""The words of a text, some perhaps empty. A backslash before anything but a comma or one more stands for itself.

    >>> words_in(r"seven,one\, two")
    ['seven', 'one, two']
    """
    words = [""]
    for piece in re.findall(r"\\[\\,]|,|[^\\,]+|\\", text):
        if piece == ",":
            words.append("")
        else:
            words[-1] += piece[1:] if piece in (r"\\", r"\,") else piece
    return words
