"""A strategy as lines of Python that make it, through the public face."""

from __future__ import annotations

from dataclasses import fields

from workbench.healing.strategies.policy import Policy
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.healing.strategies.strategy_toml import guard_settings

_SHOWN = ("name", "guards", "policy")


def strategy_lines(strategy: Strategy) -> list[str]:
    """Lines after which `mine` is this strategy."""
    usual = Policy()
    policy = [
        f"{field.name}={getattr(strategy.policy, field.name)!r}"
        for field in fields(Policy)
        if getattr(strategy.policy, field.name) != getattr(usual, field.name)
    ]
    more = [f"    wb.Policy({', '.join(policy)}),"] if policy else []
    plain = Strategy("plain")
    for field in fields(Strategy):
        value = getattr(strategy, field.name)
        if field.name not in _SHOWN and value != getattr(plain, field.name):
            more.append(f"    {field.name}={value!r},")
    return [
        "mine = wb.Strategy(",
        f"    {strategy.name!r},",
        "    [",
        *(f"        {_call(each)}," for each in strategy.guards),
        "    ],",
        *more,
        ")",
    ]


def _call(made: Guard) -> str:
    settings = guard_settings(made)
    words = [repr(settings.pop("code")), *map(repr, settings.pop("sections", ()))]
    words += [f"{name}={value!r}" for name, value in settings.items()]
    return f"wb.guard({', '.join(words)})"
