"""`workbench users`: what faults do to people who use a voice, and what healing spares them."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from workbench.commands.common import STRATEGIES, add_checkpoint, strategy_text
from workbench.errors import WorkbenchError
from workbench.firmware.boards import CORES
from workbench.memory.faults.arrivals import PUBLISHED_RATES

# Name -> what it measures; each is a module of `applications`, imported when it is used.
APPLICATIONS = {
    "liveness": "users who are locked out since they do not understand the digits of a challenge",
    "avatar": "seconds in which the face of an avatar is visibly wrong",
    "assistance": "numbers that are heard wrongly, or not at all, when a wearable reads out its sensors",
}
_UPSETS, _YEARS = (30, 100, 300, 1000), (1.0,)
_RATE, _HEALER, _DEVICES = "low-earth-orbit", "pq-scrub", 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which application, what happened to the devices, and their healer."""
    parser.add_argument(
        "application", choices=APPLICATIONS,
        help="; ".join(f"{name}: {what}" for name, what in APPLICATIONS.items()),
    )  # fmt: skip
    parser.add_argument(
        "--upsets", type=int, action="append", metavar="N",
        help="bits of the working copy that flip a minute before the device speaks; may be given again "
        f"({', '.join(map(str, _UPSETS))})",
    )  # fmt: skip
    parser.add_argument(
        "--years", type=float, action="append", metavar="Y",
        help="that a device runs without a restart before it speaks, where many take long; may be given again "
        f"({', '.join(f'{age:g}' for age in _YEARS)})",
    )  # fmt: skip
    parser.add_argument(
        "--rate", default=_RATE,
        help=f"upsets of a bit and day, as of `lifetime`: {', '.join(PUBLISHED_RATES)}, ... ({_RATE})",
    )  # fmt: skip
    parser.add_argument(
        "--strategy", type=strategy_text, default=_HEALER, metavar="NAME|FILE",
        help=f"the healer, beside none: {STRATEGIES} ({_HEALER})",
    )  # fmt: skip
    parser.add_argument(
        "--safety-voice", type=Path, metavar="DIR",
        help="liveness: also let a far smaller voice, trained on the same words, speak where the healer knows of damage "
        "that it could not repair",
    )  # fmt: skip
    parser.add_argument(
        "--over-budget", action="store_true",
        help="liveness: take a safety voice also where it is larger than one may be",
    )  # fmt: skip
    parser.add_argument("--devices", type=int, default=_DEVICES, help=f"of each ({_DEVICES})")
    parser.add_argument(
        "--flips", type=int, default=0, metavar="N",
        help="assistance: instead, flip so many high bits of each operator's parameters, one at a time, and tell which make "
        "wrong numbers (0)",
    )  # fmt: skip
    parser.add_argument(
        "--core", choices=tuple(CORES), help="assistance: let each device speak on this emulated core"
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="another one draws other faults (0)")
    add_checkpoint(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")


def run(options: argparse.Namespace) -> None:
    """Measure and print; an interrupted run resumes.

    Raises WorkbenchError for numbers and rates that cannot be, and a healer that does not suit.
    """
    options.upsets = _UPSETS if options.upsets is None and options.years is None else options.upsets
    options.years = _YEARS if options.years is None and options.upsets is _UPSETS else options.years
    if options.devices < 1:
        raise WorkbenchError(f"--devices is {options.devices}; it must be at least 1")
    if options.flips < 0 or (options.flips and options.application != "assistance"):
        raise WorkbenchError(
            f"--flips is {options.flips} and counts single flips of `users assistance`; leave it out"
        )
    if options.core and (options.flips or options.application != "assistance"):
        raise WorkbenchError(
            "--core lets the devices of `users assistance` read out their pages; leave it out"
        )
    if options.safety_voice is not None and options.application != "liveness":
        raise WorkbenchError(
            f"--safety-voice says digits, and `users {options.application}` needs other words; leave it out"
        )
    importlib.import_module(f"workbench.commands.applications.{options.application}").run(options)
