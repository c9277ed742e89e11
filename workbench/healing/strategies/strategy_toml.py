"""A strategy as TOML, to be written and edited by hand; every value is checked when it is read.

Layout: `name`, perhaps `source`, `spare_pages` and `versions`; a table [[guard]] for each guard with the keywords of
`composing.guard`, `code` and `sections` among them; perhaps a table [policy] with the fields of `Policy`.
What is left out has its usual value.

    name = "mine"

    [[guard]]
    code = "pq"
    sections = ["weights"]
    repair = ["correct", "restore"]
    unit_bytes = 1024
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Iterable
from typing import Any

from workbench.errors import WorkbenchError, expect, nearest
from workbench.healing.strategies.composing import OF_GUARD, guard
from workbench.healing.strategies.policy import Policy
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.watches.areas import area_of, settings_of

_OF_STRATEGY = ("name", "source", "spare_pages", "versions")
_GUARD = "guard"  # the key of the list of guards
_POLICY = "policy"


def strategy_to_toml(strategy: Strategy) -> str:
    """The text of a file; values that are the usual ones are left out."""
    usual = Strategy(strategy.name)
    head = {
        name: getattr(strategy, name)
        for name in _OF_STRATEGY
        if name == "name" or getattr(strategy, name) != getattr(usual, name)
    }
    parts = [_lines(head)]
    parts += [f"[[{_GUARD}]]\n{_lines(guard_settings(each))}" for each in strategy.guards]
    if strategy.policy != Policy():
        changed = _changed(strategy.policy, Policy(), (f.name for f in dataclasses.fields(Policy)))
        parts.append(f"[{_POLICY}]\n{_lines(changed)}")
    return "\n".join(parts)


def strategy_from_toml(data: bytes, source: str) -> Strategy:
    """The strategy in a file's contents; source: for messages.

    Raises WorkbenchError for what is no TOML, unknown keys, with the nearest one, and impossible values.
    """
    try:
        contents = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise WorkbenchError(f"{source} is not valid TOML ({error}); mend it") from error
    try:
        return _strategy(contents)
    except WorkbenchError as error:
        raise WorkbenchError(f"{source}: {error}") from error


def guard_settings(made: Guard) -> dict[str, Any]:
    """The keywords of `composing.guard` that make this one; usual values are left out, but for code and repair."""
    area = made.area
    whole = area.sections == WORKING_SECTIONS
    plain = Guard(area_of({"code": area.code, "sections": area.sections}), ladder=())
    return {
        "code": area.code,
        **({} if whole else {"sections": area.sections}),
        "repair": [remedy.name.lower() for remedy in made.ladder],
        **_changed(area, plain.area, settings_of(area.code)),
        **_changed(made, plain, OF_GUARD),
    }


def _changed(made: object, usual: object, names: Iterable[str]) -> dict[str, Any]:
    return {
        name: value
        for name in names
        if (value := getattr(made, name, None)) != getattr(usual, name, None)
    }


def _lines(table: dict[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    """As TOML; texts are printable, so that JSON's escapes are TOML's."""
    plain = list(value) if isinstance(value, tuple) else value
    return json.dumps(plain, ensure_ascii=False)


def _strategy(contents: dict[str, Any]) -> Strategy:
    _refuse_unknown(contents, (*_OF_STRATEGY, _GUARD, _POLICY), "the strategy")
    if "name" not in contents:
        raise WorkbenchError('the strategy has no name; write name = "..." at the top')
    guards = contents.get(_GUARD, [])
    expect(guards, list, "guard", f"tables, each below a line [[{_GUARD}]]")
    policy = contents.get(_POLICY, {})
    expect(policy, dict, "the policy", f"a table below a line [{_POLICY}]")
    _refuse_unknown(policy, [field.name for field in dataclasses.fields(Policy)], "the policy")
    return Strategy(
        guards=tuple(_guard(table, number) for number, table in enumerate(guards, 1)),
        policy=Policy(**policy),
        **{name: contents[name] for name in _OF_STRATEGY if name in contents},
    )


def _guard(table: object, number: int) -> Guard:
    what = f"guard {number}"
    if not isinstance(table, dict):
        raise WorkbenchError(f"{what} is no table; write it below a line [[{_GUARD}]]")
    _refuse_unknown(
        table, ("code", "sections", "repair", *settings_of(table.get("code")), *OF_GUARD), what
    )
    if "code" not in table:
        raise WorkbenchError(f'{what} has no code; write for example code = "crc32"')
    rest = {name: value for name, value in table.items() if name not in ("code", "sections")}
    sections = table.get("sections", [])
    try:
        return guard(
            table["code"], *(sections if isinstance(sections, list) else [sections]), **rest
        )
    except WorkbenchError as error:
        raise WorkbenchError(f"{what}: {error}") from error


def _refuse_unknown(table: dict[str, Any], known: Iterable[str], what: str) -> None:
    names = list(known)
    for name in table:
        if name not in names:
            raise WorkbenchError(f"{what} has no key {name!r:.60}; {nearest(name, names)}")
