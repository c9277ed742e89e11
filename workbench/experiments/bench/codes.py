"""Detection rates of codes: random faults of a few bits in a page, and flips that an attacker chooses.

Reference for the second: RADAR, Li et al. 2021, https://arxiv.org/abs/2101.08254, whose signatures of 2
bits of groups of 512 weights find 9.6 of 10 flips of progressive bit search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.integer.sections import WEIGHTS
from workbench.memory.image import Image
from workbench.memory.layout import Layout
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.watches.areas import KINDS, SIGNATURES, Area
from workbench.memory.watches.pages import PageWatch
from workbench.memory.watches.syndromes import detected, faults_in_a_unit

FLIPS = (1, 2, 3, 4, 8)
GROUP_BYTES, ATTACK_BITS = 512, 10
MOMENTS, MOMENT_TRIALS = (1, 4, 16), 200
_SEED = 11


@dataclass(frozen=True)
class Coverage:
    """missed: share of random faults in one page that are not seen, by number of flips.

    check_bytes: of the checks, which watch `watched_bytes`. page_bytes: of a unit. trials: of each.
    """

    code: str
    page_bytes: int
    check_bytes: int
    watched_bytes: int
    trials: int
    missed: dict[int, float]


def kinds() -> list[tuple[str, int]]:
    """Every code and size of its pages in bytes: 256 and 1,024 (RADAR: groups of 512)."""
    return [
        (code, page_bytes)
        for code in (*SIGNATURES, "secded64", "secded32")
        for page_bytes in ((GROUP_BYTES,) if KINDS[code].interleaved else (256, 1024))
    ]


def coverage_of(image: Image, code: str, page_bytes: int, *, trials: int) -> Coverage:
    """A code over the weights of `image`, under so many random faults of each number of flips."""
    watch = _watch(image, code, page_bytes)
    rng = np.random.default_rng(_SEED)
    missed = {}
    for flips in FLIPS:
        faults = faults_in_a_unit(watch, flips, trials, rng)
        missed[flips] = float(1 - detected(watch, image.data, faults).mean())
    checks = sum(place.size_bytes for place in watch.places)
    return Coverage(code, page_bytes, checks, watch.stop - watch.start, trials, missed)


def attack_on_radar(image: Image, worst: Sequence[int], *, trials: int) -> tuple[float, float, int]:
    """(mean number of random sign-bit flips, of ten, in groups that are flagged; the same of `worst`;
    bytes of signatures, 2 bits a group).

    worst: positions of the most harmful bits of a search.
    """
    watch = _watch(image, "radar", GROUP_BYTES)
    rng = np.random.default_rng(_SEED)
    weights = watch.stop - watch.start
    shares = [
        _flagged(
            watch,
            image.data,
            8 * (watch.start + rng.choice(weights, ATTACK_BITS, replace=False)) + 7,
        )
        for _ in range(trials)
    ]
    chosen = np.array(worst, np.int64)
    return float(np.mean(shares)), _flagged(watch, image.data, chosen), -(-2 * watch.units // 8)


def seen_by_golden_inputs(image: Image, moments: int, *, trials: int) -> dict[str, float]:
    """Share of single flips, by section, that give one of so many golden moments another outcome."""
    clean = Image.of(image.program, areas=(Area("self-test", moments=moments),))
    (watch,) = clean.layout.watches
    rng = np.random.default_rng(_SEED)
    seen = {}
    for section in WORKING_SECTIONS:
        positions = clean.layout.positions((section,))
        if len(positions):
            flips = [clean.flip([bit]).data for bit in rng.choice(positions, trials).tolist()]
            shown = [any(watch.wrong(data, unit) for unit in range(moments)) for data in flips]
            seen[section] = float(np.mean(shown))
    return seen


def _flagged(watch: PageWatch, data: np.ndarray, positions: np.ndarray) -> float:
    """How many of these flips lie in units that disagree with their checks when all have happened."""
    units = watch.units_of(positions >> 3)
    count = 0
    for unit in np.unique(units):
        mine = positions[units == unit]
        count += len(mine) * int(detected(watch, data, mine[None])[0])
    return float(count)


def _watch(image: Image, code: str, page_bytes: int) -> PageWatch:
    areas = (Area(code, (WEIGHTS,), page_bytes),)
    layout = Layout(image.program, areas=areas)
    (watch,) = layout.watches
    assert isinstance(watch, PageWatch)
    return watch
