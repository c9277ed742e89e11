"""Healing strategies as data, and what each costs in memory and time."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.errors import WorkbenchError
from workbench.memory.layout import Layout

NONE, CRC_SCRUB = "none", "crc-scrub"
STRATEGIES = (NONE, CRC_SCRUB)
_MOST_PAGES = 4096  # in one frame; a slip of the finger would run for ever


@dataclass(frozen=True)
class Strategy:
    """What the healer does after each frame.

    name: "none", or "crc-scrub": compare the CRC-32 of `pages_per_frame` pages with the stored one
    and restore from the golden copy. pages_per_frame: 1 to 4096, and 0 for "none".
    """

    name: str
    pages_per_frame: int = 0

    def __post_init__(self) -> None:
        if self.name not in STRATEGIES:
            raise WorkbenchError(
                f"there is no strategy {self.name!r}; choose one of {', '.join(STRATEGIES)}"
            )
        if self.name == NONE and self.pages_per_frame != 0:
            raise WorkbenchError(
                "the strategy none checks no pages; ask for 0, or choose crc-scrub"
            )
        if self.name == CRC_SCRUB and not 1 <= self.pages_per_frame <= _MOST_PAGES:
            raise WorkbenchError(
                f"the strategy {CRC_SCRUB} cannot check {self.pages_per_frame} pages a frame; "
                f"choose at least 1 and at most {_MOST_PAGES}"
            )


@dataclass(frozen=True)
class Overheads:
    """Memory and time that a strategy takes beyond the bare generator; code is measured elsewhere.

    flash_bytes: golden copy and checks. ram_bytes: the healer's own variables.
    frames_per_scan: until every page was seen once; None when none is ever seen.
    """

    flash_bytes: int
    ram_bytes: int
    pages_per_frame: int
    bytes_per_frame: int
    frames_per_scan: int | None


def overheads(layout: Layout, strategy: Strategy) -> Overheads:
    """What `strategy` costs on an image with this layout."""
    if strategy.name == NONE or not layout.pages:
        return Overheads(0, 0, 0, 0, None)
    pages = strategy.pages_per_frame
    return Overheads(
        flash_bytes=layout.sections["golden"].size_bytes + layout.sections["check"].size_bytes,
        ram_bytes=layout.sections["healer"].size_bytes,
        pages_per_frame=pages,
        bytes_per_frame=round(pages * layout.working_bytes / layout.pages),
        frames_per_scan=-(-layout.pages // pages),
    )
