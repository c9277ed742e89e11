"""What a healer writes down: where, what it takes it for, what it did, and whether that helped.

The numbers are those of the firmware's log.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from workbench.errors import WorkbenchError
from workbench.memory.layout import Layout


class Diagnosis(IntEnum):
    """What a unit that disagrees with its check is taken for.

    Attributes:
        MEMORY: Damage of the working copy.
        CHECK: Damage of what is stored to check it.
        AMBIGUOUS: The witnesses allow several explanations, and nothing is done.
        COMPUTE: A sum was wrong and memory is not, or a monitor was alarmed again while the inputs are known ones.
        GOLDEN: Damage of the golden copy, and of the working copy as well, which may have been made from it.
        PRESUMED: No witness can tell, and the working copy is taken for damaged.
        MOMENTARY: Memory is sound: a history or a value in passing was wrong.
        LATENT: Damage of flash alone, which nothing has needed yet: of the golden copy, while the working copy is right, or of
            a reserve.
        DATA: Memory is sound, and it happens again: the inputs are other ones than a monitor knows.
    """

    MEMORY = 1
    CHECK = 2
    AMBIGUOUS = 3
    COMPUTE = 4
    GOLDEN = 5
    PRESUMED = 6
    MOMENTARY = 7
    DATA = 8
    LATENT = 9


class Remedy(IntEnum):
    """What was done about damage.

    Numbers from 16 to 255 are for remedies of one's own, see `own_remedy`.

    Attributes:
        NONE: Nothing.
        RESTORE: Copied from the golden copy.
        CORRECT: Corrected by the code.
        ZERO: Damaged bytes became zero, and the unit was signed anew.
        INTERPOLATE: They became the mean of their neighbours, and the unit was signed anew.
        CLIP: They were cut to the range of their neighbours, and the unit was signed anew.
        RESIGN: Only the check was computed anew.
        REBOOT: All parameters from the golden copy, silent histories, all checks in RAM computed anew.
        REPEAT: The operator was computed again.
        RELOCATE: A spare page, restored from the golden copy, took the place of one with a stuck cell.
        RESET: Histories and monitors were silenced.
        SCRUB: All guards looked at memory at once, and wrote down themselves what they did.
        FALL_BACK: All parameters from the next version in flash that is whole, as REBOOT.
        RECALIBRATE: The gain of an input follows how loud that is, for a while.
        UNPRUNE: The unit's pruned layers compute with their reserve for a while; the damage stays.
    """

    NONE = 0
    RESTORE = 1
    CORRECT = 2
    ZERO = 3
    INTERPOLATE = 4
    CLIP = 5
    RESIGN = 6
    REBOOT = 7
    REPEAT = 8
    RELOCATE = 9
    RESET = 10
    SCRUB = 11
    FALL_BACK = 12
    RECALIBRATE = 13
    UNPRUNE = 14

    @classmethod
    def _missing_(cls, value: object) -> Remedy | None:
        """A remedy of one's own, by its number."""
        name = _OWN.get(value) if isinstance(value, int) else None
        if name is None:
            return None
        made = int.__new__(cls, value)  # type: ignore[call-overload]
        made._name_, made._value_ = name, value
        return cls._value2member_map_.setdefault(value, made)  # type: ignore[return-value]


_OWN: dict[int, str] = {}
FIRST_OWN, _LAST_OWN = 16, 255  # the log has a byte


def own_remedy(number: int, name: str, words: str) -> Remedy:
    """A remedy of one's own, to be entered in `workbench.healing.remedies.REMEDIES`.

    Args:
        number: 16 to 255, as logs have it, on devices as well.
        name: In capitals, as "INVERT".
        words: What was done, in words, as "inverted".

    Raises:
        WorkbenchError: The number or the name belongs to another remedy.
    """
    taken = {**{remedy.name: remedy.value for remedy in Remedy}, **{n: v for v, n in _OWN.items()}}
    if not FIRST_OWN <= number <= _LAST_OWN or not name.isidentifier() or not name.isupper():
        raise WorkbenchError(
            f"a remedy cannot have the number {number} and the name {name!r}; choose {FIRST_OWN} to "
            f"{_LAST_OWN} and capitals"
        )
    if taken.get(name, number) != number or _OWN.get(number, name) != name:
        raise WorkbenchError(
            f"the number {number} or the name {name} belongs to another remedy; choose other ones"
        )
    _OWN[number] = name
    _WORDS[name] = words
    return Remedy(number)


class Verdict(IntEnum):
    """Whether unit and check agree now.

    Attributes:
        HEALED: They agree.
        UNHEALED: They do not.
        DEFERRED: The policy does not let the healer act yet.
        INVALID: They agree, and golden inputs still give another outcome.
    """

    HEALED = 1
    UNHEALED = 2
    DEFERRED = 3
    INVALID = 4


@dataclass(frozen=True)
class LogEntry:
    """One entry of a healer's log.

    Args:
        frame: The healer's own count, beyond the wrap of its counter.
        area: Number of the watched area.
        unit: Number of the unit in it.
        diagnosis: Who is damaged.
        remedy: What was done, the last that was tried.
        verdict: Whether it helped.
        version: Rank of the version that ran then and that golden pages are from: 0 for the one that was started, the
            last for the factory's.
    """

    frame: int
    area: int
    unit: int
    diagnosis: Diagnosis
    remedy: Remedy
    verdict: Verdict
    version: int = 0

    def describe(self, layout: Layout, *, frame_s: float) -> dict[str, Any]:
        """The entry in words, JSON-ready; `tensors` are those that the unit has bytes of."""
        return {
            "frame": self.frame,
            "time_s": self.frame * frame_s,
            "area": layout.watches[self.area].label,
            "unit": self.unit,
            "tensors": list(layout.contents(layout.watches[self.area].addresses(self.unit))),
            "diagnosis": self.diagnosis.name,
            "remedy": self.remedy.name,
            "verdict": self.verdict.name,
            **({"version": version_name(self.version, layout)} if layout.versions > 1 else {}),
        }


# What a ladder of remedies is climbed for.
CLIMBS = (Diagnosis.MEMORY, Diagnosis.GOLDEN, Diagnosis.PRESUMED)

# By name: as numbers, a diagnosis equals a remedy.
_WORDS = {
    "MEMORY": "memory upset",
    "CHECK": "check damaged",
    "AMBIGUOUS": "unclear",
    "COMPUTE": "sum went wrong",
    "GOLDEN": "golden copy damaged",
    "PRESUMED": "taken for a memory upset",
    "MOMENTARY": "momentary disturbance",
    "DATA": "unknown inputs",
    "LATENT": "flash damaged, not yet needed",
    "NONE": "left alone",
    "RESTORE": "restored",
    "CORRECT": "corrected",
    "ZERO": "zeroed",
    "INTERPOLATE": "interpolated",
    "CLIP": "clipped",
    "RESIGN": "check signed anew",
    "REBOOT": "rebooted",
    "REPEAT": "computed again",
    "RELOCATE": "moved to a spare page",
    "RESET": "histories reset",
    "SCRUB": "memory checked at once",
    "FALL_BACK": "fell back on another version",
    "RECALIBRATE": "recalibrated",
    "UNPRUNE": "layer un-pruned",
    "HEALED": "healed",
    "UNHEALED": "not healed",
    "DEFERRED": "deferred",
    "INVALID": "fails the golden input",
}


def in_words(finding: IntEnum) -> str:
    """A part of a log entry as it is shown to people, e.g. "restored"."""
    return _WORDS[finding.name]


def version_name(rank: int, layout: Layout) -> str:
    """Of a version in flash, as logs have it: "started", "previous" or "factory"."""
    if rank == layout.versions - 1:
        return "factory"
    return "previous" if rank else "started"


def log_lines(log: tuple[LogEntry, ...], layout: Layout, *, frame_s: float) -> list[str]:
    """One readable line an entry."""
    lines = []
    for entry in log:
        found = ", ".join(map(in_words, (entry.diagnosis, entry.remedy, entry.verdict)))
        described = entry.describe(layout, frame_s=frame_s)
        tensors = described["tensors"]
        where = ", ".join(tensors[:2]) + (", ..." if len(tensors) > 2 else "")
        named = f" ({where})" if where else ""  # a monitor has no tensors
        lines.append(
            f"frame {entry.frame:>6}  {described['time_s']:8.3f} s  {described['area']} {entry.unit:>4}"
            f"{named}: {found}"
            + (f" ({described['version']} version)" if layout.versions > 1 else "")
        )
    return lines
