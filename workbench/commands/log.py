"""`workbench log FILE`: the log of a device, in words and as a picture."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from workbench.commands.attempts import Attempts
from workbench.commands.common import (
    add_checkpoint,
    add_strategy,
    chosen_voice,
    image_under,
    strategy_of,
)
from workbench.errors import WorkbenchError
from workbench.files import read_bytes, write_text
from workbench.firmware.design import RAM, Firmware
from workbench.firmware.exporting.exported import exported_firmware
from workbench.firmware.twins.log_file import read_log
from workbench.healing.log import log_lines
from workbench.healing.strategies.named import CRC_SCRUB


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the file, whose log it is, and where a picture goes."""
    parser.add_argument("file", type=Path, metavar="FILE", help="bytes of RAM that hold the log")
    parser.add_argument(
        "--folder", type=Path, metavar="DIR",
        help="that was exported; without it, what an export with the following options writes",
    )  # fmt: skip
    add_strategy(parser)
    add_checkpoint(parser)
    parser.add_argument("--out", type=Path, metavar="PNG", help="draw a timeline there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the entries there")


def run(options: argparse.Namespace) -> None:
    """Tell the entries, oldest first, and how many the ring has lost.

    Raises WorkbenchError for a file that is no log of this build.
    """
    if options.out and options.out.suffix != ".png":
        raise WorkbenchError(f"--out {options.out}: the picture is a PNG; end its name with .png")
    try:
        data = read_bytes(options.file)
    except OSError as error:
        raise WorkbenchError(
            f"cannot read {options.file} ({error.strerror}); name a file with the bytes of a log"
        ) from error
    firmware = exported_firmware(options.folder) if options.folder else _named(options)
    entries, lost, damaged, repeats = read_log(data, firmware, str(options.file))
    frame_s = 1.0 / firmware.program.frame_rate_hz
    for line in log_lines(entries, firmware.layout, frame_s=frame_s):
        print(line)
    earlier = f", {lost:,} earlier ones are overwritten" if lost else ""
    print(f"{len(entries):,} entries{earlier}; times count from when the device was initialised")
    if repeats:
        print(
            f"units that had been reported failed {repeats:,} more times, which are counted and not written"
        )
    if damaged:
        print(
            f"left out, since the memory of the log was damaged: entry {', '.join(map(str, damaged))}; "
            "times that step back are damaged, too"
        )
    if options.json:
        described = [e.describe(firmware.layout, frame_s=frame_s) for e in entries]
        report = {"lost": lost, "damaged": damaged, "repeats": repeats, "entries": described}
        write_text(options.json, json.dumps(report, indent=1) + "\n")
    attempts = Attempts()
    if options.out:
        areas = [watch.label for watch in firmware.layout.watches]
        with attempts.step(str(options.out)):
            from workbench.healing.timeline import draw_log

            draw_log(options.out, entries, areas, frame_s=frame_s)
    attempts.finish("the entries are above")


def _named(options: argparse.Namespace) -> Firmware:
    """The firmware that an export with these options writes."""
    voice = chosen_voice(options)
    strategy, program = strategy_of(options.strategy or CRC_SCRUB, options.pages, voice)
    image = image_under(strategy, program)
    return Firmware.of(image, strategy=strategy, weights=RAM, prefix="model")
