"""`workbench log FILE`: what a device wrote down, in words and as a picture."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from workbench.commands.common import add_checkpoint, add_strategy, strategy_of
from workbench.errors import WorkbenchError
from workbench.experiments.voice import open_voice
from workbench.files import write_text
from workbench.firmware.log_file import read_log
from workbench.firmware.plan import RAM, Firmware
from workbench.healing.log import log_lines
from workbench.healing.named import CRC_SCRUB
from workbench.healing.timeline import draw_log


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the file, whose log it is, and where a picture goes."""
    parser.add_argument("file", type=Path, metavar="FILE", help="bytes of RAM that hold the log")
    add_strategy(parser)
    add_checkpoint(parser)
    parser.add_argument("--out", type=Path, metavar="PNG", help="draw a timeline there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the entries there")


def run(options: argparse.Namespace) -> None:
    """Tell the entries, oldest first, and how many the ring has lost.

    Raises WorkbenchError for a file that is no log of this build.
    """
    try:
        data = options.file.read_bytes()
    except OSError as error:
        raise WorkbenchError(
            f"cannot read {options.file} ({error.strerror}); name a file with the bytes of a log"
        ) from error
    voice = open_voice(options.checkpoint)
    strategy, program = strategy_of(options.strategy or CRC_SCRUB, options.pages, voice)
    firmware = Firmware.of(strategy.image(program), strategy=strategy, weights=RAM, prefix="model")
    entries, lost = read_log(data, firmware, str(options.file))
    for line in log_lines(entries, firmware.layout, frame_s=voice.frame_s):
        print(line)
    earlier = f", {lost:,} earlier ones are overwritten" if lost else ""
    print(f"{len(entries):,} entries{earlier}; times count from when the device was initialised")
    if options.out:
        areas = [watch.label for watch in firmware.layout.watches]
        draw_log(options.out, entries, areas, frame_s=voice.frame_s)
    if options.json:
        described = [e.describe(firmware.layout, frame_s=voice.frame_s) for e in entries]
        write_text(options.json, json.dumps({"lost": lost, "entries": described}, indent=1) + "\n")
