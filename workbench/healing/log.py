"""What a healer writes down: where, what it takes it for, what it did, and whether that helped.

The numbers are those of the firmware's log.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from workbench.memory.layout import Layout


class Diagnosis(IntEnum):
    """What a page that differs from its check is taken for.

    MEMORY: an upset of the working copy. CHECK: of the stored check. AMBIGUOUS: neither the golden
    copy and the check nor the golden copy and the page agree.
    """

    MEMORY = 1
    CHECK = 2
    AMBIGUOUS = 3


class Remedy(IntEnum):
    """What was done about it."""

    NONE = 0
    RESTORE = 1


class Verdict(IntEnum):
    """Whether the page agrees with its check now."""

    HEALED = 1
    UNHEALED = 2


@dataclass(frozen=True)
class LogEntry:
    """One finding. frame: the healer's own count, which an upset may have changed."""

    frame: int
    page: int
    diagnosis: Diagnosis
    remedy: Remedy
    verdict: Verdict

    def describe(self, layout: Layout, *, frame_s: float) -> dict[str, Any]:
        """The entry in words, JSON-ready; `tensors` are those that the page touches."""
        return {
            "frame": self.frame,
            "time_s": self.frame * frame_s,
            "page": self.page,
            "tensors": list(layout.page_contents(self.page)),
            "diagnosis": self.diagnosis.name,
            "remedy": self.remedy.name,
            "verdict": self.verdict.name,
        }


# By name: as numbers, a diagnosis equals a remedy.
_WORDS = {
    "MEMORY": "memory upset",
    "CHECK": "check damaged",
    "AMBIGUOUS": "unclear",
    "NONE": "left alone",
    "RESTORE": "page restored",
    "HEALED": "healed",
    "UNHEALED": "not healed",
}


def in_words(finding: IntEnum) -> str:
    """A part of a log entry as it is shown to people, e.g. "page restored"."""
    return _WORDS[finding.name]


def log_lines(log: tuple[LogEntry, ...], layout: Layout, *, frame_s: float) -> list[str]:
    """One readable line an entry."""
    lines = []
    for entry in log:
        found = ", ".join(map(in_words, (entry.diagnosis, entry.remedy, entry.verdict)))
        lines.append(
            f"frame {entry.frame:>6}  {entry.frame * frame_s:8.3f} s  page {entry.page:>4} "
            f"({', '.join(layout.page_contents(entry.page))}): {found}"
        )
    return lines
