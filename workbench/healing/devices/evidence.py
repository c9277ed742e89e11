"""Who is damaged where a unit disagrees with its check: witnesses, and the table of what they prove.

A witness that was copied from another proves nothing about it: start-up fills the working copy from the
golden copy and makes the checks in RAM from the working copy. So a working copy that equals its golden
copy does not show that a check in flash is wrong; both may hold damage that was there before start-up.

Reference: minimum-distance decoding over the witnesses, the explanation that needs the fewest damaged
parts; where two that differ need as many, nobody can tell. Layout: what the witnesses say of a unit is
a set of bits, `Says`; the firmware gets the same bits from C and the same table from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntFlag

import numpy as np

from workbench.healing.log import Diagnosis, Verdict
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.policy import Policy
from workbench.memory.codes.signatures import Judgement
from workbench.memory.watches.watch import Watch, cleared_by_pages


class Says(IntFlag):
    """What is known of a unit that disagrees with its check; the numbers are those of the C runtime.

    CLEARED: a code's judgement, a second check that agrees, or pages of other guards that all agree with
    theirs say that the working copy is sound.
    BLAMED: a code's judgement says that it is damaged. GOLDEN_AGREES: the golden copy agrees with the
    check. GOLDEN_CLEARED, GOLDEN_BLAMED: as the first two, of the golden copy. SAME: working copy and
    golden copy are equal. TWO_DISAGREE: so does the second check with the working copy. LATENT: the golden copy is
    wrong and the working copy that was made from it is right. What a guard is, too: READS_GOLDEN, it has a golden copy;
    TWO_CHECKS; REMADE, its checks are made from the working copy at start-up.
    """

    CLEARED = 1
    BLAMED = 2
    GOLDEN_AGREES = 4
    GOLDEN_CLEARED = 8
    GOLDEN_BLAMED = 16
    SAME = 32
    READS_GOLDEN = 64
    TWO_CHECKS = 128
    REMADE = 256
    TWO_DISAGREE = 512
    LATENT = 1024


_G = Says.READS_GOLDEN
_CONTRADICTED = Says.TWO_CHECKS | Says.CLEARED | Says.GOLDEN_AGREES
# (bits that count, their values, diagnosis): the first row that fits decides.
TABLE: tuple[tuple[Says, Says, Diagnosis], ...] = (
    # Without a golden copy: the code's own judgement, then the majority of the checks.
    (_G | Says.CLEARED, Says.CLEARED, Diagnosis.CHECK),
    (_G | Says.BLAMED, Says.BLAMED, Diagnosis.MEMORY),
    (_G | Says.TWO_DISAGREE, Says.TWO_DISAGREE, Diagnosis.MEMORY),
    (_G, Says(0), Diagnosis.PRESUMED),
    # A second check clears the working copy and blames a golden copy that the first agrees with.
    (_CONTRADICTED | Says.GOLDEN_BLAMED, _CONTRADICTED | Says.GOLDEN_BLAMED, Diagnosis.CHECK),
    (_CONTRADICTED, _CONTRADICTED, Diagnosis.AMBIGUOUS),
    # Golden copy and check, which nobody copied from each other, agree: they are right.
    (Says.GOLDEN_AGREES, Says.GOLDEN_AGREES, Diagnosis.MEMORY),
    # The working copy is cleared; where a golden copy that differs is cleared as well, some code errs.
    (
        Says.CLEARED | Says.GOLDEN_CLEARED | Says.SAME,
        Says.CLEARED | Says.GOLDEN_CLEARED,
        Diagnosis.AMBIGUOUS,
    ),
    (Says.CLEARED, Says.CLEARED, Diagnosis.CHECK),
    (Says.GOLDEN_CLEARED, Says.GOLDEN_CLEARED, Diagnosis.MEMORY),
    # Neither copy is cleared, and one is blamed, or both have two checks against them.
    (Says.BLAMED, Says.BLAMED, Diagnosis.GOLDEN),
    (Says.GOLDEN_BLAMED, Says.GOLDEN_BLAMED, Diagnosis.GOLDEN),
    # A check that was made from the working copy at start-up has been damaged since.
    (Says.REMADE | Says.SAME, Says.REMADE | Says.SAME, Diagnosis.CHECK),
    (Says.TWO_DISAGREE | Says.SAME, Says.TWO_DISAGREE | Says.SAME, Diagnosis.GOLDEN),
    (Says(0), Says(0), Diagnosis.AMBIGUOUS),
)
# The first row, where some guard can tell that the golden copy alone is damaged.
LATENT_ROW = (Says.LATENT, Says.LATENT, Diagnosis.LATENT)


_ROWS = [
    (int(counts), int(values), diagnosis) for counts, values, diagnosis in (LATENT_ROW, *TABLE)
]

Guards = Sequence[tuple[Guard, Watch]]


def diagnose(guards: Guards, number: int, data: np.ndarray, unit: int) -> Diagnosis:
    """What the witnesses of a unit that disagrees with its check prove; data: of an image, uint8.

    guards: all of the strategy, of which number `number` asks.
    """
    says = int(facts(*guards[number]) | witnesses(guards, number, data, unit))
    return next(diagnosis for counts, values, diagnosis in _ROWS if says & counts == values)


_FACTS = Says.READS_GOLDEN | Says.TWO_CHECKS | Says.REMADE


def rows_for(guards: Guards) -> list[tuple[Says, Says, Diagnosis]]:
    """The rows that some of these guards can meet, in their order."""
    kinds = [facts(*each) for each in guards]
    latent = any(watch.tells_latent for _, watch in guards)
    return [LATENT_ROW] * latent + [
        row for row in TABLE if any((kind & row[0] & _FACTS) == (row[1] & _FACTS) for kind in kinds)
    ]


def facts(guard: Guard, watch: Watch) -> Says:
    """What a guard has to judge by, whatever happens."""
    says = Says(0)
    if guard.golden_is_witness:
        says |= Says.READS_GOLDEN
    if watch.two_checks:
        says |= Says.TWO_CHECKS
    if watch.remade:
        says |= Says.REMADE
    return says


def witnesses(guards: Guards, number: int, data: np.ndarray, unit: int) -> Says:
    """What they say of a unit that disagrees with its check."""
    guard, watch = guards[number]
    says = _AS_SAID[watch.judged(data, unit)]
    if watch.second_wrong(data, unit):
        says |= Says.TWO_DISAGREE
    if watch.latent(data, unit):
        says |= Says.LATENT
    if not guard.golden_is_witness:
        return says
    if not watch.wrong(data, unit, golden=True):
        says |= Says.GOLDEN_AGREES
    elif watch.asks_pages and _cleared_by_pages(guards, watch, data, unit):
        says |= Says.CLEARED
    golden = watch.judged(data, unit, golden=True)
    if golden == Judgement.CLEARS:
        says |= Says.GOLDEN_CLEARED
    if golden == Judgement.BLAMES:
        says |= Says.GOLDEN_BLAMED
    return says | Says.SAME if watch.same_as_golden(data, unit) else says


def pages_prove(guards: Guards) -> bool:
    """Whether pages of some guard can show that what another guard takes for wrong is sound."""
    return any(watch.proves for _, watch in guards)


def _cleared_by_pages(guards: Guards, watch: Watch, data: np.ndarray, unit: int) -> bool:
    """Whether pages of other guards cover a whole unit, and all agree with their checks."""
    pages = [other for _, other in guards if other.proves]
    return all(cleared_by_pages(pages, data, at, stop) for at, stop in watch.ranges(unit))


_AS_SAID = {
    Judgement.UNSURE: Says(0),
    Judgement.CLEARS: Says.CLEARED,
    Judgement.BLAMES: Says.BLAMED,
}


def validated(guard: Guard, policy: Policy, guards: Guards, data: np.ndarray) -> Verdict:
    """What a remedy of `guard` is after which unit and check agree: golden inputs may refute it.

    They cannot where they fail with the golden copy as well. guards: all of the strategy.
    """
    if not policy.validate or guard.area.kind.validates or guard.area.kind.stream:
        return Verdict.HEALED
    test = next(watch for each, watch in guards if each.area.kind.validates)
    refuted = any(
        test.wrong(data, unit) and not test.wrong(data, unit, golden=True)
        for unit in range(test.units)
    )
    return Verdict.INVALID if refuted else Verdict.HEALED
