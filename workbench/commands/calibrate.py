"""`workbench calibrate`: monitors of behaviour learn what clean frames are like, and become a strategy."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.commands.common import add_checkpoint, add_generator, chosen_voice
from workbench.experiments.monitors.calibration import (
    FRAMES,
    MEAN_FRAMES,
    Calibration,
    calibrate,
    monitor_kinds,
    windowed_kinds,
)
from workbench.healing.overheads import overheads
from workbench.healing.strategies.strategy_file import save_strategy
from workbench.memory.watches.behaviour_area import BehaviourArea
from workbench.memory.watches.conditioned import ConditionedArea
from workbench.memory.watches.watchdog import UNITS

_OUT = Path("out/calibrated")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the monitor, how rare its false alarms are, and the file."""
    kinds = monitor_kinds()
    add_generator(parser)
    parser.add_argument(
        "--monitor", default=kinds[0], metavar="NAME", help=f"{', '.join(kinds)} ({kinds[0]})"
    )
    parser.add_argument(
        "--arl", type=float, default=MEAN_FRAMES, metavar="FRAMES",
        help=f"frames between two false alarms, on average ({MEAN_FRAMES:g})",
    )  # fmt: skip
    parser.add_argument(
        "--frames", type=int, default=FRAMES, metavar="N",
        help=f"to learn from, as many again for the limit, and as many to check ({FRAMES:,})",
    )  # fmt: skip
    parser.add_argument(
        "--signal", action="append", metavar="NAME",
        help="a signal to watch, may be given again (what the monitor usually watches)",
    )  # fmt: skip
    parser.add_argument(
        "--classes", type=int, metavar="N",
        help="at most so many that are told apart by what is said, 1 for none (as many as is usual)",
    )  # fmt: skip
    parser.add_argument(
        "--units", type=int, metavar="N",
        help=f"watchdog: hidden units of its network, 1 for a logistic unit ({UNITS})",
    )  # fmt: skip
    parser.add_argument(
        "--again", type=int, metavar="FRAMES",
        help="after an alarm that nothing explained, within which a second one is a repetition (as is usual)",
    )  # fmt: skip
    parser.add_argument(
        "--window", type=int, metavar="FRAMES",
        help=f"{', '.join(windowed_kinds())}: about how many of the last frames of a class are weighed, a power of two "
        "from 1 to 256 (as many as is usual)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=int, default=0, help="another one draws other utterances (0)"
    )
    add_checkpoint(parser)
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help=f"the strategy ({_OUT}/MONITOR.json)"
    )


def run(options: argparse.Namespace) -> None:
    """Calibrate, write the strategy, and print what it watches, costs, and alarms of."""
    voice = chosen_voice(options)
    made = calibrate(
        voice, options.monitor, mean_frames=options.arl, frames=options.frames,
        signals=tuple(options.signal) if options.signal else None, classes=options.classes, seed=options.seed,
        units=options.units, again=options.again, window=options.window,
    )  # fmt: skip
    out = options.out or _OUT / f"{options.monitor}.json"
    save_strategy(made.strategy, out)
    _print(made)
    print(f"the strategy is in {out}; --strategy {out} takes it like a name")


def _print(made: Calibration) -> None:
    area, strategy = made.area, made.strategy
    stored = overheads(strategy.layout(made.voice.program), strategy)
    print(
        f"{area.code} watches {len(area.signals)} signals of {made.voice.program.name}{_by(area)}: an alarm where the sum of "
        f"scores, less {area.drift} a frame, exceeds {area.limit}"
    )
    print(
        f"it takes {stored.check_bytes:,} bytes of flash and, with the healer, {stored.ram_bytes:,} of RAM"
    )
    if not made.endless:
        print(
            f"it knows all that this generator can say ({made.false.frames:,} frames): no false alarm by construction"
        )
        return
    low, high = made.false.apart()
    most = "no upper limit" if high is None else f"{high:,.0f}"
    print(
        f"{made.false} that it had not seen; 95 % interval of the mean "
        f"between two: {low:,.0f} to {most} frames (wanted: {made.mean_frames:,.0f})"
    )


def _by(area: BehaviourArea) -> str:
    if not isinstance(area, ConditionedArea) or not area.condition:
        return ""
    return f" in {area.classes} classes by {area.condition}"
