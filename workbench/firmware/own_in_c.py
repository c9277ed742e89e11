"""C of one's own that a strategy or a program needs, for processes that did not register it.

Layout: entries of the tables of `guards.guard_registry`, `guards.codes`, `remedies_in_c`, `operators` and `scratch`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workbench.firmware.guards.codes import CODES
from workbench.firmware.guards.guard_registry import KINDS_IN_C
from workbench.firmware.operators import CALLS, CONSTANTS
from workbench.firmware.remedies_in_c import REMEDIES_IN_C, RemedyInC
from workbench.firmware.scratch import WORK_BYTES
from workbench.healing.log import FIRST_OWN, Remedy
from workbench.healing.remedies import REMEDIES, Action
from workbench.healing.strategies.own_parts import parts_of
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program
from workbench.memory.watches.areas import Kind
from workbench.own_code import own_digest

_TABLES: tuple[dict[Any, Any], ...] = (KINDS_IN_C, CODES, CALLS, CONSTANTS, WORK_BYTES)
_SHIPPED_KEYS = frozenset(key for table in _TABLES for key in table)


@dataclass(frozen=True)
class OwnInC:
    """Entries to be put into the tables.

    Args:
        entries: (number in _TABLES, class, entry).
        remedies: (number of a remedy, what it does in Python, entry).
    """

    entries: tuple[tuple[int, type, Any], ...]
    remedies: tuple[tuple[int, Action, RemedyInC], ...]

    @classmethod
    def of(cls, program: Program, strategy: Strategy) -> OwnInC:
        """What this process has registered for them beside what ships."""
        own = [
            (number, key, table[key])
            for number, table in enumerate(_TABLES)
            for key in dict.fromkeys(_classes(program, strategy))
            if key in table and key not in _SHIPPED_KEYS
        ]
        remedies = [
            (int(rung), REMEDIES[rung], REMEDIES_IN_C[rung])
            for rung in sorted({rung for guard in strategy.guards for rung in guard.ladder})
            if rung >= FIRST_OWN and rung in REMEDIES_IN_C
        ]
        return cls(tuple(own), tuple(remedies))

    def enter(self) -> None:
        """Put them into the tables of this process, in place of earlier ones."""
        for number, key, entry in self.entries:
            _TABLES[number][key] = entry
        for number, _, entry in self.remedies:
            REMEDIES_IN_C[Remedy(number)] = entry


def own_code_of(program: Program, strategy: Strategy) -> str:
    """The digest of all code of one's own, Python and C, that a device's figures depend on; "" for none."""
    own = OwnInC.of(program, strategy)
    return own_digest(
        [*map(type, program.operators), *parts_of(strategy), *own.entries, *own.remedies]
    )


def _classes(program: Program, strategy: Strategy) -> Iterator[type]:
    """By which operators, kinds and codes are looked up in the tables."""
    yield from map(type, program.operators)
    for part in parts_of(strategy):
        if isinstance(part, Kind):
            yield from type(part).__mro__
            yield type(getattr(part, "code", None))
