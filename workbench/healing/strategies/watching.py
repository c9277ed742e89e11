"""Strategies around a monitor of behaviour, whose alarms have memory checked."""

from __future__ import annotations

from workbench.healing.log import Remedy
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.watches.areas import Area

# The most critical first: biases and shifts are a fortieth of the bytes and most of the harm.
_BY_CRITICALITY = (("bias", "shift"), ("embed",), ("table",), ("weights",))
_PAGE_BYTES = 1024


def watched_by(area: Area) -> Strategy:
    """The monitor alone: after an alarm, what differs from the golden copy is restored.

    No page is looked at at any other time. Where nothing differs, histories and monitors are reset.
    """
    pages = [Guard(Area("golden", sections, _PAGE_BYTES), 0) for sections in _BY_CRITICALITY]
    return Strategy(area.code, (Guard(area, ladder=(Remedy.RESET,)), *pages))
