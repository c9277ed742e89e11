"""What a strategy stores and how often it looks; instructions are measured on emulated devices."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.layout import Layout
from workbench.memory.places import BACKOFF, CHECK, GOLDEN, HEALER, RAM_CHECK, SPARE, VERSIONS
from workbench.memory.watches.areas import GOLDEN_COPY


@dataclass(frozen=True)
class Overheads:
    """Memory and time that a strategy takes beyond the bare generator; code is measured elsewhere.

    golden_bytes: of flash, the golden copy, where the strategy reads it (a device that copies its
    parameters to RAM has it anyway). check_bytes: of flash. ram_bytes: checks, spare pages and the healer's
    variables; what a device needs beside its image, the log and the histories of a golden input, is
    measured with its code. bytes_per_frame: of the working copy and of flash that is looked through, read in a
    frame in which all guards look, those of golden inputs not counted. frames_per_scan: until every unit of RAM was seen
    once; None when none is ever looked for. version_bytes: of flash, the versions that wait.
    """

    golden_bytes: int
    check_bytes: int
    ram_bytes: int
    bytes_per_frame: int
    frames_per_scan: int | None
    version_bytes: int = 0

    @property
    def flash_bytes(self) -> int:
        """Golden copy, checks and other versions."""
        return self.golden_bytes + self.check_bytes + self.version_bytes


def overheads(layout: Layout, strategy: Strategy) -> Overheads:
    """What `strategy` costs on an image with this layout, which must be the strategy's."""
    if not strategy.heals or not layout.watches:
        return Overheads(0, 0, 0, 0, None)
    pairs = list(zip(strategy.guards, layout.watches, strict=True))
    golden = any(guard.reads_golden or _compares(guard) for guard, _ in pairs)
    scans = [pair for pair in pairs if pair[0].scans and pair[1].units]
    sections = layout.sections
    return Overheads(
        golden_bytes=sections[GOLDEN].size_bytes if golden else 0,
        check_bytes=sections[CHECK].size_bytes,
        ram_bytes=sum(sections[name].size_bytes for name in (HEALER, RAM_CHECK, SPARE, BACKOFF)),
        bytes_per_frame=sum(
            sum(watch.read_bytes(unit) for unit in range(min(guard.per_frame, watch.units)))
            for guard, watch in scans
        ),
        frames_per_scan=max(
            (
                -(-watch.units // guard.per_frame) * guard.every_frames
                for guard, watch in scans
                if not guard.area.kind.flash
            ),
            default=None,
        ),
        version_bytes=sections[VERSIONS].size_bytes,
    )


def _compares(guard: Guard) -> bool:
    """Whether the working copy is compared with the golden copy itself."""
    return guard.area.kind.compared_with(guard.area) == GOLDEN_COPY
