"""`workbench bench`: measure this workbench against others, on this machine."""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import asdict
from pathlib import Path

from workbench.commands.common import add_strategies
from workbench.commands.progress import doing
from workbench.errors import WorkbenchError
from workbench.experiments.bench.campaign import Figures, bench_campaign
from workbench.experiments.bench.codes import (
    ATTACK_BITS,
    FLIPS,
    GROUP_BYTES,
    MOMENT_TRIALS,
    MOMENTS,
    attack_on_radar,
    bench_codes,
    seen_by_golden_inputs,
)
from workbench.experiments.bench.decoder import FRAMES, MACS, SAMPLES, WEIGHTS
from workbench.experiments.bench.diagnoses import COLUMNS, bench_diagnoses, confusion
from workbench.experiments.bench.estimate import bench_estimate
from workbench.experiments.fleets.variants import NAMES, RANGE, contestants
from workbench.experiments.maps.worst_bits import worst_weights
from workbench.experiments.threads import one_thread
from workbench.experiments.voices.voice import open_voice
from workbench.files import write_text
from workbench.healing.named import NONE
from workbench.memory.trials.laboratory import ENGINES

BENCHMARKS = ("campaign", "estimate", "codes", "diagnoses")
_SECONDS = 5.0
_CHECK = 1000
_REPEATS, _WORD = 200, "7"
_TRIALS, _DIAGNOSES = 5_000, 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which benchmark, how long, and where the figures go."""
    parser.add_argument(
        "benchmark",
        choices=BENCHMARKS,
        help="campaign: fault trials a second, beside other tools; estimate: coverage and saving of "
        "`workbench estimate` against the exhaustive truth of one word; codes: what checks of memory see; "
        "diagnoses: whether what healers write down is true",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=_SECONDS,
        help=f"campaign: for each tool, in all ({_SECONDS:g})",
    )
    parser.add_argument(
        "--check",
        type=int,
        default=_CHECK,
        help=f"campaign: trials compared with the reference ({_CHECK})",
    )
    parser.add_argument(
        "--engine", choices=ENGINES, help="campaign: of the laboratory (the faster one)"
    )
    parser.add_argument(
        "--repeats", type=int, default=_REPEATS, help=f"estimate: how often ({_REPEATS})"
    )
    parser.add_argument(
        "--trials",
        type=int,
        help=f"codes: faults of each kind ({_TRIALS:,}); diagnoses: of each strategy ({_DIAGNOSES})",
    )
    add_strategies(parser, default="diagnoses: all that heal")
    parser.add_argument("--word", default=_WORD, help=f"estimate: which is said ({_WORD})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")


def run(options: argparse.Namespace) -> None:
    """Measure and print; exit status 1 when a checked trial differs from the reference.

    Raises WorkbenchError for times and numbers that make no sense and an engine that cannot run.
    """
    if options.benchmark == "estimate":
        _run_estimate(options)
    elif options.benchmark == "codes":
        _run_codes(options, options.trials if options.trials is not None else _TRIALS)
    elif options.benchmark == "diagnoses":
        _run_diagnoses(options, options.trials if options.trials is not None else _DIAGNOSES)
    else:
        _run_campaign(options)


def _run_estimate(options: argparse.Namespace) -> None:
    if options.repeats < 1:
        raise WorkbenchError(f"cannot estimate {options.repeats} times; give at least 1")
    voice = open_voice()
    with doing() as say:
        rows = bench_estimate(
            voice.image,
            voice.inputs(options.word),
            repeats=options.repeats,
            progress=say,
        )
    print(f"{options.repeats} estimates each, against all bits flipped, saying {options.word!r}")
    print(
        f"{'share of flips':<18}{'truth':>8}{'+-':>10}{'covered':>9}{'bias':>8}{'trials':>9}"
        f"{'blind':>9}{'saving':>8}"
    )
    for row in rows:
        print(
            f"{row.quality:<18}{row.share:>8.3%}{row.half_width:>10.3%}{row.covered:>9.1%}"
            f"{row.bias:>8.2%}{row.tried:>9,.0f}{row.blind:>9,}{row.saving:>7.1f}x"
        )
    if options.json:
        write_text(options.json, json.dumps([row.as_json() for row in rows], indent=2) + "\n")


def _run_codes(options: argparse.Namespace, wanted: int) -> None:
    if wanted < 1:
        raise WorkbenchError(f"cannot try {wanted} faults; give at least 1")
    voice = open_voice()
    inputs = {word: voice.inputs(word) for word in voice.words}
    with doing() as say, one_thread():
        rows = bench_codes(voice.image, trials=wanted, progress=say)
        say("looking for the worst bits")
        worst = worst_weights(voice.image, inputs, bits=ATTACK_BITS)
        say("computing golden inputs")
        trials = min(wanted, MOMENT_TRIALS)
        golden = {n: seen_by_golden_inputs(voice.image, n, trials=trials) for n in MOMENTS}
    print(f"share of random faults within a page that a code misses, {wanted:,} of each")
    print(f"{'code':<10}{'page':>6}{'checks':>9}" + "".join(f"{n:>9} bits" for n in FLIPS))
    for row in rows:
        share = row.check_bytes / row.watched_bytes
        cells = "".join(f"{100 * row.missed[n]:>12.3g} %" for n in FLIPS)
        print(f"{row.code:<10}{row.page_bytes:>6}{share:>9.2%}{cells}")
    random, chosen, size = attack_on_radar(voice.image, worst, trials=min(wanted, 2000))
    print(
        f"radar, groups of {GROUP_BYTES}, {size} bytes of signatures: of {ATTACK_BITS} sign bits at random "
        f"{random:.2f} lie in groups that are flagged, of the {ATTACK_BITS} worst bits {chosen:g}"
    )
    for moments, seen in golden.items():
        shares = ", ".join(f"{share:.1%} of {section}" for section, share in seen.items())
        print(f"golden inputs of {moments} frames see of {trials} single flips each: {shares}")
    if options.json:
        told = {"codes": [asdict(row) for row in rows], "golden inputs": golden,
                "radar": {"random": random, "worst": chosen, "bytes": size}}  # fmt: skip
        write_text(options.json, json.dumps(told, indent=2) + "\n")


def _run_diagnoses(options: argparse.Namespace, trials: int) -> None:
    if trials < 1:
        raise WorkbenchError(f"cannot judge {trials} faults; give at least 1")
    voice = open_voice()
    names = options.strategy or [name for name in NAMES if name not in (NONE, RANGE)]
    inputs = {word: voice.inputs(word) for word in voice.words}
    chosen = contestants(names, voice.program, inputs)
    with doing() as say, one_thread():
        scores = bench_diagnoses(
            voice.program,
            [each.strategy for each in chosen],
            trials=trials,
            progress=say,
        )
    width = max(len(score.strategy) for score in scores) + 2
    print(
        f"{'strategy':<{width}}{'trials':>7}{'entries':>9}{'right':>7}{'open':>6}{'wrong':>7}{'spoilt':>8}{'most':>6}"
    )
    for score in scores:
        print(
            f"{score.strategy:<{width}}{score.trials:>7}{score.entries:>9,}{score.right:>7,}{score.open:>6,}"
            f"{score.wrong:>7,}{score.spoilt:>8}{score.most_entries:>6}"
        )
    print(
        "open: entries that claim nothing; spoilt: trials in which right bytes became wrong; most: entries "
        "of one unit in six minutes\nfirst diagnosis of each trial, by what was hit:"
    )
    rows = confusion(scores)
    print(f"{'':<48}" + "".join(f"{name:>10}" for name in COLUMNS))
    for hit, row in rows.items():
        print(f"{hit:<48}" + "".join(f"{row[name]:>10,}" for name in COLUMNS))
    if options.json:
        told = {"strategies": [score.as_json() for score in scores], "confusion": rows}
        write_text(options.json, json.dumps(told, indent=2) + "\n")


def _run_campaign(options: argparse.Namespace) -> None:
    if not 0 < options.seconds < math.inf or options.check < 0:
        raise WorkbenchError(
            f"cannot measure for {options.seconds:g} s and check {options.check} trials; "
            "give more than 0 seconds and at least 0 trials"
        )
    with doing() as say:
        figures = bench_campaign(
            seconds=options.seconds,
            check=options.check,
            engine=options.engine,
            progress=say,
        )
    _tell(figures)
    if options.json:
        write_text(options.json, json.dumps(figures.as_json(), indent=2) + "\n")
    if figures.mismatches:
        print("please report these mismatches with the processor's name", file=sys.stderr)
        raise SystemExit(1)


def _tell(figures: Figures) -> None:
    print(
        f"single bit flips, uniform over all bits of {WEIGHTS:,} weights; one decoder of "
        f"{MACS / 1e6:.2f} million multiply-accumulates ({FRAMES} frames, {SAMPLES} samples), one core"
    )
    print(f"{'':<26}{'trials/s':>10}{'ratio':>9}")
    name = f"workbench ({', '.join(dict.fromkeys((figures.engine, figures.kernels)))})"
    print(f"{name:<26}{figures.trials_per_s:>10,.0f}")
    for name, rate in figures.peers.items():
        if rate.trials_per_s is None:
            print(f"{name:<26}{'-':>10}{'-':>9}")
        else:
            ratio = figures.ratio(name) or 0.0
            print(f"{name:<26}{rate.trials_per_s:>10,.0f}{ratio:>8.1f}x")
    for rate in figures.peers.values():
        if rate.reason:
            print(rate.reason)
    print(
        "The workbench flips bits of int8 weights and compares every output with the clean one; the "
        "others flip bits of float32 weights and only run the model."
    )
    if figures.gmacs_per_s is None or figures.peak_share is None:
        print("multiply-accumulates: not counted by this engine")
    else:
        print(
            f"multiply-accumulates really made: {figures.gmacs_per_s:,.1f} G/s, "
            f"{(figures.macs_per_trial or 0) / 1e6:.2f} million a trial, {figures.peak_share:.1%} of "
            f"the {figures.peak_gmacs_per_s:,.1f} G/s that the same kernels reach at their best"
        )
    print(f"full forwards at this rate would take {figures.forward_gmacs_per_s:,.0f} G/s")
    print(f"peak memory: {figures.peak_memory_bytes / 2**30:.2f} GiB, all tools together")
    print(
        f"checked against the plain reference: {figures.checked:,} trials, "
        f"{figures.mismatches:,} mismatches ({figures.check_s:.0f} s)"
    )
