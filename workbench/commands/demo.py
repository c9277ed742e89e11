"""`workbench demo`: a voice or a face, the same with flipped bits, and the same healed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.commands.common import (
    add_checkpoint,
    add_generator,
    add_word,
    chosen_voice,
    default_utterance,
)
from workbench.generators.generator import FACE
from workbench.healing.strategies.named import CRC_SCRUB

if TYPE_CHECKING:
    from workbench.experiments.voices.voice import Voice

_OUT = Path("out/demo")
_WORD = "7"
_ANY_TEXT = "speech"  # says sentences, where no generator is named


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the generator, the folder, the word and the seed."""
    add_generator(parser)
    add_checkpoint(parser)
    parser.add_argument(
        "--out", type=Path, default=_OUT, metavar="DIR", help=f"where to write the page ({_OUT})"
    )
    add_word(
        parser,
        f"what is said, damaged and healed; a sentence is said by {_ANY_TEXT} ({_WORD}, or the generator's first)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="another one flips other bits at other times (0)"
    )


def run(options: argparse.Namespace) -> None:
    """Make the page and print its path; WorkbenchError when it cannot be made."""
    from workbench.experiments.demo.demo import make_demo

    sentence = options.checkpoint is None and len((options.word or "").split()) > 1
    voice = chosen_voice(options, usual=_ANY_TEXT if sentence else None)
    if voice.generator.output == FACE:
        page = _face(voice, options)
        print(f"open {page} in a browser; its figures are in {page.with_name('summary.json')}")
        return
    word = options.word or default_utterance(voice, _WORD)
    page = make_demo(voice, options.out, word=word, seed=options.seed)
    print(f"open {page} in a browser; its figures are in {page.with_name('summary.json')}")


def _face(voice: Voice, options: argparse.Namespace) -> Path:
    from workbench.experiments.avatar.demo import make_avatar_demo
    from workbench.experiments.demo.captions import demo_command

    sound = options.word or "+".join(voice.generator.script(voice.config))
    return make_avatar_demo(
        voice,
        options.out,
        sound=sound,
        seed=options.seed,
        command=demo_command(voice, sound, options.seed),
        healer=CRC_SCRUB,
    )
