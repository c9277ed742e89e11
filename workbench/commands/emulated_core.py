"""One core of `workbench emulate`: the firmware on it, compared, measured and damaged."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from workbench.commands.attempts import Attempts
from workbench.commands.common import image_under, strategy_of
from workbench.errors import WorkbenchError
from workbench.experiments.emulations.board_runs import drawn_upsets
from workbench.experiments.voices.script import script_of
from workbench.experiments.voices.voice import Voice
from workbench.files import write_bytes
from workbench.firmware.boards import Board, Core, boards_with
from workbench.firmware.emulation.emulate import EmulatedRun, MidFrameUpset, emulate
from workbench.healing.log import log_lines
from workbench.healing.strategies.named import CRC_SCRUB
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program
from workbench.integer.reference import run as run_program
from workbench.memory.places import BACKOFF, HEALER


def on_core(
    voice: Voice,
    words: Sequence[str],
    core: Core,
    options: argparse.Namespace,
    attempts: Attempts,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """All figures of one core, JSON-ready; the log's bytes go to --log. say: names each of its three runs.

    Raises WorkbenchError when a sample differs from the reference.
    """
    script = script_of(voice, words)
    healer, program = strategy_of((options.strategy or [CRC_SCRUB])[0], options.pages, voice)
    image = image_under(healer, program)
    layout = image.layout
    upsets = drawn_upsets(layout, frames=script.frames, count=options.upsets, seed=options.seed)

    def live(
        what: str, strategy: Strategy | None, hits: Sequence[MidFrameUpset] = ()
    ) -> EmulatedRun:
        say(f"{core.title} {what}")
        return emulate(
            image, core, script.inputs, strategy=strategy, mid_frame=hits, word_starts=script.starts
        )

    clean, bare = live("with the healer", healer), live("without a healer", None)
    damaged = live("under upsets", healer, upsets)
    compared = _compare(image.program, voice, words, (bare, clean))
    if options.log:
        with attempts.step(f"{options.log}"):
            write_bytes(options.log, damaged.log_bytes)
    wrong = damaged.image.flipped()
    return {
        "core": core.title,
        "samples_equal": compared,
        "instructions_per_frame": clean.instructions_per_frame,
        "most_instructions": int(clean.instructions.max()),
        "flash_bytes": clean.flash_bytes,
        "ram_bytes": clean.ram_bytes + clean.stack_bytes,
        "stack_bytes": clean.stack_bytes,
        "healer": {
            "instructions_per_frame": clean.instructions_per_frame - bare.instructions_per_frame,
            "flash_bytes": clean.flash_bytes - bare.flash_bytes,
            "log_bytes": len(clean.log_bytes),
            "ram_bytes": clean.ram_bytes - bare.ram_bytes,
            "variable_bytes": layout.sections[HEALER].size_bytes,
            "backoff_bytes": layout.sections[BACKOFF].size_bytes,
        },
        "boards": [
            _on_board(board, clean, voice.program.frame_rate_hz)
            for board in boards_with(core.name)
        ],
        "upsets": [
            {"frame": u.frame, "share": u.share, "position": u.position,
             "site": str(layout.site(u.position))}
            for u in upsets
        ],
        "log": [entry.describe(layout, frame_s=voice.frame_s) for entry in damaged.log],
        "lines": log_lines(damaged.log, layout, frame_s=voice.frame_s),
        "wrong_bits_at_end": int((wrong < 8 * layout.working_bytes).sum()),
        "samples_changed": int((damaged.codes != clean.codes).sum()),
    }  # fmt: skip


def _compare(
    program: Program, voice: Voice, words: Sequence[str], runs: Sequence[EmulatedRun]
) -> int:
    """Number of samples that are equal to the reference; WorkbenchError when one is not."""
    expected = np.concatenate(
        [run_program(program, voice.inputs(word))[program.output][0] for word in words]
    )
    for made in runs:
        differing = np.flatnonzero((made.codes != expected).any(axis=1))
        if differing.size:
            raise WorkbenchError(
                f"the {made.core.title} differs from the reference in {differing.size} samples, the "
                f"first {differing[0]}; please report this as a defect of the firmware"
            )
    return sum(made.codes.size for made in runs)


def _on_board(board: Board, run: EmulatedRun, frame_rate_hz: float) -> dict[str, Any]:
    budget = board.instructions_per_frame(frame_rate_hz)
    ram_bytes = run.ram_bytes + run.stack_bytes
    return {
        "board": board.name,
        "source": board.source,
        "clock_hz": board.clock_hz,
        "share_of_clock": run.instructions_per_frame / budget,
        "cycles_per_instruction": budget / run.instructions_per_frame,
        "share_of_flash": run.flash_bytes / board.flash_bytes,
        "share_of_ram": ram_bytes / board.ram_bytes,
    }


def _verdict(board: dict[str, Any]) -> str:
    """What can be said without knowing how many cycles an instruction takes."""
    if max(board["share_of_flash"], board["share_of_ram"]) > 1:
        return "does not fit"
    if board["share_of_clock"] > 1:
        return "too slow"
    cycles = board["cycles_per_instruction"]
    return f"keeps up only if an instruction takes no more than {cycles:.2f} cycles"


def print_figures(core: dict[str, Any]) -> None:
    """What `on_core` found, in words."""
    healer = core["healer"]
    print(
        f"{core['core']}: {core['samples_equal']:,} samples, with and without healer, equal to the "
        f"reference; "
        f"{core['instructions_per_frame']:,.0f} instructions a frame, {core['flash_bytes']:,} bytes "
        f"of flash, {core['ram_bytes']:,} of RAM ({core['stack_bytes']:,} of them stack)"
    )
    print(
        f"  healer's part: {healer['instructions_per_frame']:,.0f} instructions a frame "
        f"({healer['instructions_per_frame'] / core['instructions_per_frame']:.1%}), "
        f"{healer['flash_bytes']:,} bytes of flash; {healer['ram_bytes']:,} bytes of RAM, "
        f"{healer['log_bytes']:,} of them log, {healer['variable_bytes']:,} variables and "
        f"{healer['backoff_bytes']:,} waiting times of damaged units"
    )
    for board in core["boards"]:
        print(
            f"  {board['board']:<18} {board['clock_hz'] / 1e6:>4.0f} MHz: "
            f"at least {board['share_of_clock']:.1%} of the clock, "
            f"{board['share_of_flash']:.1%} of flash, {board['share_of_ram']:.1%} of RAM: "
            f"{_verdict(board)}"
        )
    print(f"  {len(core['upsets']):,} bits flipped in mid-frame; the device's log:")
    for line in core["lines"]:
        print(f"    {line}")
    left = core["wrong_bits_at_end"]
    why = ": the run ended before the healer came by" if left else ""
    print(
        f"  {core['samples_changed']:,} samples sounded differently; "
        f"{left:,} wrong bits left in the working copy{why}"
    )
