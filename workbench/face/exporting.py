"""The C firmware of a voice and its healer, held against a board where one is named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import WorkbenchError, expect, nearest, whole_number
from workbench.experiments.monitors.watching_strategies import with_monitors
from workbench.experiments.voices.firmware_folder import write_firmware
from workbench.experiments.voices.voice import Voice
from workbench.face.shown import html_table, text_table
from workbench.face.working import counting, working
from workbench.firmware.boards import BOARDS, Board
from workbench.firmware.design import RAM, WEIGHTS, Firmware
from workbench.firmware.emulation.fitting import (
    measured_needs,
    refuse_expensive,
    refuse_small,
    runs_of,
)
from workbench.firmware.exporting.exported import left_over, refuse_foreign
from workbench.firmware.exporting.healing_notes import memory_table
from workbench.firmware.names import PREFIX, checked_prefix
from workbench.generators.dictionary import Dictionary
from workbench.healing.strategies.fitted import fitted
from workbench.healing.strategies.flash_scrub import at_rate
from workbench.healing.strategies.named import crc_report
from workbench.healing.strategies.strategy import Strategy

_FRAMES = 32  # of the last utterance, that are measured for a board


@dataclass(frozen=True, repr=False)
class Exported:
    """A firmware folder; a table of its memory in a notebook.

    Args:
        folder: Where it is.
        firmware: What was written.
        vectors: Titles of the golden vectors.
        fit: What the board has to spare; "" without one.
        dictionary: What it can say without a host; None where its inputs come from elsewhere.
    """

    folder: Path
    firmware: Firmware
    vectors: tuple[str, ...]
    fit: str
    dictionary: Dictionary | None = None

    @property
    def memory(self) -> list[tuple[str, str, int]]:
        """(what, "flash" or "RAM", bytes) of everything but code and stack."""
        rows = memory_table(self.firmware)
        if self.dictionary is not None:
            count = len(self.dictionary.texts)
            rows.append(
                (
                    f"dictionary, {count} utterance{'s' * (count != 1)}",
                    "flash",
                    self.dictionary.size_bytes,
                )
            )
        return rows

    @property
    def leftovers(self) -> list[str]:
        """Names of files in the folder that an earlier export wrote and this one did not, e.g. of another prefix."""
        return left_over(self.folder, self.firmware, says=self.dictionary is not None)

    def _rows(self) -> list[tuple[str, ...]]:
        head = ("memory", "where", "bytes")
        return [head, *((what, where, f"{size:,}") for what, where, size in self.memory)]

    def _repr_html_(self) -> str:
        return html_table(self._rows(), caption=f"{self.folder} {self.fit}".strip())

    def __repr__(self) -> str:
        return "\n".join(filter(None, [text_table(self._rows()), self.fit]))


def export(
    voice: Voice,
    healer: str | Strategy,
    folder: Path | str,
    *,
    board: str | None = None,
    weights: str = RAM,
    budget: int | None = None,
    say: Iterable[str] | str | None = None,
    prefix: str = PREFIX,
    flash_pages: float | None = None,
) -> Exported:
    """Write the C firmware of a voice to a folder, with two utterances as golden vectors.

    Args:
        voice: What is exported.
        healer: A strategy, its name or its file, or "none".
        folder: To write to; new, empty, or an earlier export.
        board: Its name in any case; what does not fit it is refused, measured on its emulated core.
        weights: "ram", a working copy that can be repaired, or "flash".
        budget: Instructions that the healer may take in a frame of that board.
        say: Utterances that the firmware can say; the first two are the golden vectors. None for the usual ones.
        prefix: Of all names in C and of files: one of its own for each of several models in one program.
        flash_pages: Pages of flash that are looked through in an hour; None for none. Weights in flash get crc-report
            where no healer is named.

    Raises:
        WorkbenchError: Something is unknown or does not fit, or the folder cannot be written or has other files.
    """
    expect(voice, Voice, "what is to be exported", 'a Voice, as wb.load("challenge")')
    target = _target(board, budget)
    if weights not in WEIGHTS:
        raise WorkbenchError(f"weights cannot be in {weights!r}; {nearest(weights, WEIGHTS)}")
    checked_prefix(prefix)
    refuse_foreign(folder)
    (healer,) = with_monitors(healer, voice)
    if flash_pages is not None:
        healer = _watching_flash(voice, healer, weights, flash_pages)
    strategy, _ = voice.healer(healer)
    voice.all_inputs(say)  # refused before anything is measured
    with working("Writing the firmware and its golden vectors"):
        fit = _fit(voice, strategy, healer, target, weights, budget) if target else ""
        written = write_firmware(voice, healer, folder, weights=weights, prefix=prefix, say=say)
    return Exported(Path(folder), written.firmware, written.vectors, fit, written.dictionary)


def _watching_flash(
    voice: Voice, healer: str | Strategy, weights: str, pages_per_hour: float
) -> Strategy:
    strategy, program = voice.healer(healer)
    if program is not voice.program and not strategy.heals:
        raise WorkbenchError(
            f"{strategy.name} alters the network and watches nothing; name another healer with pages of flash"
        )
    in_flash = weights != RAM
    if in_flash and not strategy.heals:
        strategy = fitted(crc_report(), voice.program)
    return at_rate(
        strategy,
        in_flash=in_flash,
        pages_per_hour=pages_per_hour,
        frame_rate_hz=voice.program.frame_rate_hz,
    )


def _target(board: str | None, budget: int | None) -> Board | None:
    if budget is not None and board is None:
        raise WorkbenchError("a budget counts instructions of a core; name a board as well")
    if budget is not None and whole_number(budget, "the budget") < 0:
        raise WorkbenchError(f"a budget of {budget:,} instructions cannot be; give at least 0")
    return None if board is None else board_named(board)


def board_named(board: str) -> Board:
    """The board of that name, in any case; WorkbenchError for another, with the nearest."""
    expect(board, str, "the board", f"its name, as {BOARDS[0].name!r}")
    known = {each.name.lower(): each for each in BOARDS}
    if board.lower() not in known:
        names = [each.name for each in BOARDS]
        raise WorkbenchError(f"there is no board {board!r}; {nearest(board, names)}")
    return known[board.lower()]


def _fit(
    voice: Voice,
    strategy: Strategy,
    healer: str | Strategy,
    board: Board,
    weights: str,
    budget: int | None,
) -> str:
    """What a board has to spare; WorkbenchError where it has not enough."""
    program = voice.program
    inputs = {
        name: codes[:, : _FRAMES * program.signal(name).rate]
        for name, codes in voice.inputs(voice.usual[-1]).items()
    }
    image = voice.image(healer)
    runs = runs_of(image, strategy, weights)
    with counting(f"Measuring on the core of {board.name}", total=runs, unit="run") as bar:
        needs = measured_needs(
            image, board, inputs, strategy=strategy, weights=weights, progress=bar.update
        )
    refuse_small(board, needs, program.frame_rate_hz)
    if budget is not None:
        refuse_expensive(budget, needs, strategy, board.core)
    cycles = board.instructions_per_frame(program.frame_rate_hz)
    return (
        f"{board.name}: {needs.flash_bytes / board.flash_bytes:.0%} of flash, "
        f"{needs.ram_bytes / board.ram_bytes:.0%} of RAM; {needs.instructions:,} instructions in a clean "
        f"frame at most, {needs.healer:,} of them the healer's, which takes {needs.fault:,} where it finds a "
        f"permanent fault: it keeps up if an instruction takes no more than {cycles / needs.instructions:.2f} cycles"
    )
