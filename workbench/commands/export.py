"""`workbench export challenge --out DIR`: the C firmware folder of a generator."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.commands.common import add_checkpoint, add_generator, add_pages, strategy_of
from workbench.experiments.voice import open_voice
from workbench.firmware.export import export, memory_table
from workbench.firmware.plan import RAM, WEIGHTS
from workbench.healing.strategy import CRC_SCRUB, NONE, STRATEGIES

_VECTORS = 2  # words that become golden vectors


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the generator, its healer and the folder."""
    add_generator(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write")
    add_checkpoint(parser)
    parser.add_argument(
        "--strategy", choices=STRATEGIES, help="the healer (crc-scrub with --weights ram)"
    )
    add_pages(parser)
    parser.add_argument(
        "--weights",
        choices=WEIGHTS,
        default=RAM,
        help="ram: a working copy that can be mended; flash: read where they are stored (ram)",
    )


def run(options: argparse.Namespace) -> None:
    """Write the folder and tell what it needs; WorkbenchError when it cannot."""
    # Without a wish, a healer wherever there is a copy to mend.
    name = options.strategy or (CRC_SCRUB if options.weights == RAM else NONE)
    strategy = strategy_of(name, options.pages)
    voice = open_voice(options.checkpoint)
    words = {voice.spoken(word): voice.inputs(word) for word in voice.words[:_VECTORS]}
    firmware = export(
        voice.image, options.out, vectors=words, strategy=strategy, weights=options.weights
    )
    rows = memory_table(firmware)
    for what, where, size in rows:
        print(f"{what:<32} {where:<5} {size:>8,} bytes")
    print(
        f"{options.out}: firmware {firmware.image.content_hash[:12]}, strategy {strategy.name}, "
        f"golden vectors {', '.join(words)}; `make -C {options.out} check` tries it"
    )
