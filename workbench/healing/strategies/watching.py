"""Strategies around monitors of behaviour, whose alarms have memory checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workbench.healing.log import Remedy
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.named import self_test, two_speeds
from workbench.healing.strategies.policy import Policy
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.watches.areas import Area

AUTONOMIC = "autonomic"
# The most critical first: biases and shifts are a fortieth of the bytes and most of the harm.
_BY_CRITICALITY = (("bias", "shift"), ("embed",), ("table",), ("weights",))
_PAGE_BYTES = 1024
_HEALS, _REFILL_FRAMES = (
    32,
    25,
)  # a remedy every quarter second, and as many at once as two alarms find


def watched_by(area: Area) -> Strategy:
    """The monitor alone: after an alarm, what differs from the golden copy is restored.

    No page is looked at at any other time. Where nothing differs, histories and monitors are reset.
    """
    pages = [Guard(Area("golden", sections, _PAGE_BYTES), 0) for sections in _BY_CRITICALITY]
    return Strategy(area.code, (Guard(area, ladder=(Remedy.RESET,)), *pages))


def autonomic(areas: Sequence[Area]) -> Strategy:
    """Checks of memory, the most critical first, beside monitors of behaviour and golden inputs.

    An alarm has all pages checked at once. Where they are sound it is left alone, since resetting histories in mid-word
    does more harm than most disturbances; where it happens again, golden inputs decide: they fail, and all is restored, or
    the data are other ones, and nothing is done. Golden inputs validate every remedy, and remedies have a budget.
    """
    weights, rest = two_speeds().guards
    (test,) = self_test(1, moments=2).guards
    monitors = [Guard(area, ladder=()) for area in areas]
    return Strategy(
        AUTONOMIC,
        (*monitors, rest, weights, replace(test, per_frame=0)),
        Policy(heals=_HEALS, refill_frames=_REFILL_FRAMES, validate=True),
    )
