"""A voice on the core of a board: what of the board it takes, and what becomes of it under upsets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.voices.script import Script, script_of
from workbench.experiments.voices.voice import Voice
from workbench.firmware.boards import CORES, Board
from workbench.firmware.emulation.emulate import EmulatedRun, MidFrameUpset, emulate
from workbench.healing.log import LogEntry, log_lines
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program
from workbench.memory.image import Image
from workbench.memory.layout import Layout

RUNS = 3  # of a device: without its healer, with it, and under upsets


@dataclass(frozen=True)
class Budget:
    """Of one resource of a board. used, has: in `unit`."""

    name: str
    used: float
    has: float
    unit: str

    @property
    def share(self) -> float:
        """Of what there is; over 1 where it does not fit."""
        return self.used / self.has


def budgets(board: Board, run: EmulatedRun, frame_rate_hz: float) -> list[Budget]:
    """Flash, RAM with stack, and instructions of the longest frame, at one cycle each: a lower bound of the load."""
    return [
        Budget("flash", run.flash_bytes, board.flash_bytes, "bytes"),
        Budget("RAM", run.ram_bytes + run.stack_bytes, board.ram_bytes, "bytes"),
        Budget(
            "longest frame",
            int(run.instructions.max()),
            board.instructions_per_frame(frame_rate_hz),
            "instructions",
        ),
    ]


def drawn_upsets(layout: Layout, *, frames: int, count: int, seed: int) -> list[MidFrameUpset]:
    """Bits of the working copy, each at most once, anywhere in the first half of a run, so that most are detected.

    Raises WorkbenchError for more than there are.
    """
    positions = layout.positions()
    if not 0 <= count <= len(positions):
        raise WorkbenchError(
            f"{count:,} upsets cannot hit a working copy of {len(positions):,} bits, of which each flips at most "
            "once; choose fewer"
        )
    rng = np.random.default_rng(seed)
    return sorted(
        MidFrameUpset(int(rng.integers(max(1, frames // 2))), float(rng.random()), int(position))
        for position in rng.choice(positions, count, replace=False)
    )


@dataclass(frozen=True, eq=False)
class BoardRun:
    """One utterance on an emulated core, three times: without the healer, with it, and with it under upsets."""

    voice: Voice
    board: Board
    strategy: Strategy
    script: Script
    upsets: tuple[MidFrameUpset, ...]
    bare: EmulatedRun
    clean: EmulatedRun
    damaged: EmulatedRun

    @property
    def frame_s(self) -> float:
        """Seconds of a frame."""
        return self.voice.frame_s

    @property
    def wrong_bits(self) -> np.ndarray:
        """Of the working copy, after each frame under upsets, int64 [frames]."""
        return self.damaged.wrong_bits

    @property
    def log(self) -> tuple[LogEntry, ...]:
        """What the device wrote down under upsets."""
        return self.damaged.log

    @property
    def budgets(self) -> list[Budget]:
        """Of the clean run with the healer."""
        return budgets(self.board, self.clean, self.voice.program.frame_rate_hz)

    @property
    def healer_instructions(self) -> float:
        """In a clean frame, on average."""
        return self.clean.instructions_per_frame - self.bare.instructions_per_frame

    @property
    def real_time_factor(self) -> float:
        """How long the longest clean frame takes, of what it lasts, at one cycle an instruction: a lower bound."""
        return self.budgets[-1].share

    def lines(self) -> list[str]:
        """The device's log in words."""
        return log_lines(self.log, self.damaged.image.layout, frame_s=self.frame_s)


def run_on_board(
    voice: Voice,
    board: Board,
    strategy: Strategy,
    program: Program,
    *,
    utterance: str,
    upsets: int,
    seed: int,
    progress: Callable[[str], object] = lambda _: None,
) -> BoardRun:
    """Compile and emulate.

    Args:
        voice: That speaks.
        board: One of `BOARDS`.
        strategy: Of the healer.
        program: That it is for, as `Voice.healer` returns it.
        utterance: That it says.
        upsets: Bits that flip in mid-frame.
        seed: Another one flips other bits.
        progress: Called with the name of each of the RUNS before it.

    Raises:
        WorkbenchError: There is no compiler or emulator, a word is unknown, or there are more upsets than bits.
    """
    core, script = CORES[board.core], script_of(voice, [utterance])
    image = strategy.image(program) if strategy.heals else Image.of(program)
    hits = drawn_upsets(image.layout, frames=script.frames, count=upsets, seed=seed)

    def live(what: str, healer: Strategy | None, struck: list[MidFrameUpset]) -> EmulatedRun:
        progress(f"{what} on {core.title}")
        return emulate(
            image,
            core,
            script.inputs,
            strategy=healer,
            mid_frame=struck,
            word_starts=script.starts,
        )

    return BoardRun(
        voice=voice,
        board=board,
        strategy=strategy,
        script=script,
        upsets=tuple(hits),
        bare=live("emulating the generator alone", None, []),
        clean=live("emulating it with its healer", strategy, []),
        damaged=live("emulating it under upsets", strategy, hits),
    )
