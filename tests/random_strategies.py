"""Random strategies: any code over any sections, any ladder and policy that may go together."""

from dataclasses import replace

import numpy as np

from workbench.errors import WorkbenchError
from workbench.healing.log import Remedy
from workbench.healing.remedies import RESIGNING
from workbench.healing.strategies.strategy import Guard, Policy, Strategy
from workbench.integer.program import Program
from workbench.memory.image import Image
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.watches.areas import CODES, KINDS, SIGNATURES, Area
from workbench.memory.watches.modes import MODES, ModesArea

ABFT, GOLDEN, RADAR, SELF_TEST, TRIPLE = "abft", "golden", "radar", "self-test", "triple"
FLASH = "flash"  # the last guard, where there is one


def random_strategy(seed: int, program: Program) -> Strategy:
    """One to three guards that `program` can have, by trial and error."""
    rng = np.random.default_rng([seed, 5])
    while True:
        try:
            guards = tuple(_guard(rng, program) for _ in range(rng.integers(1, 4)))
            policy = _policy(rng)
            if rng.random() < 0.2:
                guards = (_that_writes(rng),)
            if policy.validate:
                guards = (*guards, Guard(Area(SELF_TEST, moments=2), 1, (), every_frames=7))
            spares = int(rng.integers(1, 4)) if rng.random() < 0.5 else 0
            if spares:  # pages of one size, which may move
                size = int(rng.choice([8, 16, 32, 64]))
                guards = tuple(_movable(rng, guard, size) for guard in guards)
            if rng.random() < 0.25:
                guards = (*guards, _of_flash(rng))
            strategy = Strategy(f"random {seed}", guards, policy, spare_pages=spares)
            strategy.image(program)
        except WorkbenchError:
            continue
        return strategy


def unpruning(seed: int, strategy: Strategy, program: Program) -> Strategy:
    """The same strategy with UNPRUNE at the end of some ladders, and a guard of modes."""
    rng = np.random.default_rng([seed, 8])
    guards = list(strategy.guards)
    able = [n for n, g in enumerate(guards) if g.area.kind.divided or g.area.kind.asks]
    for number in rng.permutation(able)[: rng.integers(1, len(able) + 1)] if able else ():
        guard, own = guards[number], guards[number].area.kind.remedies
        if own is None or "UNPRUNE" in own:
            before = () if guard.area.kind.asks else guard.ladder  # RESET always helps
            guards[number] = replace(guard, ladder=(*before, Remedy.UNPRUNE))
    if not any(Remedy.UNPRUNE in guard.ladder for guard in guards):
        guards.insert(0, Guard(Area("crc32", unit_bytes=64), 3, (Remedy.UNPRUNE,)))
    modes = ModesArea(MODES, hold=int(rng.choice([1, 2, 5, 12])))
    place = int(rng.integers(len(guards) + 1 - guards[-1].area.kind.flash))
    guards.insert(place, Guard(modes, int(rng.integers(1, 4)), (Remedy.CORRECT,)))
    try:
        made = replace(strategy, guards=tuple(guards))
        made.image(program)
    except WorkbenchError:  # pages that move, or fewer bytes than a page
        pages = Guard(Area("crc32", unit_bytes=8), 5, (Remedy.RESTORE, Remedy.UNPRUNE))
        return Strategy(strategy.name, (pages, guards[place]))
    return made


def _of_flash(rng: np.random.Generator) -> Guard:
    area = Area(FLASH, unit_bytes=int(rng.choice([8, 64, 256])))
    return Guard(area, int(rng.integers(1, 6)), (), every_frames=int(rng.choice([1, 2, 3])))


def _that_writes(rng: np.random.Generator) -> Guard:
    """First what may put a unit right, then what leaves other bytes."""
    code = str(rng.choice([code for code in SIGNATURES if code != RADAR]))
    area = Area(code, ("weights",), unit_bytes=int(rng.choice([8, 32, 64])), keep="ram")
    first = [(), (Remedy.RESTORE,), (Remedy.CORRECT,)][rng.integers(2 + KINDS[code].corrects)]
    return Guard(area, int(rng.integers(1, 6)), (*first, RESIGNING[rng.integers(len(RESIGNING))]))


def strategy_of_versions(seed: int) -> Strategy:
    """Checks in flash of everything, and one or two versions to fall back on."""
    rng = np.random.default_rng([seed, 6])
    policy = replace(_policy(rng), validate=False)
    versions = int(rng.integers(2, 4))
    return Strategy(f"versions {seed}", (_of_versions(rng),), policy, versions=versions)


def _of_versions(rng: np.random.Generator) -> Guard:
    code = str(rng.choice(["crc32", "pq", "secded64", "dual-sum"]))
    second = str(rng.choice(["crc16", "crc32"])) if rng.random() < 0.3 else None
    ladder = [Remedy.RESTORE, Remedy.FALL_BACK][rng.integers(2) :]
    corrects = [Remedy.CORRECT] if KINDS[code].corrects and rng.random() < 0.5 else []
    size = int(rng.choice([8, 16, 32, 64]))
    area = Area(code, unit_bytes=size, second=second)
    return Guard(area, int(rng.integers(1, 9)), (*corrects, *ladder))


def _movable(rng: np.random.Generator, guard: Guard, size: int) -> Guard:
    area = replace(guard.area, unit_bytes=size)
    if area.code in (ABFT, TRIPLE, RADAR, SELF_TEST):
        area = replace(area, code="crc32", addresses=(), second=None)
    ladder = list(guard.ladder)
    ladder.insert(int(rng.integers(len(ladder) + 1)), Remedy.RELOCATE)
    dropped = (Remedy.INTERPOLATE, Remedy.CLIP, Remedy.REPEAT)
    return replace(guard, area=area, ladder=tuple(r for r in ladder if r not in dropped))


def _policy(rng: np.random.Generator) -> Policy:
    if rng.random() < 0.4:
        return Policy()
    return Policy(
        persistence=int(rng.integers(1, 4)),
        cool_down_frames=int(rng.choice([0, 0, 1, 3])),
        heals=int(rng.choice([0, 0, 1, 2])),
        refill_frames=int(rng.integers(1, 9)),
        reset_histories=bool(rng.random() < 0.3),
        validate=bool(rng.random() < 0.3),
    )


def _guard(rng: np.random.Generator, program: Program) -> Guard:
    code = str(
        rng.choice(
            [
                code
                for code, kind in KINDS.items()
                if not (kind.asks or kind.fades or kind.flash or kind.switches)
            ]
        )
    )
    first = rng.integers(len(WORKING_SECTIONS))
    last = rng.integers(first, len(WORKING_SECTIONS)) + 1
    keep = str(rng.choice(["flash", "ram"])) if code in CODES else "flash"
    second = str(rng.choice(list(SIGNATURES))) if code in CODES and rng.random() < 0.3 else None
    working = Image.of(program, areas=()).layout.working_bytes
    addresses = rng.choice(working, min(working, int(rng.integers(1, 80))), replace=False)
    sections = (
        WORKING_SECTIONS[first:last] if code not in (ABFT, TRIPLE, SELF_TEST) else WORKING_SECTIONS
    )
    sections = WORKING_SECTIONS[:1] if code.startswith("in-place") else sections
    area = Area(
        code,
        sections,
        unit_bytes=int(rng.choice([8, 16, 32, 64, 256])),
        keep=keep,
        second=second,
        addresses=tuple(int(a) for a in addresses) if code == TRIPLE else (),
        moments=int(rng.integers(1, 4)) if code == SELF_TEST else 1,
    )
    ladder = _ladder(rng, code, keep)
    if code == ABFT:
        return Guard(area, 1, ladder)
    per_frame = min(int(rng.integers(1, 6)), area.moments if code == SELF_TEST else 5)
    every, stride = (int(rng.choice([1, 1, 2, 3])) for _ in range(2))
    return Guard(area, per_frame, ladder, every_frames=every, stride=stride)


def _ladder(rng: np.random.Generator, code: str, keep: str) -> tuple[Remedy, ...]:
    if code == ABFT:
        return [(), (Remedy.RESTORE,), (Remedy.RESTORE, Remedy.REPEAT)][rng.integers(3)]
    if code == TRIPLE:
        return (Remedy.CORRECT,)
    possible = [Remedy.RESTORE, Remedy.REBOOT]
    if code not in (GOLDEN, SELF_TEST):
        possible += [Remedy.CORRECT] if KINDS[code].corrects else []
        possible += RESIGNING if keep == "ram" and code != RADAR else ()
    chosen = rng.permutation(len(possible))[: rng.integers(0, 4)]
    return tuple(possible[n] for n in chosen)
