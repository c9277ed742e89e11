"""What became of devices that faults struck, counted: outcomes with intervals, and the most vulnerable sites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from workbench.audio.scales import BROKEN
from workbench.experiments.estimates.statistics import wilson
from workbench.firmware.machine_faults.campaign import Struck
from workbench.firmware.machine_faults.fault import KINDS
from workbench.firmware.machine_faults.machine import Ending

MASKED, HEALED, DEGRADED, RESET, WRONG, HANG, CRASH = (
    "masked", "healed", "degraded", "reset, then right", "wrong sound", "hang", "crash",
)  # fmt: skip
OUTCOMES = (MASKED, HEALED, DEGRADED, RESET, WRONG, HANG, CRASH)
HARMFUL = (RESET, WRONG, HANG, CRASH)


class Share(NamedTuple):
    """hits among faults, with Wilson's interval of 95 %."""

    hits: int
    faults: int
    low: float
    high: float

    @classmethod
    def of(cls, hits: int, faults: int) -> Share:
        """The share with its interval."""
        low, high = wilson(hits, faults)
        return cls(hits, faults, float(low), float(high))

    @property
    def value(self) -> float:
        """0 to 1; 0 of nothing."""
        return self.hits / self.faults if self.faults else 0.0


def outcome_of(struck: Struck, quality: str) -> str:
    """One of OUTCOMES.

    The first that is true: the watchdog reset the device, and it sounds as before in the end; the core faulted; a frame
    never ended; the utterance is broken; the log has a repair and nothing is damaged any more; a sample differs; none does.

    quality: class of the utterance, "" where every sample is equal.
    """
    if struck.stopped is not None and struck.recovered:
        return RESET
    if struck.stopped is not None:
        return CRASH if struck.stopped is Ending.CRASHED else HANG
    if quality == BROKEN:
        return WRONG
    if struck.repairs and not struck.damaged:
        return HEALED
    return DEGRADED if quality else MASKED


def shares(records: Sequence[dict[str, Any]]) -> dict[str, Share]:
    """Outcome -> its share of the records."""
    counts = Counter(record["outcome"] for record in records)
    return {outcome: Share.of(counts[outcome], len(records)) for outcome in OUTCOMES}


def by_kind(records: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Kind -> its records, for those that there are."""
    groups = {kind: [record for record in records if record["kind"] == kind] for kind in KINDS}
    return {kind: group for kind, group in groups.items() if group}


class Site(NamedTuple):
    """Where faults of one kind struck, how many of them were harmful, and how many of these a reset did not help."""

    kind: str
    site: str
    harmful: Share
    lasting: int
    outcomes: dict[str, int]


def vulnerable_sites(records: Iterable[dict[str, Any]]) -> list[Site]:
    """Sites of which at least one fault was harmful, those that are surely the most vulnerable first."""
    groups: dict[tuple[str, str], Counter[str]] = {}
    for record in records:
        groups.setdefault((record["kind"], record["site"]), Counter())[record["outcome"]] += 1
    sites = [
        Site(
            kind,
            site,
            Share.of(sum(found[each] for each in HARMFUL), found.total()),
            sum(found[each] for each in HARMFUL if each != RESET),
            dict(found),
        )
        for (kind, site), found in groups.items()
        if any(found[each] for each in HARMFUL)
    ]
    return sorted(
        sites, key=lambda each: (-each.harmful.low, -each.harmful.hits, -each.lasting, each.site)
    )
