"""Guards of the same bytes that repair them from different sources.

As long as the golden copy is sound all sources hold the same bytes. Once it is damaged, the working copy
cannot agree with two of them, and each guard would undo the other's repair, "healed" every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import WorkbenchError
from workbench.healing.log import Remedy
from workbench.memory.watches.areas import ABFT, GOLDEN, RAM, SELF_TEST, TRIPLE
from workbench.memory.watches.pages import Watch
from workbench.memory.watches.triple import TripleWatch

if TYPE_CHECKING:
    from workbench.healing.strategy import Guard

_COPY, _MADE, _FOUND = "the golden copy", "checks in flash", "what start-up found"


def refuse_conflicts(guards: Sequence[Guard], watches: Sequence[Watch]) -> None:
    """Raise WorkbenchError for two guards that may undo each other's repairs for ever."""
    for one, other in combinations(zip(guards, watches, strict=False), 2):
        if not (_conflict(one[0], other[0]) or _conflict(other[0], one[0])):
            continue
        shared = np.intersect1d(_bytes(one[1]), _bytes(other[1]), assume_unique=True)
        if shared.size:
            first, *_ = one[1].layout.contents(shared)
            raise WorkbenchError(
                f"guards conflict: {one[0].area.code} repairs {first} from {_source(one[0])} and "
                f"{other[0].area.code} from {_source(other[0])}, so that each undoes the other's repairs "
                "where the golden copy is damaged; give each its own bytes, or leave one without a ladder"
            )


def _conflict(one: Guard, other: Guard) -> bool:
    """Whether `one` makes bytes right, by a source of its own, that `other` then repairs again.

    RESTORE by a code is of two sources that agree with each other, so only CORRECT makes a conflict with
    the golden copy; REBOOT makes what lies in RAM anew, and none with that. What start-up found agrees with a
    golden copy that was damaged before, so that there RESTORE makes a conflict with checks in flash.
    """
    if Remedy.CORRECT not in one.ladder or not other.ladder:
        return False
    if _source(other) == _COPY:
        return _source(one) == _MADE or other.ladder[0] != Remedy.REBOOT
    return (_source(one), _source(other)) == (_MADE, _FOUND)


def _source(guard: Guard) -> str:
    """What the bytes of a unit are compared with; "" of sums, which take none of them from there."""
    area = guard.area
    if area.code in (ABFT, SELF_TEST):
        return ""
    if area.code == GOLDEN:
        return _COPY
    return _FOUND if area.code == TRIPLE or area.keep == RAM else _MADE


def _bytes(watch: Watch) -> np.ndarray:
    """Addresses in the working copy, int64 [bytes]."""
    return watch.chosen if isinstance(watch, TripleWatch) else np.arange(watch.start, watch.stop)
