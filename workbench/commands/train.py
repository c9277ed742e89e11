"""`workbench train challenge`: float, then quantisation-aware; continues where a killed run stopped."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from workbench.audio.recogniser import DIGIT_WORDS
from workbench.audio.recordings import load_words
from workbench.commands.common import add_generator
from workbench.files import as_argument
from workbench.healing.named import NAMED
from workbench.training.checkpoint import STORY_FILE, load_checkpoint
from workbench.training.curve import CURVE_FILE
from workbench.training.recipe import PRESETS
from workbench.training.train import IN_PLACE, SAVE_EVERY_S, make_task, train

_OUT = Path("out/training/challenge")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the generator, its recordings and how long it trains."""
    add_generator(parser)
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="recordings to learn, 16 kHz, one channel; a file's name without its ending is the "
        "word (the ten digits that ship)",
    )
    parser.add_argument(
        "--preset",
        choices=tuple(PRESETS),
        default="default",
        help="default: minutes; long: as the shipped checkpoints; tiny: seconds, sounds like nothing",
    )
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches (0)")
    parser.add_argument(
        "--trunk-bits", type=int, choices=(8, 4), default=8, help="weights of the largest part (8)"
    )
    parser.add_argument(
        "--code-words", choices=IN_PLACE, default="",
        help="train on, so that weights lose less when they become words of this code",
    )  # fmt: skip
    parser.add_argument(
        "--start", type=Path, metavar="DIR",
        help="with --code-words: a finished checkpoint to go on from, instead of from nothing",
    )  # fmt: skip
    parser.add_argument("--device", help="cpu or cuda (cuda when there is one)")
    parser.add_argument(
        "--out", type=Path, default=_OUT, metavar="DIR", help=f"checkpoint to write ({_OUT})"
    )


def run(options: argparse.Namespace) -> None:
    """Train, and say where the checkpoint lies; WorkbenchError when it cannot."""
    recordings = load_words(options.data)
    start = load_checkpoint(options.start)[0] if options.start else None
    if options.data is None and start is None:
        recordings = {digit: recordings[digit] for digit in DIGIT_WORDS}
    task = make_task(
        recordings,
        recipe=PRESETS[options.preset],
        seed=options.seed,
        trunk_weight_bits=options.trunk_bits,
        device=options.device,
        code_words=options.code_words,
        start=start,
    )
    try:
        train(task, options.out)
    except KeyboardInterrupt:
        print(
            f"\nprogress is saved in {options.out} every {SAVE_EVERY_S:g} s; "
            "the same command goes on from there",
            file=sys.stderr,
        )
        raise
    print(f"{options.out / STORY_FILE}, with its weights and {CURVE_FILE} beside it")
    words = ["workbench", "measure", options.generator, "--checkpoint", as_argument(options.out)]
    words += ["--data", as_argument(options.data)] if options.data else []
    words += ["--strategy", options.code_words] if options.code_words in NAMED else []
    print(f"measure it with `{shlex.join(words)}`")
