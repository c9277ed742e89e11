"""Options of a study, read from plain data into dataclasses with one sentence for each mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_type_hints

from workbench.errors import WorkbenchError, described, nearest

_Options = TypeVar("_Options")
_WORDS: dict[Any, tuple[type[Any] | tuple[type[Any], ...], str]] = {
    str: (str, 'text, as "broken"'),
    int: (int, "a whole number"),
    bool: (bool, "true or false"),
    float: ((int, float), "a number"),
}


def read_options(kind: type[_Options], given: Mapping[str, Any], where: str) -> _Options:
    """An object of the dataclass `kind` from plain data.

    Args:
        kind: Whose fields are texts, numbers, tuples of texts, or dictionaries.
        given: By name of the field, as TOML has it.
        where: Begins the sentence of what is wrong, as "[[table]] classes".

    Raises:
        WorkbenchError: A key is unknown, one that is needed is missing, or a value is of another type.
    """
    types = get_type_hints(kind)
    for key in given:
        if key not in types:
            raise WorkbenchError(f"{where} has an unknown key {key!r}; {nearest(key, types)}")
    values = {key: _read(types[key], value, f"{key} in {where}") for key, value in given.items()}
    for each in fields(kind):  # type: ignore[arg-type]
        if each.default is MISSING and each.default_factory is MISSING and each.name not in values:
            raise WorkbenchError(f"{where} has no {each.name}; give it")
    return kind(**values)


def _read(wanted: Any, value: Any, what: str) -> Any:
    if wanted in _WORDS:
        accepted, cure = _WORDS[wanted]
        if not isinstance(value, accepted) or (isinstance(value, bool) and wanted is not bool):
            raise WorkbenchError(f"{what} is {described(value)}; give {cure}")
        return value
    if wanted == tuple[str, ...]:
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise WorkbenchError(f'{what} is {described(value)}; give a list of texts, as ["7"]')
        return tuple(texts)
    if not isinstance(value, dict):
        raise WorkbenchError(f"{what} is {described(value)}; give a table of keys and values")
    inner = wanted.__args__[1]
    return {
        key: _read(inner, each, f"{key} of {what}") if inner is not Any else each
        for key, each in value.items()
    }
