"""`workbench demo`: hear a voice, the same voice with flipped bits, and the same voice healed."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.commands.common import add_checkpoint, add_generator, add_word, default_utterance

_OUT = Path("out/demo")
_WORD = "7"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the generator, the folder, the word and the seed."""
    add_generator(parser)
    add_checkpoint(parser)
    parser.add_argument(
        "--out", type=Path, default=_OUT, metavar="DIR", help=f"where to write the page ({_OUT})"
    )
    add_word(
        parser, f"the utterance that is damaged and healed ({_WORD}, or the generator's first)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="another one flips other bits at other times (0)"
    )


def run(options: argparse.Namespace) -> None:
    """Make the page and print its path; WorkbenchError when it cannot be made."""
    from workbench.experiments.demo.demo import make_demo
    from workbench.experiments.voices.voice import open_voice

    voice = open_voice(options.checkpoint, generator=options.generator)
    word = options.word or default_utterance(voice, _WORD)
    page = make_demo(voice, options.out, word=word, seed=options.seed)
    print(f"open {page} in a browser; its figures are in {page.with_name('summary.json')}")
