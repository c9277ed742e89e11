"""The exception and the warning that are meant for people: a sentence that says what, where and what to do."""

from __future__ import annotations

import operator
import reprlib
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

_MOST_NAMES = 20  # that a message lists


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


def whole_number(value: object, what: str) -> int:
    """`value` as Python's own integer, NumPy's too; WorkbenchError, calling it `what`, for what is none."""
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise WorkbenchError(f"{what} is {described(value)}; give a whole number") from None


def described(value: object) -> str:
    """A wrong value for a message, on one short line: 'flips=3' (str), or its type alone."""
    name = type(value).__name__
    plain = isinstance(value, str | bytes | int | float | list | tuple | dict | None.__class__)
    return f"{reprlib.repr(value)} ({name})" if plain else f"of the type {name}"


def reason_of(error: BaseException, *, brief: bool = False) -> str:
    """Why something failed, on one line for a message: a WorkbenchError's sentence, others' type and text.

    brief: the first line of others, without their type unless there is no text: for errors that are
    expected, of libraries that write pages.
    """
    lines = [" ".join(line.split()) for line in str(error).splitlines() if line.strip()]
    name = type(error).__name__
    if isinstance(error, WorkbenchError):
        return " ".join(lines)
    if brief:
        return lines[0] if lines else name
    return f"{name}: {' '.join(lines)}" if lines else name


def nearest(name: object, known: Iterable[str], *, also: Iterable[str] = ()) -> str:
    """The end of a message about an unknown name: the nearest known one, or those that there are.

    also: other names of the same things, to guess but not to list.
    """
    names = list(known)
    near = closest(name, [*names, *also])
    if near is not None:
        return f"did you mean {_quoted(near)}?"
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return f"choose one of {', '.join(map(_quoted, names[:_MOST_NAMES]))}{more}"


def closest(name: object, known: Iterable[str]) -> str | None:
    """The known name that is most probably meant, whatever its case: CRC is crc-scrub; None for none.

    A name that begins with `name` comes before one that is spelt like it, a whole part of it first.

    >>> closest("CRC", ["none", "crc-scrub", "crc16-scrub"])
    'crc-scrub'
    """
    asked, names = _folded(str(name)), {each: _folded(each) for each in known}
    begin = [each for each, folded in names.items() if asked and folded.startswith(asked)]
    if begin:
        return min(
            begin, key=lambda each: (not f"{names[each]}-".startswith(f"{asked}-"), len(each))
        )
    near = get_close_matches(asked, names.values(), n=1)
    return next((each for each, folded in names.items() if [folded] == near), None)


def _folded(name: str) -> str:
    return name.strip().casefold().replace("_", "-").replace(" ", "-")


def _quoted(name: str) -> str:
    return name if name.isprintable() and not set(name) & set(" ,;'\"\\") else repr(name)
