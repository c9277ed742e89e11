"""`workbench demo`: hear a voice, the same voice with flipped bits, and the same voice healed."""

from __future__ import annotations

import argparse
from pathlib import Path

_OUT = Path("out/demo")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the folder, the word and the seed."""
    parser.add_argument(
        "--out", type=Path, default=_OUT, metavar="DIR", help=f"where to write the page ({_OUT})"
    )
    parser.add_argument(
        "--utterance",
        "--word",
        dest="word",
        metavar="W",
        default="7",
        help="the digit that is damaged and healed (7)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="another one flips other bits at other times (0)"
    )


def run(options: argparse.Namespace) -> None:
    """Make the page and print its path; WorkbenchError when it cannot be made."""
    from workbench.experiments.demo.demo import make_demo
    from workbench.experiments.voices.voice import open_voice

    page = make_demo(open_voice(), options.out, word=options.word, seed=options.seed)
    print(f"open {page} in a browser; its figures are in {page.with_name('summary.json')}")
