"""`workbench lifetime`: many devices through compressed time, each healing itself."""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

from workbench.audio.scales import BY_SNR, Scale
from workbench.commands.attempts import Attempts
from workbench.commands.common import (
    STRATEGIES,
    add_checkpoint,
    add_faults,
    add_generator,
    add_texts,
    add_word_count,
    add_workers,
    check_jobs,
    chosen_voice,
    inputs_of,
    strategy_text,
)
from workbench.commands.kept import kept_in
from workbench.commands.progress import doing, resumable
from workbench.errors import WorkbenchError
from workbench.experiments.fleets.comparison import (
    Case,
    Environment,
    fleet_run,
    record_of,
    with_cost,
)
from workbench.experiments.fleets.device_costs import device_costs
from workbench.experiments.fleets.device_sound import hear_device
from workbench.experiments.fleets.fleet_run import simulate_fleets
from workbench.experiments.fleets.spoken import frames_of_each
from workbench.experiments.fleets.workload import KINDS, Workload
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.voices.outputs import output_name, write_output
from workbench.experiments.voices.voice import Voice
from workbench.files import write_text
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.variants import strategy_variants
from workbench.integer.program import Program
from workbench.integer.reference import Codes
from workbench.memory.faults.arrivals import PUBLISHED_RATES, SECONDS_PER_DAY, read_rate
from workbench.memory.faults.plan import Plan
from workbench.progress import progress_bar

_DEVICES, _WORDS = 100, 100
_OUT = "out/lifetime"
_RATE, _SPEED, _KIND = "low-earth-orbit", 1.0, "single"
_MOST_DAYS = 36_500
_YEAR_S = 365.25 * SECONDS_PER_DAY


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the fleet, its environment and its healer."""
    add_generator(parser)
    parser.add_argument(
        "--strategy", type=strategy_text, default="pq-scrub", metavar="NAME|FILE",
        help=f"the healer: {STRATEGIES} (pq-scrub)",
    )  # fmt: skip
    parser.add_argument(
        "--rate",
        help="upsets of a bit and day: a number, one with FIT/Mbit behind it, or "
        f"{', '.join(PUBLISHED_RATES)} (low-earth-orbit)",
    )  # fmt: skip
    parser.add_argument("--speed", type=float, help="upsets come so many times as often (1)")
    parser.add_argument("--kind", choices=tuple(KINDS), help=f"of faults ({_KIND})")
    add_faults(parser, "all of them, instead of --rate, --speed and --kind")
    parser.add_argument("--devices", type=int, default=_DEVICES, help=f"how many ({_DEVICES})")
    length = parser.add_mutually_exclusive_group()
    add_word_count(length, "that each says", default=_WORDS)
    length.add_argument("--days", type=float, help="that each speaks, instead of --words")
    add_texts(parser, "said", "what they say, drawn by the seed (the usual ones of the generator)")
    parser.add_argument("--seed", type=int, default=0, help="another one draws other faults (0)")
    add_workers(parser)
    add_checkpoint(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument(
        "--hear", metavar="DEVICE:WORD",
        help="instead of all that, what one device said then, both counted from 0, e.g. 0:17",
    )  # fmt: skip
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help=f"where --hear writes it ({_OUT}.wav, of a face .csv)",
    )


def run(options: argparse.Namespace) -> None:
    """Simulate the fleet and print quality, detection, repair and speed.

    An interrupted simulation resumes. Raises WorkbenchError for impossible rates, strategies and sizes, a
    lost cluster and, after the figures are printed, for a file that cannot be written.
    """
    faults, title = _faults(options)
    check_jobs(options.jobs)
    if options.out and not options.hear:
        raise WorkbenchError(
            "--out is where --hear writes what a device says; add --hear 0:17 or the like, or write figures with "
            "--json FILE"
        )
    if options.hear and options.json:
        raise WorkbenchError(
            "--hear writes what one device said and --json the figures of all; leave one of them out"
        )
    if options.days is not None and not 0 < options.days <= _MOST_DAYS:
        raise WorkbenchError(
            f"--days is {options.days:g}; choose a number above 0 and at most {_MOST_DAYS:,}"
        )
    voice = chosen_voice(options)
    inputs = inputs_of(options.said, voice)
    ((_, strategy, program),) = variants = strategy_variants(
        [options.strategy], voice.program, inputs
    )
    words = options.words
    if options.days is not None:
        word_s = float(frames_of_each(voice.program, inputs).mean()) * voice.frame_s
        words = max(1, round(options.days * SECONDS_PER_DAY / word_s))
    workload = Workload(options.devices, words, faults, options.seed)
    if options.hear:
        _hear(voice, program, inputs, strategy, workload, options)
        return
    case = Case(program, strategy, Environment("lifetime", title), workload, voice.generator.scale)
    record = _simulated(case, inputs, options)
    attempts = Attempts()
    with attempts.step(f"{options.json}"):  # the fleet's figures, whatever becomes of the costs
        _write(options.json, record)
    *_, last = inputs.values()
    with doing(f"measuring what {strategy.name} costs on a device"):
        costs = device_costs(variants, voice.program, last, jobs=1)
    cost = costs[strategy.name]
    record = with_cost(record, cost)
    _print_figures(record, title, cost if isinstance(cost, str) else "", case.scale)
    with attempts.step(f"{options.json}"):
        _write(options.json, record)
    attempts.finish("the figures are above")


def _faults(options: argparse.Namespace) -> tuple[tuple[str, ...], str]:
    """The faults of the workload, and what they are called."""
    flags = ("rate", "speed", "kind")
    if options.fault:
        given = [name for name in flags if getattr(options, name) is not None]
        if given:
            raise WorkbenchError(
                f"--{given[0]} and --fault say both what happens; leave one out, as poisson=RATE,of=MODEL "
                "has all of it"
            )
        for text in options.fault:
            if Plan.parse(text, frames=1).model.idle:
                raise WorkbenchError(f"in {text!r} nothing happens; ask for at least 1 bit")
        return tuple(options.fault), " and ".join(options.fault)
    rate = _RATE if options.rate is None else options.rate
    speed = _SPEED if options.speed is None else options.speed
    kind = options.kind or _KIND
    if not 0 < speed < math.inf:
        raise WorkbenchError(f"--speed is {speed:g}; choose a number above 0")
    fault = f"poisson={read_rate(rate)!r},speed={speed!r},of={KINDS[kind]}"
    where = rate if rate in PUBLISHED_RATES or "FIT" in rate.upper() else f"{rate} a bit and day"
    often = "" if speed == 1 else f", {speed:g} times as often"
    return (fault,), f"{kind} faults ({where}{often})"


def _simulated(case: Case, inputs: dict[str, Codes], options: argparse.Namespace) -> dict[str, Any]:
    """The figures of the fleet, its parts kept until all of them are done."""
    folder = kept_in("lifetime")
    run = fleet_run(folder, "lifetime", case, inputs)

    def devices_kept() -> int:
        return sum(len(run.parts[part]) for part in run.kept)

    kept = devices_kept()
    if kept:
        print(f"{kept:,} devices are in {folder} already")
    started = time.perf_counter()
    with (
        resumable(lambda: f"{devices_kept():,} devices are kept in {folder}"),
        Workers(options.jobs, options.dask) as workers,
        progress_bar(total=case.workload.devices, unit="device") as bar,
    ):
        ((_, fleet),) = simulate_fleets([run], workers, progress=bar.update)
    if isinstance(fleet, Exception):
        raise fleet
    record = record_of(fleet, case)
    record["wall_s"] = time.perf_counter() - started
    simulated = 1 - kept / case.workload.devices
    record["factor"] = record["device_s"] * simulated / record["wall_s"]
    run.forget_parts()
    return record


def _write(path: Path | None, record: dict[str, Any]) -> None:
    if path:
        write_text(path, json.dumps(record, indent=1, allow_nan=False) + "\n")


def _hear(
    voice: Voice,
    program: Program,
    inputs: dict[str, Codes],
    strategy: Strategy,
    workload: Workload,
    options: argparse.Namespace,
) -> None:
    """Write the sound of one word of one device, and print its wrong bits and its log."""
    try:
        device, word = map(int, options.hear.split(":"))
    except ValueError:
        raise WorkbenchError(f"--hear is {options.hear!r}; write DEVICE:WORD, like 0:17") from None
    name, result = hear_device(program, inputs, strategy, workload, device=device, word=word)
    out = options.out or Path(output_name(_OUT, voice))
    write_output(out, result.samples(), voice)
    wrong, lines = result.wrong_bits, result.lines()
    print(
        f"{out}: device {device} says {name!r} as its word {word}, with {int(wrong.max()):,} bits "
        f"wrong at most and {int(wrong[-1])} at the end; its log{':' if lines else ' is empty'}"
    )
    for line in lines:
        print(f"  {line}")


def _print_figures(record: dict[str, Any], title: str, why_unknown: str, scale: Scale) -> None:
    device_s = record["device_s"]
    of_energy = " of the sound's energy" if scale == BY_SNR else ""
    print(
        f"{record['devices']} device{'s' * (record['devices'] != 1)} with {record['strategy']}, {title}: {device_s:,.0f} s of device time "
        f"({device_s / _YEAR_S:.3g} device-years), {record['upsets']:,} upsets, {record['hit']:,} of "
        "them in the working copy"
    )
    print(
        f"words without an audible error: {100 * record['availability']:.4g} %; errors are audible for "
        f"{record['audible_s']:,.1f} s in all; harm {100 * record['harm']:.3g} %{of_energy}"
    )
    if record["hit"]:
        detection_s, repair_s = record["detection_s"], record["repair_s"]
        print(
            f"detected: {record['detected']:,}{_after(detection_s)}; repaired: "
            f"{record['repaired']:,}{_after(repair_s)}; wrong bits at the end: "
            f"{record['wrong_bits_left']:,}"
        )
    entries = ", ".join(f"{count:,} {name}" for name, count in record["verdicts"].items() if count)
    print(
        f"log: {entries or 'empty'}; units reported again without a new upset: {record['oscillations']:,}; "
        f"repairs of intact units: {record['false_positives']:,}"
    )
    if record["spent"] and record["memory"]["ram_bytes"]:
        print(
            f"healing took {record['spent']['instructions']:.3g} instructions on a Cortex-M4 and read "
            f"{record['spent']['flash_bytes_read']:.3g} bytes of golden copy and checks"
        )
    if why_unknown:
        print(f"what healing takes on a device is unknown: {why_unknown}")
    print(
        f"{record['wall_s']:.1f} s: {record['factor']:,.0f} times real time, "
        f"{record['factor'] / _YEAR_S:.3g} device-years a second"
    )


def _after(seconds: float | None) -> str:
    return "" if seconds is None else f", after {seconds:.3f} s on average"
