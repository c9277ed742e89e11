"""What a strategy has of one's own: kinds and codes of guards, and remedies."""

from __future__ import annotations

from workbench.healing.strategies.strategy import Strategy
from workbench.memory.watches.areas import KINDS


def parts_of(strategy: Strategy) -> list[object]:
    """Kinds, with their codes, and remedies of all guards, shipped ones among them; see `own_digest`."""
    parts: list[object] = []
    for guard in strategy.guards:
        parts += [KINDS[name] for name in (guard.area.code, guard.area.second) if name]
        parts += guard.actions
    return parts
