"""The exception and the warning that are meant for people: a sentence that says what, where and what to do."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


class WorkbenchError(Exception):
    """A mistake in the input or the surroundings that the user can mend.

    The message is one sentence naming what is wrong, where, and what to do about it. The command
    line prints it and leaves with exit status 2; in a notebook it is the last line of the traceback.
    """


class WorkbenchWarning(UserWarning):
    """Something that a user should know and that stops nothing.

    The command line prints each on standard error; `warnings.simplefilter` silences them elsewhere.
    """


def expect(value: object, kind: type[Any] | tuple[type[Any], ...], what: str, cure: str) -> None:
    """Raise WorkbenchError unless `value` is a `kind`.

    what: the argument as a user would call it, "the image". cure: what to give instead.
    """
    if not isinstance(value, kind):
        raise WorkbenchError(f"{what} is {described(value)}; give {cure}")


def described(value: object) -> str:
    """A wrong value for a message, on one short line: 'flips=3' (str), or its type alone."""
    name = type(value).__name__
    plain = isinstance(value, str | bytes | int | float | list | tuple | dict | None.__class__)
    return f"{reprlib.repr(value)} ({name})" if plain else f"of the type {name}"


def nearest(name: object, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, or all of them."""
    names = list(known)
    near = get_close_matches(str(name), names, n=1)
    return f"did you mean {near[0]}?" if near else f"choose one of {', '.join(names)}"
