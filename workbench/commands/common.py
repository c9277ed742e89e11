"""Options that several subcommands have, declared and read in one way."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.voice import Voice
from workbench.healing.named import CRC_SCRUB, NONE, crc_scrub, named
from workbench.healing.strategy import Strategy
from workbench.memory.image import Image

GENERATORS = ("challenge",)
PAGES = 4  # that a healer checks after each frame, unless told otherwise


def add_generator(parser: argparse.ArgumentParser) -> None:
    """Declare the generator, which may be left out while there is one."""
    default = GENERATORS[0]
    parser.add_argument(
        "generator",
        nargs="?",
        choices=GENERATORS,
        default=default,
        help=f"which generator ({default})",
    )


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """Declare the checkpoint; without it `options.checkpoint` is None."""
    parser.add_argument(
        "--checkpoint", type=Path, metavar="DIR", help="a trained checkpoint (the shipped one)"
    )


def add_image(parser: argparse.ArgumentParser) -> None:
    """Declare a saved image to start from; see `image_of`."""
    parser.add_argument(
        "--image", type=Path, metavar="FILE", help="start from a saved image, flips and all"
    )


def image_of(path: Path | None, voice: Voice) -> Image:
    """The image saved at `path`, or the clean one; WorkbenchError when it is not of `voice`."""
    if path is None:
        return voice.image
    image = Image.load(path)
    if image.program.content_hash != voice.program.content_hash:
        raise WorkbenchError(
            f"{path} was made from another generator than the one that would speak; "
            "name its checkpoint with --checkpoint"
        )
    return image


def inputs_of(words: str | None, voice: Voice) -> dict[str, dict[str, np.ndarray]]:
    """What makes the voice say each of these words with commas between them, each once; None for all.

    Raises WorkbenchError for a word that it was not taught.
    """
    asked = voice.words if words is None else words.split(",")
    return {word: voice.inputs(word) for word in map(voice.word, asked)}


def add_pages(parser: argparse.ArgumentParser) -> None:
    """Declare how much the healer checks; see `strategy_of`."""
    parser.add_argument(
        "--pages", type=int, metavar="N", help=f"pages that are checked after each frame ({PAGES})"
    )


def strategy_of(name: str, pages: int | None) -> Strategy:
    """The strategy called `name` with --pages; WorkbenchError when the two do not fit."""
    if pages is None:
        return named(name)
    if name == CRC_SCRUB:
        return crc_scrub(pages)
    if name == NONE and not pages:
        return named(name)
    raise WorkbenchError(
        f"--pages is for {CRC_SCRUB} and the strategy is {name}; leave it out, or compose your own "
        "in a notebook"
    )
