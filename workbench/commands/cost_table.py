"""The table that `workbench emulate --costs` prints."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.firmware.boards import Core
from workbench.firmware.emulation.costs import Cost

LEGEND = (
    "In instructions: a clean frame on average and at most; detection and remedy for each entry of the log "
    "(detection below zero where a check ends at the first difference); the worst frame with the generator's "
    "work in it; the most that the healer takes in a frame while one permanent fault stays. In bytes: golden "
    "copy and checks read in a clean frame and for an entry; code, checks, RAM and stack. All beyond the same generator without a healer, "
    'whose code a compiler may lay out otherwise. "-": no upset was detected, so that detection and remedy are unknown.'
)


def print_costs(core: Core, rows: Sequence[Cost]) -> None:
    """Of one core, a row a strategy."""
    print(f"{core.title}, {rows[0].generator:,.0f} instructions a frame without a healer")
    table = [
        (
            "strategy",
            "instr. a frame",
            "share",
            "at most",
            "detection",
            "remedy",
            "worst frame",
            "fault",
            "flash read",
            "an entry",
            "code",
            "checks",
            "RAM",
            "stack",
        )
    ]
    table += [
        (
            row.strategy,
            f"{row.instructions:,.0f}",
            f"{100 * row.share:.2f} %",
            f"{row.step:,}",
            f"{row.detection:,.0f}" if row.detection is not None else "-",
            f"{row.remedy:,.0f}" if row.remedy is not None else "-",
            f"{row.worst_frame:,}",
            f"{row.fault:,}",
            f"{row.flash_reads:,.0f}",
            f"{row.finding_reads:,.0f}" if row.finding_reads is not None else "-",
            f"{row.code_bytes:,}",
            f"{row.check_bytes:,}",
            f"{row.ram_bytes:,}",
            f"{row.stack_bytes:,}",
        )
        for row in rows
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        print("  " + "  ".join(map(str.ljust, cells, widths)).rstrip())
