"""`workbench export challenge --out DIR`: the C firmware folder of a generator."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.commands.common import add_checkpoint, add_generator, add_pages, strategy_of
from workbench.experiments.voice import Voice, open_voice
from workbench.firmware.export import Feeding, export, memory_table
from workbench.firmware.plan import RAM, WEIGHTS, c_type
from workbench.healing.named import CRC_SCRUB, NAMED, NONE

_VECTORS = 2  # words that become golden vectors


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the generator, its healer and the folder."""
    add_generator(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write")
    add_checkpoint(parser)
    parser.add_argument(
        "--strategy", choices=NAMED, help="the healer (crc-scrub with --weights ram)"
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
        strategy.image(voice.program) if strategy.heals else voice.image,
        options.out,
        vectors=words,
        strategy=strategy,
        weights=options.weights,
        feeding=_feeding(voice),
    )
    rows = memory_table(firmware)
    for what, where, size in rows:
        print(f"{what:<32} {where:<5} {size:>8,} bytes")
    print(
        f"{options.out}: firmware {firmware.image.content_hash[:12]}, strategy {strategy.name}, "
        f"golden vectors {', '.join(words)}; `make -C {options.out} check` tries it"
    )


def _feeding(voice: Voice) -> Feeding:
    """How to make this voice speak; the example says its last word."""
    frames, last = voice.model.config.frames, len(voice.words) - 1
    counted = c_type(voice.program.signal("position").bits)
    rows = "\n".join(
        f"| {row} | {_cell(voice.spoken(word))} |" for row, word in enumerate(voice.words)
    )
    return Feeding(
        frames=frames,
        fill=(
            f"in_word[0] = {last}; /* which word: see the table below */",
            f"in_position[0] = ({counted})frame;",
        ),
        notes=f"""`in_word` is the word, the same in all of its frames; `in_position` is the number of the frame in the
word. Every word has {frames} frames, 0 to {frames - 1}, {frames * voice.frame_s:.3g} s; a frame gives {voice.model.config.samples_per_frame} samples of sound at {SAMPLE_RATE_HZ:,} Hz.

| `in_word` | says |
|---|---|
{rows}""",
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
