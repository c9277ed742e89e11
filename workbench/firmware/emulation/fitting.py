"""Does a firmware fit a board, and its healer a budget? Measured by emulation, with the nearest that fits.

Instructions are counted: a board that is refused for its clock could not keep up at one cycle an
instruction; one that is not may still be too slow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError
from workbench.firmware.boards import BOARDS, CORES, Board
from workbench.firmware.design import RAM
from workbench.firmware.emulation.costs import faults_tried, most_under_faults, shipped_costs
from workbench.firmware.emulation.emulate import emulate
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.image import Image


@dataclass(frozen=True)
class Needs:
    """flash_bytes: code and constants. ram_bytes: stack included, copy_bytes of them parameters. instructions, healer: the most of a
    clean frame, of all and of the healer alone. fault: the most that the healer takes in a frame while
    one permanent fault of RAM or flash stays.
    """

    flash_bytes: int
    ram_bytes: int
    copy_bytes: int
    instructions: int
    healer: int
    fault: int


def measured_needs(
    image: Image,
    board: Board,
    inputs: Mapping[str, np.ndarray],
    *,
    strategy: Strategy,
    weights: str,
    progress: Callable[[], object] = lambda: None,
) -> Needs:
    """Run `inputs` with and without the healer on the board's core, and under permanent faults.

    progress: called after each of `runs_of`. Raises WorkbenchError without emulator.
    """
    core = CORES[board.core]
    run = emulate(image, core, inputs, strategy=strategy, weights=weights)
    progress()
    bare = emulate(image, core, inputs, weights=weights)
    progress()
    return Needs(
        flash_bytes=run.flash_bytes,
        ram_bytes=run.ram_bytes + run.stack_bytes,
        copy_bytes=image.layout.working_bytes if weights == RAM else 0,
        instructions=int(run.instructions.max()),
        healer=int((run.instructions - bare.instructions).max()),
        fault=most_under_faults(
            image, strategy, core, inputs, bare, weights=weights, progress=progress
        ),
    )


def runs_of(image: Image, strategy: Strategy, weights: str) -> int:
    """How many runs `measured_needs` makes."""
    return 2 + faults_tried(image, strategy, weights)


def refuse_small(board: Board, needs: Needs, frame_rate_hz: float) -> None:
    """Raise WorkbenchError when the board is too small or too slow, with the nearest that is not."""
    for what, has, takes in (
        ("bytes of flash", board.flash_bytes, needs.flash_bytes),
        ("bytes of RAM", board.ram_bytes, needs.ram_bytes),
        ("cycles in a frame", board.instructions_per_frame(frame_rate_hz), needs.instructions),
    ):
        if takes > has:
            raise WorkbenchError(
                f"{board.name} has {has:,.0f} {what} and this firmware takes at least {takes:,}; "
                f"{_nearest(BOARDS, needs, frame_rate_hz)}{_without_copy(board, needs)}"
            )


def _without_copy(board: Board, needs: Needs) -> str:
    """What helps a board whose RAM is large enough for all but the parameters."""
    if not needs.ram_bytes - needs.copy_bytes <= board.ram_bytes < needs.ram_bytes:
        return ""
    return (
        f"; or read the parameters from flash, where nothing mends them, and take "
        f"{needs.ram_bytes - needs.copy_bytes:,}: --weights flash --strategy none"
    )


def refuse_expensive(budget: int, needs: Needs, strategy: Strategy, core: str) -> None:
    """Raise WorkbenchError when the healer takes more than `budget` instructions in some frame.

    Frames without damage count, and those under a single permanent fault.
    """
    takes = max(needs.healer, needs.fault)
    if takes <= budget:
        return
    costs = [cost for cost in shipped_costs().values() if cost.core == core and cost.step > 0]
    most = {cost.strategy: max(cost.step, cost.fault) for cost in costs}
    fit = [name for name, instructions in most.items() if instructions <= budget]
    nearest = max(fit, key=lambda name: most[name], default=None)
    if nearest:
        advice = f"the nearest that fits is {nearest} with {most[nearest]:,} (measured on the generator of the shipped table)"
    elif most:
        advice = f"no named strategy takes less than {min(most.values()):,}"
    else:
        advice = f"`workbench emulate --costs --core {core}` measures what others take"
    raise WorkbenchError(
        f"{strategy.name} takes up to {needs.healer:,} instructions in a clean frame on "
        f"{CORES[core].title}, up to {needs.fault:,} where a single permanent fault is found, and the "
        f"budget is {budget:,}; {advice}"
    )


def _nearest(boards: Iterable[Board], needs: Needs, frame_rate_hz: float) -> str:
    fit = [
        board
        for board in boards
        if board.flash_bytes >= needs.flash_bytes
        and board.ram_bytes >= needs.ram_bytes
        and board.instructions_per_frame(frame_rate_hz) >= needs.instructions
    ]
    best = min(fit, key=lambda board: (board.ram_bytes, board.flash_bytes), default=None)
    if best is None:
        return "no board that is known here has as much: take a smaller model or a lighter strategy"
    return f"the nearest that fits is {best.name}"
