"""Guards of the same bytes that repair them from different sources.

As long as the golden copy is sound all sources hold the same bytes. Once it is damaged, the working copy
cannot agree with two of them, and each guard would undo the other's repair, "healed" every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from workbench.errors import WorkbenchError
from workbench.healing.strategies.guard import Guard
from workbench.memory.watches.areas import GOLDEN_COPY, MADE, START_UP
from workbench.memory.watches.watch import Watch


def refuse_conflicts(guards: Sequence[Guard], watches: Sequence[Watch]) -> None:
    """Raise WorkbenchError for two guards that may undo each other's repairs for ever."""
    for one, other in combinations(zip(guards, watches, strict=False), 2):
        if not (_conflict(*one, other[0]) or _conflict(*other, one[0])):
            continue
        shared = np.intersect1d(one[1].watched(), other[1].watched(), assume_unique=True)
        if shared.size:
            first, *_ = one[1].layout.contents(shared)
            raise WorkbenchError(
                f"guards conflict: {one[0].area.code} repairs {first} from {_source(one[0])} and "
                f"{other[0].area.code} from {_source(other[0])}, so that each undoes the other's repairs "
                "where the golden copy is damaged; give each its own bytes, or leave one without a ladder"
            )


def _conflict(one: Guard, watch: Watch, other: Guard) -> bool:
    """Whether `one` makes bytes right, by a source of its own, that `other` then repairs again.

    Not where `other` compares with the golden copy and asks `one` first. RESTORE by a code is of two sources that agree
    with each other, so only CORRECT makes a conflict with the golden copy; REBOOT makes what lies in RAM anew, and none
    with that. What start-up found agrees with a golden copy that was damaged before, so that there RESTORE makes a
    conflict with checks in flash.
    """
    writes = [action for action in other.actions if not action.unprunes]
    if not any(action.corrects for action in one.actions) or not writes:
        return False
    if _source(other) == GOLDEN_COPY:
        return not watch.vouches and (_source(one) == MADE or not writes[0].restarts)
    return (_source(one), _source(other)) == (MADE, START_UP)


def _source(guard: Guard) -> str:
    """What the bytes of a unit are compared with; "" of sums, which take none of them from there."""
    return guard.area.kind.compared_with(guard.area)
