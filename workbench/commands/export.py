"""`workbench export --out DIR`: the C firmware folder of a generator."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from workbench.commands.common import (
    add_checkpoint,
    add_generator,
    add_strategy,
    image_under,
    strategy_of,
)
from workbench.commands.feeding import feeding_of
from workbench.errors import WorkbenchError
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.files import as_argument
from workbench.firmware.boards import BOARDS
from workbench.firmware.design import RAM, WEIGHTS
from workbench.firmware.export import export, memory_table
from workbench.firmware.exported import refuse_foreign
from workbench.firmware.fitting import measured_needs, refuse_expensive, refuse_small
from workbench.healing.named import CRC_SCRUB, NONE
from workbench.healing.strategy import Strategy
from workbench.memory.image import Image

_VECTORS = 2  # words that become golden vectors
_FRAMES = 32  # of the last word, that are measured for a board


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the generator, its healer and the folder."""
    add_generator(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write")
    add_checkpoint(parser)
    add_strategy(parser, default=f"{CRC_SCRUB} with --weights ram")
    parser.add_argument(
        "--weights",
        choices=WEIGHTS,
        default=RAM,
        help="ram: a working copy that can be mended; flash: read where they are stored (ram)",
    )
    parser.add_argument(
        "--board", choices=[board.name for board in BOARDS], metavar="NAME",
        help="refuse what does not fit it, measured on its emulated core: "
        f"{', '.join(board.name for board in BOARDS)}",
    )  # fmt: skip
    parser.add_argument(
        "--budget", type=int, metavar="N",
        help="with --board: instructions that the healer may take in a frame, also where it finds a "
        "permanent fault",
    )  # fmt: skip


def run(options: argparse.Namespace) -> None:
    """Write the folder and tell what it needs; WorkbenchError when it cannot."""
    # Without a wish, a healer wherever there is a copy to mend.
    name = options.strategy or (CRC_SCRUB if options.weights == RAM else NONE)
    if options.budget is not None and options.board is None:
        raise WorkbenchError("--budget counts instructions of a core; name a board with --board")
    if options.budget is not None and options.budget < 0:
        raise WorkbenchError(f"--budget is {options.budget:,} instructions; give at least 0")
    refuse_foreign(options.out)
    voice = open_voice(options.checkpoint, generator=options.generator)
    strategy, program = strategy_of(name, options.pages, voice)
    words = {voice.spoken(word): voice.inputs(word) for word in voice.utterances[:_VECTORS]}
    image = image_under(strategy, program)
    fit = _fit(voice, image, strategy, options) if options.board else ""
    firmware = export(
        image,
        options.out,
        vectors=words,
        strategy=strategy,
        weights=options.weights,
        feeding=feeding_of(voice),
    )
    rows = memory_table(firmware)
    for what, where, size in rows:
        print(f"{what:<32} {where:<5} {size:>8,} bytes")
    if fit:
        print(fit)
    print(
        f"{options.out}: firmware {firmware.image.content_hash[:12]}, strategy {strategy.name}, "
        f"golden vectors {', '.join(words)}; `make -C {shlex.quote(as_argument(options.out))} check` tries it"
    )


def _fit(voice: Voice, image: Image, strategy: Strategy, options: argparse.Namespace) -> str:
    """What a board has to spare; WorkbenchError where it has not enough."""
    board = next(board for board in BOARDS if board.name == options.board)
    inputs = {
        name: codes[:, :_FRAMES] for name, codes in voice.inputs(voice.utterances[-1]).items()
    }
    needs = measured_needs(image, board, inputs, strategy=strategy, weights=options.weights)
    refuse_small(board, needs, voice.program.frame_rate_hz)
    if options.budget is not None:
        refuse_expensive(options.budget, needs, strategy, board.core)
    cycles = board.instructions_per_frame(voice.program.frame_rate_hz)
    return (
        f"{board.name}: {needs.flash_bytes / board.flash_bytes:.0%} of flash, "
        f"{needs.ram_bytes / board.ram_bytes:.0%} of RAM; {needs.instructions:,} instructions in a clean "
        f"frame at most, {needs.healer:,} of them the healer's, which takes {needs.fault:,} where it finds a permanent fault: "
        f"it keeps up if one takes no more than "
        f"{cycles / needs.instructions:.2f} cycles"
    )
