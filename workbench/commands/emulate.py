"""`workbench emulate`: the firmware on emulated Cortex-M, compared, measured, damaged and healed."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

from workbench.commands.attempts import Attempts
from workbench.commands.common import (
    PAGES,
    STRATEGIES,
    add_checkpoint,
    add_generator,
    add_word,
    calibrated,
    chosen_voice,
    strategy_of,
    strategy_text,
)
from workbench.commands.cost_table import LEGEND, print_costs
from workbench.commands.emulated_core import on_core, print_figures
from workbench.commands.emulated_exhaustive import run_exhaustive
from workbench.commands.emulated_faults import USUAL_FAULTS, run_faults
from workbench.commands.kept import Kept
from workbench.commands.progress import counted
from workbench.errors import WorkbenchError
from workbench.experiments.emulations.board_runs import RUNS
from workbench.experiments.fleets.device_costs import cost_frames
from workbench.experiments.provenance import inputs_digest
from workbench.experiments.voices.voice import Voice
from workbench.files import write_text
from workbench.firmware.boards import CORES, USUAL_CORES
from workbench.firmware.emulation.costs import Cost, as_json, bare_run, fingerprint, measure_cost
from workbench.firmware.emulation.soak import soak
from workbench.healing.strategies.named import CRC_SCRUB
from workbench.healing.strategies.variants import strategy_variants
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
    add_word(parser, "what it says, may be given again (every word)", action="append")
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
        "--faults", type=int, nargs="?", const=USUAL_FAULTS, metavar="N",
        help="instead strike the running firmware, with and without healer, by N faults of each kind: bits of RAM, "
        f"stack, flash and registers, and skipped instructions ({USUAL_FAULTS}; on m4, in two words)",
    )  # fmt: skip
    parser.add_argument(
        "--exhaustive", action="append", metavar="FUNCTION",
        help="instead leave out every instruction in turn that a frame executes of a function of the firmware, while the "
        "healer repairs a weight; may be given again",
    )  # fmt: skip
    parser.add_argument(
        "--flips", type=int, metavar="K",
        help="faults that strike each device of --faults together, or instructions in a row that --exhaustive leaves out (1)",
    )  # fmt: skip
    parser.add_argument(
        "--strategy", action="append", type=strategy_text, metavar="NAME|FILE",
        help=f"the healer: {STRATEGIES} ({CRC_SCRUB}); may be given again for --faults and --exhaustive, and for --costs and --soak "
        "(all that fit)",
    )  # fmt: skip
    parser.add_argument(
        "--jobs",
        type=int,
        default=-1,
        metavar="N",
        help="processes of --faults and --exhaustive (one a core)",
    )
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="draw the outcomes of --faults there (PNG)"
    )
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
    voice = chosen_voice(options)
    for written in filter(None, (options.json, options.picture)):
        if voice.folder:
            refuse_replacing(written, voice.folder)
    if options.faults is not None:
        run_faults(voice, options)
        return
    if options.exhaustive:
        run_exhaustive(voice, options)
        return
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
    words = options.word or list(voice.usual)
    figures, attempts = [], Attempts()
    names = list(dict.fromkeys(options.core or USUAL_CORES))
    with (
        _kept(voice, options) as kept,
        counted(RUNS * len(names), unit="run") as say,
    ):
        for name in names:
            measured = partial(on_core, voice, words, CORES[name], options, attempts, say)
            # A step that is kept writes no log.
            figures.append(measured() if options.log else kept.step(name, measured))
            if options.json:  # after every core, since the next may fail
                report = {"utterances": words, "seed": options.seed, "cores": figures}
                with attempts.step(f"{options.json}"):
                    write_text(options.json, json.dumps(report, indent=1) + "\n")
    for each in figures:
        print_figures(each)
    print(
        "Instructions are counted exactly and a real core needs more cycles than that, so each share "
        "of a clock is a lower bound."
    )
    attempts.finish("the figures are above")


def _refuse_what_would_be_ignored(options: argparse.Namespace) -> None:
    """Options that the chosen measurement does not have."""
    modes = {
        "--costs": options.costs,
        "--soak": options.soak is not None,
        "--faults": options.faults is not None,
        "--exhaustive": bool(options.exhaustive),
    }
    chosen = [name for name, asked in modes.items() if asked]
    if len(chosen) > 1:
        raise WorkbenchError(f"{' and '.join(chosen)} measure different things; choose one of them")
    mode = "".join(chosen)
    strikes = mode in ("--faults", "--exhaustive")
    other = mode and not strikes
    unused = {
        "--pages": options.pages is not None and other,
        "--word": options.word and other,
        "--jobs": options.jobs != -1 and not strikes,
        "--flips": options.flips is not None and not strikes,
        "--picture": options.picture and mode != "--faults",
        "--log": options.log and (mode or len(options.core or USUAL_CORES) > 1),
        "--core": options.core and mode == "--soak",
        "--json": options.json and mode == "--soak",
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
    asked = options.strategy and calibrated(options.strategy, voice)
    variants = strategy_variants(asked, voice.program, inputs)
    cores = [CORES[name] for name in dict.fromkeys(options.core or USUAL_CORES)]
    *_, last = inputs.values()
    frames = cost_frames(voice.program, last)
    rows: list[Cost] = []
    attempts = Attempts()
    with (
        Kept("emulate-costs", inputs_digest({"": frames})) as kept,
        progress_bar(total=len(variants) * len(cores), unit="strategy") as bar,
    ):
        for core in cores:
            measured = []
            with attempts.step(core.title):
                bare = bare_run(voice.program, frames, core)
                for _, strategy, program in variants:
                    with attempts.step(f"{strategy.name} on {core.title}"):
                        measured.append(
                            kept.step(
                                f"{core.name}-{strategy.name}-{fingerprint(program, strategy)}",
                                partial(measure_cost, program, frames, strategy, core, bare=bare),
                                plain=asdict, again=lambda plain: Cost(**plain),
                            )
                        )  # fmt: skip
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
    asked = options.strategy and calibrated(options.strategy, voice)
    variants = strategy_variants(asked, voice.program, inputs)
    healing = [variant for variant in variants if variant.strategy.heals]
    with (
        _kept(voice, options) as kept,
        progress_bar(total=len(healing), unit="strategy") as bar,
    ):
        for _, strategy, program in healing:
            entries = kept.step(
                f"{strategy.name}-{fingerprint(program, strategy)}",
                partial(
                    soak,
                    program,
                    list(inputs.values()),
                    strategy,
                    options.soak,
                    seed=options.seed,
                ),
            )
            bar.update()
            bar.write(f"{strategy.name}: {entries:,} entries in {options.soak:,} clean frames")


def _kept(voice: Voice, options: argparse.Namespace) -> Kept:
    """Steps of the same run, which neither files to write change nor other cores and, of --soak, strategies."""
    said = {word: voice.inputs(word) for word in options.word or voice.usual}
    asked = (options.word, options.upsets, options.soak, options.seed)
    firmware = ""
    if options.soak is None:
        name = (options.strategy or [CRC_SCRUB])[0]
        strategy, program = strategy_of(name, options.pages, voice)
        firmware = fingerprint(program, strategy)  # and not the file's name
    return Kept("emulate", voice.program.content_hash, inputs_digest(said), firmware, asked)
