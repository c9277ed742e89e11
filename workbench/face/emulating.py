"""The firmware of a voice on the emulated core of a board: what it takes, what it says, what its healer writes down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError, expect, whole_number
from workbench.experiments.emulations.board_runs import RUNS, BoardRun, Budget, run_on_board
from workbench.experiments.monitors.watching_strategies import with_monitors
from workbench.experiments.voices.voice import Voice
from workbench.face.exporting import board_named
from workbench.face.shown import text_table
from workbench.face.working import counting
from workbench.healing.strategies.strategy import Strategy
from workbench.panels.board_views import bars, log_list, run_in_words, timeline


@dataclass(frozen=True, repr=False)
class Emulated:
    """An utterance on an emulated core, without upsets and under them; bars, log and timeline in a notebook.

    Args:
        run: All that was measured.
    """

    run: BoardRun

    @property
    def samples(self) -> np.ndarray:
        """What it says under upsets, float32 [samples]; of a face, float32 [frames, shapes]."""
        return self.run.voice.program.rendered(self.run.damaged.codes)

    @property
    def log(self) -> list[str]:
        """What the healer wrote down, in words."""
        return self.run.lines()

    @property
    def budgets(self) -> list[Budget]:
        """What it takes of the board."""
        return self.run.budgets

    @property
    def real_time_factor(self) -> float:
        """Of the longest clean frame, at one cycle an instruction: a lower bound."""
        return self.run.real_time_factor

    def __repr__(self) -> str:
        rows = [("resource", "takes", "of", "share")]
        rows += [
            (each.name, f"{each.used:,.0f}", f"{each.has:,.0f} {each.unit}", f"{each.share:.1%}")
            for each in self.budgets
        ]
        return "\n".join([text_table(rows), run_in_words(self.run), *self.log])

    def _repr_html_(self) -> str:
        return bars(self.run) + log_list(self.run) + timeline(self.run)


def emulate(
    voice: Voice,
    healer: str | Strategy,
    board: str = "STM32F4DISCOVERY",
    *,
    utterance: str | None = None,
    upsets: int = 20,
    seed: int = 0,
) -> Emulated:
    """Run the firmware of a voice on the emulated core of a board; bits flip while frames are computed.

    Args:
        voice: What speaks.
        healer: A strategy, its name or its file, or "none".
        board: Its name in any case.
        utterance: What it says; None for the first of the usual ones.
        upsets: Bits of the working copy that flip in the first half of the utterance.
        seed: Another one flips other bits.

    Raises:
        WorkbenchError: Something is unknown, or there is no compiler or emulator.
    """
    expect(voice, Voice, "what is emulated", 'a Voice, as wb.load("challenge")')
    target = board_named(board)
    whole_number(upsets, "the number of upsets")
    if whole_number(seed, "the seed") < 0:
        raise WorkbenchError(f"the seed is {seed}; give 0 or more")
    (healer,) = with_monitors(healer, voice)
    strategy, program = voice.healer(healer)
    with counting(f"Emulating on {target.name}", total=RUNS, unit="run") as bar:
        run = run_on_board(
            voice,
            target,
            strategy,
            program,
            utterance=voice.usual[0] if utterance is None else utterance,
            upsets=upsets,
            seed=seed,
            progress=lambda _: bar.update(),
        )
    return Emulated(run)
