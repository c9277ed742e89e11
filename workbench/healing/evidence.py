"""Who is wrong where a unit disagrees with its check: decided by the code, a second check, or the golden copy.

Layout: functions take the bytes of a whole image, uint8, as `workbench.memory.watch` does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.healing.log import Diagnosis, Verdict
from workbench.healing.strategy import Guard, Policy
from workbench.memory.areas import GOLDEN, SELF_TEST
from workbench.memory.watch import PageWatch, Watch
from workbench.memory.watch_triple import TripleWatch


def diagnose(guard: Guard, watch: Watch, data: np.ndarray, unit: int) -> Diagnosis:
    """By the best evidence that a guard has; memory where it has none."""
    if isinstance(watch, TripleWatch):
        return Diagnosis.MEMORY if watch.data_wrong(data, unit) else Diagnosis.CHECK
    if isinstance(watch, PageWatch) and watch.code.self_evident:
        if watch.data_wrong(data, unit):
            return Diagnosis.MEMORY
        # Four flips and more may deceive a code.
        return by_golden(watch, data, unit) if guard.reads_golden else Diagnosis.CHECK
    if isinstance(watch, PageWatch) and watch.second:
        return Diagnosis.MEMORY if watch.second_wrong(data, unit) else Diagnosis.CHECK
    if guard.area.code != GOLDEN and guard.reads_golden:
        return by_golden(watch, data, unit)
    return Diagnosis.MEMORY


def validated(
    guard: Guard, policy: Policy, guards: Sequence[tuple[Guard, Watch]], data: np.ndarray
) -> Verdict:
    """What a remedy of `guard` is after which unit and check agree: golden inputs may refute it.

    They cannot where they fail with the golden copy as well. guards: all of the strategy.
    """
    if not policy.validate or guard.area.code == SELF_TEST:
        return Verdict.HEALED
    (test,) = (watch for each, watch in guards if each.area.code == SELF_TEST)
    refuted = any(
        test.wrong(data, unit) and not test.wrong(data, unit, golden=True)
        for unit in range(test.units)
    )
    return Verdict.INVALID if refuted else Verdict.HEALED


def by_golden(watch: Watch, data: np.ndarray, unit: int) -> Diagnosis:
    """By whether the golden copy agrees with the check."""
    if not watch.wrong(data, unit, golden=True):
        return Diagnosis.MEMORY
    return Diagnosis.CHECK if watch.same_as_golden(data, unit) else Diagnosis.AMBIGUOUS
