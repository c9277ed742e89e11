"""Fault trials a second, side by side with other fault injectors."""

from __future__ import annotations

import argparse
import json
import math
import sys

from workbench.commands.progress import counted
from workbench.errors import WorkbenchError
from workbench.experiments.bench.decoder import FRAMES, MACS, SAMPLES, WEIGHTS
from workbench.experiments.bench.trial_rate import Figures, bench_campaign, steps_of
from workbench.files import write_text


def run(options: argparse.Namespace) -> None:
    """Measure and print; exit status 1 when a checked trial differs from the reference."""
    if not 0 < options.seconds < math.inf or options.check < 0:
        raise WorkbenchError(
            f"cannot measure for {options.seconds:g} s and check {options.check} trials; "
            "give more than 0 seconds and at least 0 trials"
        )
    with counted(steps_of(options.check)) as say:
        figures = bench_campaign(
            seconds=options.seconds,
            check=options.check,
            engine=options.engine,
            device=options.device,
            progress=say,
        )
    _print_figures(figures)
    if options.json:
        write_text(options.json, json.dumps(figures.as_json(), indent=2) + "\n")
    if figures.mismatches:
        print("please report these mismatches with the processor's name", file=sys.stderr)
        raise SystemExit(1)


def _print_multiplications(figures: Figures) -> None:
    if figures.gmacs_per_s is None or figures.peak_share is None or figures.dense_share is None:
        print("multiply-accumulates: not counted by this engine")
        return
    print(
        f"multiply-accumulates: {(figures.macs_per_trial or 0) / 1e6:.2f} million a trial, "
        f"{figures.gmacs_per_s:,.1f} G/s over whole trials, {figures.dense_gmacs_per_s:,.1f} G/s of dense "
        f"sums alone: {figures.peak_share:.0%} and {figures.dense_share:.0%} of the "
        f"{figures.peak_gmacs_per_s:,.1f} G/s of a plain product of matrices with the same instructions"
    )


def _print_plans(figures: Figures) -> None:
    print(
        f"{'plan':<44}{'faults':>8}{'trials/s':>10}{'float loop':>12}   microseconds a trial: "
        "draw, translate, run"
    )
    for plan in figures.plans:
        plain = "-" if plan.plain_per_s is None else f"{plan.plain_per_s:,.0f}"
        times = ", ".join(
            "-" if each is None else f"{each:.1f}"
            for each in (plan.draw_us, plan.translate_us, plan.run_us)
        )
        print(f"{plan.plan:<44}{plan.faults:>8.1f}{plan.trials_per_s:>10,.0f}{plain:>12}   {times}")


def _print_figures(figures: Figures) -> None:
    print(
        f"single bit flips, uniform over all bits of {WEIGHTS:,} weights; one decoder of "
        f"{MACS / 1e6:.2f} million multiply-accumulates ({FRAMES} frames, {SAMPLES} samples), one core"
    )
    print(f"processor: {figures.processor}; kernels: {figures.kernels}")
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
    _print_multiplications(figures)
    print(f"full forwards at this rate would take {figures.forward_gmacs_per_s:,.0f} G/s")
    _print_plans(figures)
    print(f"peak memory: {figures.peak_memory_bytes / 2**30:.2f} GiB, all tools together")
    print(
        f"checked against the plain reference: {figures.checked:,} trials, "
        f"{figures.mismatches:,} mismatches ({figures.check_s:.0f} s)"
    )
