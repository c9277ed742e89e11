"""Whether a firmware fits a board and its healer a budget, measured by emulation; and what is nearest.

Instructions are counted: a board that is refused for its clock could not keep up at one cycle an
instruction; one that is not may still be too slow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError
from workbench.firmware.boards import BOARDS, CORES, Board
from workbench.firmware.costs import shipped_costs
from workbench.firmware.emulate import emulate
from workbench.healing.strategy import Strategy
from workbench.memory.image import Image


@dataclass(frozen=True)
class Needs:
    """flash_bytes: code and constants. ram_bytes: stack included. instructions, healer: the most of a
    clean frame, of all and of the healer alone.
    """

    flash_bytes: int
    ram_bytes: int
    instructions: int
    healer: int


def measured_needs(
    image: Image,
    board: Board,
    inputs: Mapping[str, np.ndarray],
    *,
    strategy: Strategy,
    weights: str,
) -> Needs:
    """Run `inputs` with and without the healer on the board's core; WorkbenchError without emulator."""
    core = CORES[board.core]
    run = emulate(image, core, inputs, strategy=strategy, weights=weights)
    bare = emulate(image, core, inputs, weights=weights)
    return Needs(
        flash_bytes=run.flash_bytes,
        ram_bytes=run.ram_bytes + run.stack_bytes,
        instructions=int(run.instructions.max()),
        healer=int((run.instructions - bare.instructions).max()),
    )


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
                f"{_nearest(BOARDS, needs, frame_rate_hz)}"
            )


def refuse_dear(budget: int, needs: Needs, strategy: Strategy, core: str) -> None:
    """Raise WorkbenchError when the healer takes more instructions in a frame than `budget`."""
    if needs.healer <= budget:
        return
    costs = [cost for cost in shipped_costs().values() if cost.core == core]
    fit = [cost for cost in costs if 0 < cost.step <= budget]
    nearest = max(fit, key=lambda cost: cost.step, default=None)
    advice = (
        f"the nearest that fits is {nearest.strategy} with {nearest.step:,} (measured on challenge)"
        if nearest
        else f"no named strategy takes less than {min(c.step for c in costs if c.step > 0):,}"
    )
    raise WorkbenchError(
        f"{strategy.name} takes up to {needs.healer:,} instructions in a frame on {CORES[core].title} "
        f"and the budget is {budget:,}; {advice}"
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
