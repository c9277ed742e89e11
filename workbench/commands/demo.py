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
        "--avatar", action="store_true", help="show a face that follows what is said, and hit its memory"
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=int, default=0, help="another one flips other bits at other times (0)"
    )


def run(options: argparse.Namespace) -> None:
    """Make the page and print its path; WorkbenchError when it cannot be made."""
    from workbench.experiments.demo.demo import make_demo

    sentence = options.checkpoint is None and len((options.word or "").split()) > 1
    voice = chosen_voice(options, usual=_ANY_TEXT if sentence else None)
    if voice.generator.output == FACE or options.avatar:
        page = _face(voice, options)
    else:
        word = options.word or default_utterance(voice, _WORD)
        page = make_demo(voice, options.out, word=word, seed=options.seed)
    print(f"open {page} in a browser; its figures are in {page.with_name('summary.json')}")


def _face(voice: Voice, options: argparse.Namespace) -> Path:
    """The page of a face, or of the shipped one that follows a voice."""
    from workbench.experiments.avatar.demo import make_avatar_demo
    from workbench.experiments.avatar.followed import FACE_GENERATOR
    from workbench.experiments.demo.captions import demo_command
    from workbench.experiments.voices.voice import open_voice

    follows = voice.generator.output == FACE
    sound = options.word or (
        "+".join(voice.generator.script(voice.config))
        if follows
        else default_utterance(voice, _WORD)
    )
    command = demo_command(voice, sound, options.seed) + ("" if follows else " --avatar")
    return make_avatar_demo(
        voice if follows else open_voice(generator=FACE_GENERATOR),
        options.out,
        sound=sound,
        seed=options.seed,
        command=command,
        healer=CRC_SCRUB,
        speaker=None if follows else voice,
    )
