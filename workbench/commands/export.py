"""`workbench export challenge --out DIR`: the C firmware folder of a generator."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.experiments.voice import open_voice, shipped_voice
from workbench.firmware.export import export, memory_table
from workbench.firmware.plan import RAM, WEIGHTS
from workbench.healing.strategy import CRC_SCRUB, NONE, STRATEGIES, Strategy

_PAGES = 4
_VECTORS = 2  # words that become golden vectors


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the generator, its healer and the folder."""
    parser.add_argument("generator", choices=("challenge",), help="which generator to export")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write")
    parser.add_argument(
        "--checkpoint", type=Path, metavar="DIR", help="a trained checkpoint (the shipped one)"
    )
    parser.add_argument(
        "--strategy", choices=STRATEGIES, help="the healer (crc-scrub with --weights ram)"
    )
    parser.add_argument(
        "--pages", type=int, metavar="N", help=f"pages that are checked after each frame ({_PAGES})"
    )
    parser.add_argument(
        "--weights",
        choices=WEIGHTS,
        default=RAM,
        help="ram: a working copy that can be mended; flash: read where they are stored (ram)",
    )


def run(options: argparse.Namespace) -> None:
    """Write the folder and tell what it needs; WorkbenchError when it cannot."""
    strategy = _strategy(options)
    voice = open_voice(options.checkpoint) if options.checkpoint else shipped_voice()
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


def _strategy(options: argparse.Namespace) -> Strategy:
    """As wished; without a wish, a healer wherever there is a copy to mend."""
    name = options.strategy or (CRC_SCRUB if options.weights == RAM else NONE)
    default = _PAGES if name == CRC_SCRUB else 0
    return Strategy(name, default if options.pages is None else options.pages)
