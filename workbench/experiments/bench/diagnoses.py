"""Correctness of the log: diagnoses against an oracle that knows which bits were hit.

Two implementations that share a mistake agree with each other, so the truth comes from neither: bits of
chosen parts of a unit (working copy, golden copy, check, second check, the spare page that a stuck cell
moves it to) flip before start-up, after it, or while the unit is healed, and every entry of the log is
held against the bytes that differ just then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from workbench.healing.devices.boot import booted
from workbench.healing.devices.device import Device
from workbench.healing.log import Diagnosis, LogEntry, Remedy
from workbench.healing.remedies import RESIGNING
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program
from workbench.memory import places
from workbench.memory.image import Image, flip_bits
from workbench.memory.watches.areas import START_UP
from workbench.memory.watches.watch import Watch

WORKING, GOLDEN, CHECK, SECOND = "working copy", "golden copy", "check", "second check"
SPARE, STUCK = "spare page", "stuck cell"
BEFORE, AFTER, HEALING = "before boot", "after boot", "while healing"
COLUMNS = ("MEMORY", "CHECK", "GOLDEN", "LATENT", "COMPUTE", "PRESUMED", "AMBIGUOUS", "-")
SIX_MINUTES = 45_000  # frames of 8 ms
_SUMS_FRAMES = 256  # that checksum rows are tried for


@dataclass(frozen=True, order=True)
class Hit:
    """Bits of one part of a unit flip. when: BEFORE, AFTER or HEALING. positions: 8 * address + bit, where
    the bits really lie. stuck: whether they keep their new value whatever is written; not BEFORE.
    """

    part: str
    when: str
    positions: tuple[int, ...]
    stuck: bool = False


@dataclass
class Score:
    """What the log of one strategy said, against the truth.

    trials, entries: numbers. right, wrong: entries whose claim holds, or does not. open: entries that
    claim nothing (AMBIGUOUS, PRESUMED). spoilt: trials in which bytes that were right became wrong.
    most_entries: that one unit wrote in six minutes. confusion: (what was hit, diagnosis) -> trials, of
    first entries. wrong_examples: of trials with a wrong entry.
    """

    strategy: str
    trials: int = 0
    entries: int = 0
    right: int = 0
    wrong: int = 0
    open: int = 0
    spoilt: int = 0
    most_entries: int = 0
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong_examples: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """JSON-ready, without the matrix, which is of all strategies."""
        values = {name: value for name, value in vars(self).items() if name != "confusion"}
        return values | {"wrong_examples": self.wrong_examples[:5]}

    def plain(self) -> dict[str, object]:
        """All of it, JSON-ready."""
        return {**vars(self), "confusion": [[*key, n] for key, n in self.confusion.items()]}

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Score:
        """The inverse of `plain`."""
        counted = Counter({(hit, said): n for hit, said, n in plain["confusion"]})
        return cls(**{**plain, "confusion": counted})


def bench_diagnoses(
    program: Program,
    strategies: Sequence[Strategy],
    *,
    trials: int,
    flips: int = 1,
    most_parts: int = 4,
    seed: int = 17,
) -> list[Score]:
    """Random faults of random units: `flips` bits each in one part of it, or in up to `most_parts`."""
    scores = []
    for strategy in strategies:
        image, rng = strategy.image(program), np.random.default_rng(seed)
        score = Score(strategy.name)
        for _ in range(trials if strategy.heals else 0):
            number = int(rng.integers(len(strategy.guards)))
            watch = image.layout.watches[number]
            if not watch.units:
                continue
            of_unit = parts(watch, int(rng.integers(watch.units)))
            if any(action.moves for action in strategy.guards[number].actions):
                first = image.layout.sections[places.SPARE].start
                of_unit[SPARE] = first + np.arange(of_unit[WORKING].size)
            judge(score, image, strategy, _random_hits(rng, of_unit, flips, most_parts))
        scores.append(score)
    return scores


def parts(watch: Watch, unit: int) -> dict[str, np.ndarray]:
    """Addresses of what belongs to a unit, int64 each: what is hit, and what decides who was."""
    layout = watch.layout
    if watch.area.kind.flash:
        return _parts_of_flash(watch, unit)
    working = np.arange(layout.working_bytes)[watch.addresses(unit)]
    by_part = {WORKING: working, GOLDEN: working + layout.sections[places.GOLDEN].start}
    for place in watch.places:
        part = SECOND if place.tensor == "second" else CHECK
        addresses = place.start + np.flatnonzero(watch.checks_unit(place, unit))
        by_part[part] = np.concatenate([by_part.get(part, addresses[:0]), addresses])
    return by_part


def _parts_of_flash(watch: Watch, unit: int) -> dict[str, np.ndarray]:
    """A page of the golden copy, with what was made from it, of checks or of a reserve; and its sum."""
    page = np.arange(watch.layout.size_bytes)[watch.addresses(unit)]
    working = [np.arange(*span) for span in watch.ranges(unit)]
    (place,) = watch.places
    total = place.start + np.flatnonzero(watch.checks_unit(place, unit))
    if watch.layout.sections[places.RESERVE].has(8 * page).any():
        return {WORKING: page[:0], GOLDEN: page, CHECK: total}
    if not working:
        return {WORKING: page[:0], GOLDEN: page[:0], CHECK: np.concatenate([page, total])}
    return {WORKING: working[0], GOLDEN: page, CHECK: total}


def judge(score: Score, image: Image, strategy: Strategy, hits: Sequence[Hit]) -> Device:
    """Simulate one device under `hits` for six minutes and add the entries of its log to `score`."""
    data = image.data.copy()
    flip_bits(data, [p for hit in hits if hit.when == BEFORE for p in hit.positions])
    start = booted(Image(image.program, image.layout, data))
    device, signed = Device(start, strategy, image.data), start.data.copy()
    _strike(device, [hit for hit in hits if hit.when == AFTER])
    later = [hit for hit in hits if hit.when == HEALING]
    target = _target(hits)
    score.trials += 1
    spoilt, first = False, True
    working = slice(image.layout.working_bytes)
    while device.trace.now < SIX_MINUTES:
        if later and device.log:
            _strike(device, later)
            later = []
        before, written = device.data.copy(), len(device.log)
        sums = _sound_the_alarm(device)
        if not sums:
            quiet = device.quiet_frames()
            left = SIX_MINUTES - device.trace.now
            device.skip(left if quiet is None else min(quiet, left))
        device.heal()
        changed = before[working] != device.data[working]
        for entry in device.log[written:]:
            guard, watch = device.guards[entry.area]
            # Checks in RAM are made of what start-up finds, or a remedy leaves: they know no better.
            compared = guard.area.kind.compared_with(guard.area)
            remade = compared == START_UP and bool(watch.places)
            of_unit = parts(watch, entry.unit)
            claim = _claim(entry, of_unit, before, signed if remade else image.data)
            if (
                claim is False and entry.remedy == Remedy.NONE
            ):  # a guard before it, in the same frame, may
                claim = _claim(
                    entry, of_unit, device.data, image.data
                )  # have taken what is damaged
            if entry.diagnosis == Diagnosis.MEMORY:  # words in place know what they were made as
                claim = claim or _claim(entry, of_unit, before, image.data)
            if entry.remedy in (*RESIGNING, Remedy.RESIGN):
                for at in of_unit.values():
                    signed[at] = device.data[at]
            score.entries += 1
            score.right += claim is True
            score.open += claim is None
            score.wrong += claim is False
            if first:
                score.confusion[target, entry.diagnosis.name] += 1
            if claim is False:
                score.wrong_examples.append(f"{target}: {entry}")
            first = False
            where = of_unit[WORKING]
            if (before[where] != image.data[where]).any():
                changed[where] = False  # a damaged unit may become zero as a whole
        if changed.any():
            was_right = before[working] == image.data[working]
            spoilt |= bool((was_right & changed).any())
    if first:
        score.confusion[target, "-"] += 1
    score.spoilt += spoilt
    units = Counter((entry.area, entry.unit) for entry in device.log)
    score.most_entries = max([score.most_entries, *units.values()])
    return device


def _strike(device: Device, hits: Sequence[Hit]) -> None:
    device.flip([position for hit in hits for position in hit.positions])
    for position in [p for hit in hits if hit.stuck for p in hit.positions]:
        held = int(device.data[device.where.seen(position >> 3)]) >> (position & 7) & 1
        device.stick(position, held)


def _target(hits: Sequence[Hit]) -> str:
    """What was hit; one part with its time, several by their names."""
    if len(hits) == 1:
        return f"{hits[0].part} {hits[0].when}"
    return " + ".join(sorted({hit.part for hit in hits}))


def confusion(scores: Sequence[Score]) -> dict[str, dict[str, int]]:
    """What was hit -> first diagnosis -> trials of all strategies; "-" where nothing was found."""
    rows: dict[str, dict[str, int]] = {}
    for score in scores:
        for (hit, diagnosis), trials in score.confusion.items():
            row = rows.setdefault(hit, dict.fromkeys(COLUMNS, 0))
            row[diagnosis] += trials
    return dict(sorted(rows.items(), key=lambda row: (row[0].count("+"), row[0])))


def _sound_the_alarm(device: Device) -> bool:
    """Simulate monitors that disagree with memory for a while; return whether they raise alarms."""
    if device.trace.now >= _SUMS_FRAMES:
        return False
    alarmed = False
    for number, (guard, _) in enumerate(device.guards):
        if guard.area.kind.stream:
            for unit in sorted(device.suspect[number]):
                device.alarm(number, unit)
                alarmed = True
    return alarmed


def _claim(
    entry: LogEntry, of_unit: dict[str, np.ndarray], before: np.ndarray, made: np.ndarray
) -> bool | None:
    """Whether the diagnosis of a unit is true, None where the entry makes no claim.

    before, made: bytes of the image before the healer had its turn, and as they should be.
    """
    hit = {part: bool((before[at] != made[at]).any()) for part, at in of_unit.items()}
    checks = hit.get(CHECK, False) or hit.get(SECOND, False)
    if entry.diagnosis == Diagnosis.MEMORY:
        return hit[WORKING]
    if entry.diagnosis == Diagnosis.CHECK:
        return checks and (not hit[WORKING] or entry.remedy == Remedy.NONE)
    if entry.diagnosis == Diagnosis.GOLDEN:
        return hit[GOLDEN] and hit[WORKING]
    if entry.diagnosis == Diagnosis.LATENT:
        return hit[GOLDEN] and not hit[WORKING]
    if entry.diagnosis == Diagnosis.COMPUTE:
        return not any(hit.values())
    return None


def _random_hits(
    rng: np.random.Generator, of_unit: dict[str, np.ndarray], flips: int, most: int
) -> list[Hit]:
    """One part three times in six, two twice, more once."""
    names = [name for name, addresses in of_unit.items() if addresses.size]
    wanted = [1, 1, 1, 2, 2, len(names)][rng.integers(6)]
    chosen = list(combinations(names, min(wanted, most, len(names))))
    hits = []
    for part in chosen[rng.integers(len(chosen))]:
        addresses = of_unit[part]
        in_flash = part == GOLDEN or (part != WORKING and _in_flash(of_unit, part))
        whens = (BEFORE, AFTER, HEALING) if in_flash else (AFTER, HEALING)
        bits = rng.choice(8 * addresses.size, min(flips, 8 * addresses.size), replace=False)
        positions = tuple(8 * int(addresses[bit >> 3]) + int(bit & 7) for bit in bits)
        hits.append(Hit(part, str(rng.choice(whens)), positions))
        if part == SPARE:  # its first: a cell that is stuck moves the unit there, then that is hit
            cell = 8 * int(rng.choice(of_unit[WORKING])) + int(rng.integers(8))
            stuck = bool(rng.integers(2))
            hits[-1:] = [Hit(STUCK, AFTER, (cell,), True), Hit(SPARE, HEALING, positions, stuck)]
    if all(hit.when == HEALING for hit in hits):  # something has to be found first
        hits = [Hit(hit.part, AFTER, hit.positions) for hit in hits]
    return hits


def _in_flash(of_unit: dict[str, np.ndarray], part: str) -> bool:
    """Flash lies behind all of RAM, and the golden copy first."""
    golden = of_unit[GOLDEN]  # a monitor of behaviour has none
    return golden.size > 0 and bool(of_unit[part].min() >= golden.min())
