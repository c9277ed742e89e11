"""`workbench train`: float, then quantisation-aware; continues where a killed run stopped."""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path
from typing import Any

from workbench.commands.common import add_generator, add_workers, check_jobs
from workbench.commands.progress import resumable
from workbench.commands.train_sweep import TRUNK_BITS, recipe_of, run_sweep, variants_of
from workbench.errors import WorkbenchError
from workbench.experiments.sweeps.sweep import Variant
from workbench.files import as_argument
from workbench.generators.generator import Generator
from workbench.generators.generator_registry import DEFAULT, generator_named
from workbench.healing.strategies.named import NAMED
from workbench.memory.codes.ecc import IN_PLACE
from workbench.training.checkpoint_files import (
    METADATA_FILE,
    PROGRAM_FILE,
    generator_of,
    read_metadata,
    refuse_other_generator,
)

_OUT = "out/training/{}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the generator, its recordings and how long it trains."""
    add_generator(parser)
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="recordings to learn, one channel, 16 kHz unless the generator says otherwise; a file's name "
        f"without its ending is the utterance (what the generator ships; {DEFAULT}: ten digits)",
    )
    parser.add_argument(
        "--preset",
        default="default",
        metavar="NAME",
        help="default: minutes; long: as the shipped checkpoints; tiny: seconds, sounds like nothing",
    )
    parser.add_argument(
        "--seed", "--seeds", dest="seed", type=_whole_numbers, default=[0], metavar="N,N|N..M",
        help="of weights and batches (0); several make a sweep, with a checkpoint each below --out",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE",
        help="of the generator's configuration, the value as JSON; may be given again (what the generator "
        "chooses)",
    )  # fmt: skip
    parser.add_argument(
        "--trunk-bits",
        "--bits",
        dest="trunk_bits",
        type=_whole_numbers,
        default=[],
        metavar="N,N",
        help="as --set trunk_weight_bits=N, 8 or 4 (8); several make a sweep",
    )
    parser.add_argument(
        "--sparsity",
        type=_shares,
        default=[0.0],
        metavar="S,S",
        help="share of the weights of every layer, the smallest, that become zero before quantisation and "
        "stay so (0); several make a sweep",
    )
    parser.add_argument(
        "--code-words", choices=IN_PLACE, default="",
        help="train on, so that weights lose less when they become words of this code",
    )  # fmt: skip
    parser.add_argument(
        "--bit-errors", type=float, default=0.0, metavar="P",
        help="robust by training: flip every bit of the weights with this probability in each quantised step (0)",
    )  # fmt: skip
    parser.add_argument(
        "--clip", type=float, default=0.0, metavar="W",
        help="robust by training: keep weights of convolutions within -W and W (0: as large as they like)",
    )  # fmt: skip
    parser.add_argument(
        "--prune-blocks", type=float, default=0.0, metavar="S",
        help="train on, so that this share of the blocks of weights (4 rows by 8 inputs) can be left out, and put "
        "back layer by layer while the program runs (0)",
    )  # fmt: skip
    parser.add_argument(
        "--start", type=Path, metavar="DIR",
        help="with --code-words, --prune-blocks, --bit-errors or --clip: a finished checkpoint to go on from, instead of "
        "from nothing",
    )  # fmt: skip
    parser.add_argument(
        "--steps", type=_steps, metavar="N,N[,N,N]",
        help="of the float and the quantised stage and, in four numbers, of the two of --prune-blocks (what the preset says)",
    )  # fmt: skip
    parser.add_argument("--device", help="cpu or cuda (cuda when there is one)")
    add_workers(parser)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help=f"checkpoint to write ({_OUT.format(DEFAULT)})",
    )


def run(options: argparse.Namespace) -> None:
    """Train one variant or a sweep, and print the paths; WorkbenchError when it cannot."""
    check_jobs(options.jobs)
    variants = variants_of(options)
    if len(variants) > 1 or options.dask:
        run_sweep(_generator(options), variants, _settings(options), options)
        return
    _run_one(variants[0], options)


def _run_one(variant: Variant, options: argparse.Namespace) -> None:
    from workbench.training.checkpoint import load_checkpoint
    from workbench.training.curve import CURVE_FILE
    from workbench.training.hardening import Hardening
    from workbench.training.stored_program import program_of
    from workbench.training.task import make_task
    from workbench.training.train import SAVE_EVERY_S, train

    generator = _generator(options)
    start = load_checkpoint(options.start)[0] if options.start else None
    recordings = generator.recordings if start else generator.training_set
    out = options.out or Path(_OUT.format(generator.name))
    task = make_task(
        generator,
        recordings(options.data),
        recipe=recipe_of(generator, options),
        seed=variant.seed,
        settings={**_settings(options), **variant.settings},
        device=options.device,
        code_words=options.code_words,
        start=start,
        sparsity=variant.sparsity,
        hardening=Hardening(options.bit_errors, options.clip),
        prune_blocks=options.prune_blocks,
    )
    with resumable(lambda: f"progress is saved in {out} every {SAVE_EVERY_S:g} s"):
        train(task, out)
    program_of(out, read_metadata(out))
    print(f"{out / METADATA_FILE}, with its weights, {PROGRAM_FILE} and {CURVE_FILE} beside it")
    words = ["workbench", "measure", generator.name, "--checkpoint", as_argument(out)]
    words += ["--data", as_argument(options.data)] if options.data else []
    words += ["--strategy", options.code_words] if options.code_words in NAMED else []
    print(f"measure it with `{shlex.join(words)}`")


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """The fields of --set, beside which --trunk-bits has one of its own."""
    settings: dict[str, Any] = {}
    for text in options.set:
        field, equals, value = text.partition("=")
        try:
            read = json.loads(value)
        except (ValueError, RecursionError):
            read = None
        if (
            not equals
            or read is None
            or field in settings
            or (options.trunk_bits and field == TRUNK_BITS)
        ):
            raise WorkbenchError(
                f"--set {text!r} is not FIELD=VALUE with a value in JSON, each field once; write for example "
                "--set frames=24"
            )
        settings[field] = tuple(read) if isinstance(read, list) else read
    return settings


def _generator(options: argparse.Namespace) -> Generator:
    """The generator that is asked for or, with --start, that of the checkpoint."""
    if options.start:
        generator = generator_of(read_metadata(options.start), options.start)
        refuse_other_generator(options.generator, generator, options.start)
    else:
        generator = generator_named(options.generator or DEFAULT)
    generator.recipe(options.preset)  # refuses an unknown one before packages are loaded
    return generator


def _whole_numbers(text: str) -> list[int]:
    """[0, 1, 2] of "0,1,2" or "0..2"; argparse's error for what is neither."""
    try:
        first, dots, last = text.partition("..")
        numbers = (
            list(range(int(first), int(last) + 1)) if dots else list(map(int, text.split(",")))
        )
    except ValueError:
        numbers = []
    return _each_once(text, numbers, "whole numbers like 0,1,2 or 0..2")


def _steps(text: str) -> tuple[int, ...]:
    """(400, 150) of "400,150"; argparse's error for what are no whole numbers."""
    try:
        return tuple(map(int, text.split(",")))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} are no steps like 400,150") from error


def _shares(text: str) -> list[float]:
    try:
        shares = list(map(float, text.split(",")))
    except ValueError:
        shares = []
    return _each_once(text, shares, "shares like 0,0.5")


def _each_once(text: str, values: list[Any], what: str) -> list[Any]:
    if not values or len(set(values)) < len(values):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of different {what}")
    return values
