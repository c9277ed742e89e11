"""`workbench emulate`: the firmware on emulated Cortex-M, compared, measured, damaged and healed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workbench.commands.attempts import Attempts
from workbench.commands.common import (
    PAGES,
    STRATEGIES,
    add_checkpoint,
    add_generator,
    image_under,
    strategy_of,
    strategy_text,
)
from workbench.commands.cost_table import LEGEND, print_costs
from workbench.errors import WorkbenchError
from workbench.experiments.fleets.device_costs import COST_FRAMES
from workbench.experiments.voices.script import script_of
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.files import write_bytes, write_text
from workbench.firmware.boards import CORES, USUAL_CORES, Board, Core, boards_with
from workbench.firmware.costs import Cost, as_json, bare_run, measure_cost
from workbench.firmware.emulate import EmulatedRun, MidFrameUpset, emulate
from workbench.firmware.soak import soak
from workbench.healing.log import log_lines
from workbench.healing.named import CRC_SCRUB
from workbench.healing.strategy import Strategy
from workbench.healing.variants import strategy_variants
from workbench.integer.program import Program
from workbench.integer.reference import run as run_program
from workbench.memory.layout import Layout
from workbench.memory.places import BACKOFF, HEALER
from workbench.progress import progress_bar
from workbench.training.checkpoint_files import refuse_replacing

_UPSETS = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the generator, cores, words, upsets and where the figures go."""
    add_generator(parser)
    add_checkpoint(parser)
    parser.add_argument(
        "--core",
        action="append",
        choices=tuple(CORES),
        help=f"may be given again ({' '.join(USUAL_CORES)})",
    )
    parser.add_argument(
        "--utterance",
        "--word",
        dest="word",
        action="append",
        metavar="W",
        help="what it says, may be given again (every word)",
    )
    parser.add_argument(
        "--pages", type=int, metavar="N",
        help=f"pages that {CRC_SCRUB} checks after each frame ({PAGES})",
    )  # fmt: skip
    parser.add_argument(
        "--upsets",
        type=int,
        default=_UPSETS,
        metavar="N",
        help=f"bits of the working copy that flip in mid-frame ({_UPSETS})",
    )
    parser.add_argument(
        "--costs",
        action="store_true",
        help="measure instead what every healing strategy costs on each core",
    )
    parser.add_argument(
        "--soak",
        type=int,
        metavar="FRAMES",
        help="instead run so many clean frames of random words on this machine and count what the healer "
        "writes down",
    )
    parser.add_argument(
        "--strategy", action="append", type=strategy_text, metavar="NAME|FILE",
        help=f"the healer: {STRATEGIES} ({CRC_SCRUB}); for --costs and --soak, may be given again "
        "(all that fit)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="another one flips other bits (0)")
    parser.add_argument(
        "--log", type=Path, metavar="FILE", help="keep the log's bytes, which `workbench log` reads"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there as well")


def run(options: argparse.Namespace) -> None:
    """Run every core and print its costs and its log.

    Raises WorkbenchError when a component is missing, a word is unknown, an option cannot be or a
    sample differs.
    """
    for name, least in (("pages", 1), ("upsets", 0), ("seed", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise WorkbenchError(f"--{name} is {value}; it must be at least {least}")
    _refuse_what_would_be_ignored(options)
    voice = open_voice(options.checkpoint, generator=options.generator)
    if options.json and voice.folder:
        refuse_replacing(options.json, voice.folder)
    bits = len(voice.image().layout.positions())
    if options.upsets > bits:
        raise WorkbenchError(
            f"--upsets is {options.upsets:,} and the working copy has {bits:,} bits, of which each flips "
            "at most once; choose fewer"
        )
    if options.costs:
        _costs(voice, options)
        return
    if options.soak is not None:
        _soak(voice, options)
        return
    words = options.word or list(voice.utterances)
    figures, attempts = [], Attempts()
    for name in dict.fromkeys(options.core or USUAL_CORES):
        figures.append(_on_core(voice, words, CORES[name], options, attempts))
        _print_figures(figures[-1])
        if options.json:  # after every core, since the next may fail
            report = {"utterances": words, "seed": options.seed, "cores": figures}
            with attempts.step(f"{options.json}"):
                write_text(options.json, json.dumps(report, indent=1) + "\n")
    print(
        "Instructions are counted exactly and a real core needs more cycles than that, so each share "
        "of a clock is a lower bound."
    )
    attempts.finish("the figures are above")


def _refuse_what_would_be_ignored(options: argparse.Namespace) -> None:
    """Options that the chosen measurement does not have."""
    mode = "--costs" if options.costs else "--soak" if options.soak is not None else ""
    unused = {
        "--pages": options.pages is not None and mode,
        "--word": options.word and mode,
        "--log": options.log and (mode or len(options.core or USUAL_CORES) > 1),
        "--core": options.core and mode == "--soak",
        "--json": options.json and mode == "--soak",
        "--soak": options.soak is not None and options.costs,
        "a second --strategy": len(options.strategy or ()) > 1 and not mode,
    }
    for name, refused in unused.items():
        if refused:
            where = f"with {mode}" if mode else "here"
            more = "; name one --core for one log" if name == "--log" and not mode else ""
            raise WorkbenchError(f"{name} has no meaning {where}; leave it out{more}")


def _costs(voice: Voice, options: argparse.Namespace) -> None:
    """Measure, print a table per core, and with --json write the table that simulations use.

    Figures are written after every core; a strategy or core that fails is reported at the end.
    """
    inputs = voice.all_inputs()
    variants = strategy_variants(options.strategy, voice.program, inputs)
    cores = [CORES[name] for name in dict.fromkeys(options.core or USUAL_CORES)]
    frames = {name: codes[:, :COST_FRAMES] for name, codes in inputs[voice.utterances[-1]].items()}
    rows: list[Cost] = []
    attempts = Attempts()
    with progress_bar(total=len(variants) * len(cores)) as bar:
        for core in cores:
            measured = []
            with attempts.step(core.title):
                bare = bare_run(voice.program, frames, core)
                for _, strategy, program in variants:
                    with attempts.step(f"{strategy.name} on {core.title}"):
                        measured.append(measure_cost(program, frames, strategy, core, bare=bare))
                    bar.update()
            if measured:
                print_costs(core, measured)
            rows += measured
            if options.json and rows:
                with attempts.step(f"{options.json}"):
                    write_text(options.json, as_json(rows, program=voice.program))
    if rows:
        print(LEGEND)
    attempts.finish(f"{len(rows)} costs were measured")


def _soak(voice: Voice, options: argparse.Namespace) -> None:
    if options.soak < 1:
        raise WorkbenchError(f"--soak is {options.soak}; run at least 1 frame")
    inputs = voice.all_inputs()
    for _, strategy, program in strategy_variants(options.strategy, voice.program, inputs):
        if strategy.heals:
            entries = soak(
                program, list(inputs.values()), strategy, options.soak, seed=options.seed
            )
            print(
                f"{strategy.name}: {entries:,} entries in {options.soak:,} clean frames", flush=True
            )


def _on_core(
    voice: Voice,
    words: Sequence[str],
    core: Core,
    options: argparse.Namespace,
    attempts: Attempts,
) -> dict[str, Any]:
    script = script_of(voice, words)
    healer, program = strategy_of((options.strategy or [CRC_SCRUB])[0], options.pages, voice)
    image = image_under(healer, program)
    layout = image.layout
    upsets = _upsets(layout, script.frames, options)

    def live(strategy: Strategy | None, hits: Sequence[MidFrameUpset] = ()) -> EmulatedRun:
        return emulate(
            image, core, script.inputs, strategy=strategy, mid_frame=hits, word_starts=script.starts
        )

    clean, bare, damaged = live(healer), live(None), live(healer, upsets)
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


def _upsets(layout: Layout, frames: int, options: argparse.Namespace) -> list[MidFrameUpset]:
    """Bits of the working copy, anywhere in the first half of the run, so that most are detected."""
    rng = np.random.default_rng(options.seed)
    positions = rng.choice(layout.positions(), options.upsets, replace=False)
    return sorted(
        MidFrameUpset(int(rng.integers(max(1, frames // 2))), float(rng.random()), int(position))
        for position in positions
    )


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


def _print_figures(core: dict[str, Any]) -> None:
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
        f"{healer['backoff_bytes']:,} how long damaged units wait"
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
