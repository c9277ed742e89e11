"""`workbench campaign`: trials of any fault model, or of every bit, for every word."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.commands.campaign_plan import add_plan, print_plans, settle_plan
from workbench.commands.common import (
    add_checkpoint,
    add_device,
    add_generator,
    add_image,
    add_words,
    add_workers,
    check_jobs,
    chosen_voice,
    image_of,
    inputs_of,
    refuse_no_speech,
)
from workbench.commands.progress import resumable
from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.campaign_run import (
    campaign_of,
    check_device,
    part_of,
    run_campaign,
)
from workbench.experiments.campaigns.manifest import Campaign
from workbench.experiments.campaigns.shards import Damage
from workbench.experiments.campaigns.store import Results, Store, merge, open_results
from workbench.experiments.campaigns.summary import summary
from workbench.experiments.estimates.statistics import CONFIDENCE, sample_size
from workbench.experiments.voices.listening import choices
from workbench.face.campaigns import TRIALS, folders_of, plans_of, trials_of
from workbench.files import write_text
from workbench.integer.native.build import kernels_here
from workbench.integer.program import Program
from workbench.memory.faults.bits import Each
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.laboratory import no_native_engine

_OUT = Path("out/campaign")
_HALF_WIDTH = 0.01


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which trials, where they run, and where the results go."""
    add_generator(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--exhaustive", action="store_true", help="every bit of the working copy, one a trial"
    )
    what.add_argument(
        "--fault",
        action="append",
        metavar="TEXT",
        help="a fault model like flips=3 or ber=1e-5; several make a sweep, in folders below --out",
    )
    what.add_argument(
        "--merge", nargs="+", type=Path, metavar="DIR", help="put parts of a campaign into --out"
    )
    parser.add_argument(
        "--trials", type=int, metavar="N", help=f"for each word (all that there are, or {TRIALS})"
    )
    parser.add_argument(
        "--seed", type=int, help="another one draws other trials (the plan's, or 0)"
    )
    add_words(parser, "words (all)")
    parser.add_argument("--section", action="append", help="only there, again (the working copy)")
    parser.add_argument("--operator", action="append", help="only in this operator, again (any)")
    parser.add_argument("--bit", action="append", type=int, help="only this bit of values, again")
    add_image(parser)
    add_checkpoint(parser)
    parser.add_argument(
        "--protect", type=Path, metavar="FILE", help="no events at bytes that this mask protects"
    )
    parser.add_argument(
        "--log-mel",
        type=int,
        default=0,
        metavar="N",
        help="measure the log-mel distance in about N trials a word as well (0)",
    )
    parser.add_argument(
        "--listen",
        type=int,
        default=0,
        metavar="N",
        help="let the recogniser and PESQ hear about N trials a word, a quarter of a second each, sentences longer (0)",
    )
    add_workers(parser)
    add_device(parser)
    parser.add_argument(
        "--part", default="1/1", metavar="I/N", help="this machine's share of the work, as 2/3"
    )
    add_plan(parser)
    parser.add_argument(
        "--out", type=Path, default=_OUT, metavar="DIR", help=f"results, new or begun ({_OUT})"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")


def run(options: argparse.Namespace) -> None:
    """Run the missing shards, or merge, then print the figures of the trials; or plan, and run nothing.

    Raises WorkbenchError for faults, words, places and parts that do not exist, a folder with other
    results, a dead scheduler and a full disk.
    """
    settle_plan(options)
    if options.merge:
        for damage in merge(options.merge, options.out):
            _complain(damage, "it is left out")
        _print_figures([open_results(options.out, whole=False)], options.json)
        return
    if not (options.exhaustive or options.fault):
        raise WorkbenchError(
            "say which trials: --exhaustive for every bit, --fault ber=1e-5 for a fault model"
        )
    check_device(options.device, options.dask)
    check_jobs(options.jobs)
    part = _part(options.part)
    plans = _plans(options)
    voice = chosen_voice(options)
    if options.listen:
        refuse_no_speech(voice, "--listen")
    image = image_of(options.image, voice)
    mask = ProtectionMask.load(options.protect) if options.protect else None
    inputs = inputs_of(options.words, voice)
    sites = Sites(image)
    for plan in plans:
        print(_population(plan, sites, len(inputs)))
    todo = [
        (
            folder,
            campaign_of(
                image,
                inputs,
                plan,
                trials=trials_of(plan, sites, options.trials),
                log_mel=options.log_mel,
                listen=options.listen,
                choices=choices(voice, inputs),
                mask=mask,
                scale=voice.generator.scale,
            ),
        )
        for plan, folder in zip(plans, folders_of(options.out, plans), strict=True)
    ]
    if options.dask is None:
        print(f"engine: {_engine(image.program, options.device)}")
    if options.plan is not None:
        print_plans(todo, image, inputs, mask, options)
        return
    for folder, campaign in todo:
        _run(folder, campaign, image, inputs, mask, part, options)
    _print_figures([open_results(folder, whole=False) for folder, _ in todo], options.json)


def _run(
    folder: Path,
    campaign: Campaign,
    image: Any,
    inputs: Any,
    mask: ProtectionMask | None,
    part: tuple[int, int],
    options: argparse.Namespace,
) -> None:
    with Store(folder, campaign) as store:
        for damage in store.damaged:
            _complain(damage, "it was moved aside and is done again")
        before = _rows(campaign, store, part)
        if before:
            print(f"{before:,} trials are in {folder} already")
        started = time.perf_counter()
        with resumable(lambda: f"{_rows(campaign, store, part):,} trials are kept in {folder}"):
            run_campaign(
                store,
                image,
                inputs,
                mask=mask,
                jobs=options.jobs,
                dask=options.dask,
                part=part,
                device=options.device,
                progress=True,
            )
        spent = time.perf_counter() - started
        ran = _rows(campaign, store, part) - before
    if ran:
        print(f"{ran:,} trials in {spent:.1f} s, {ran / spent:,.0f} a second")


def _engine(program: Program, device: str | None) -> str:
    if device:
        return f"torch on {device}"
    reason = no_native_engine(program)
    return (
        f"torch, far slower than native: {reason}"
        if reason
        else f"native, kernels {kernels_here()}"
    )


def _rows(campaign: Campaign, store: Store, part: tuple[int, int]) -> int:
    return sum(len(campaign.shard(n).indexes) for n in part_of(campaign, part) if n in store.done)


def _complain(damage: Damage, what: str) -> None:
    print(f"workbench campaign: the shard {damage.path.name} {damage.why}; {what}", file=sys.stderr)


def _plans(options: argparse.Namespace) -> list[Plan]:
    """The plans that are asked for, where they are; WorkbenchError for faults that nobody knows."""
    plans = [Plan(Each())] if options.exhaustive else [Plan.parse(text) for text in options.fault]
    return plans_of(
        replace(
            plan,
            seed=plan.seed if options.seed is None else options.seed,
            sections=tuple(options.section or plan.sections),
            operators=tuple(options.operator or plan.operators),
            bits=tuple(options.bit or plan.bits),
        )
        for plan in plans
    )


def _part(text: str) -> tuple[int, int]:
    which, _, parts = text.partition("/")
    if not which.isdecimal() or not parts.isdecimal() or not 1 <= int(which) <= int(parts):
        raise WorkbenchError(f"there is no part {text}; the parts of three are 1/3, 2/3 and 3/3")
    return int(which), int(parts)


def _population(plan: Plan, sites: Sites, words: int) -> str:
    bits = len(plan.candidates(sites))
    return (
        f"{plan}: {bits:,} bits x {words} words, of whose single faults "
        f"{sample_size(bits * words, _HALF_WIDTH):,} at random give shares to +-{_HALF_WIDTH:.0%} (Leveugle)"
    )


def _drawn(record: dict[str, Any]) -> str:
    """What the trials stand for, and so whether their shares have intervals."""
    trials, population = record["trials_each"], record["population"]
    if population is None:
        return (
            f"drawn at random, {trials:,} for each of {len(record['utterances'])} words; the intervals "
            f"({CONFIDENCE:.0%}) take the words of a trial together"
        )
    if record["missing"]:
        return "not yet all of them, and no random sample: no intervals"
    if trials < population:
        return (
            f"the first {trials:,} of {population:,} by address, no random sample: no intervals; "
            "flips=1 draws bits at random"
        )
    return f"all {population:,} that there are, for each word: the shares are exact"


def _mean(figures: dict[str, Any], name: str) -> str:
    """A mean with its interval, "" for none."""
    if figures[name] is None:
        return ""
    low, high = figures[f"{name}_low"], figures[f"{name}_high"]
    return f"{figures[name]:.2f}" + ("" if low is None else f" ({low:.2f} to {high:.2f})")


def _print_figures(results: Sequence[Results], path: Path | None) -> None:
    figures = summary(results)
    for record in figures:
        print(f"{record['plan']}: {record['trials']:,} trials in {record['folder']}")
        if record["missing"]:
            print(
                f"  missing: {record['missing']:,} trials; other parts have them, or run it again"
            )
        print(f"  {_drawn(record)}")
        width = max(len(f"{name} ({limit})") for name, limit in record["limits"].items())
        for name, each in record["quality"].items():
            interval = "" if each["low"] is None else f" ({each['low']:.4%} to {each['high']:.4%})"
            label = f"{name} ({record['limits'][name]})"
            print(f"  {label:<{width}} {each['count']:>11,} {each['share']:>9.4%}{interval}")
        heard = record["log_mel"]
        if heard["measured"]:
            print(
                f"  log-mel changed the class of {heard['changed']:,} of the {heard['measured']:,} "
                "trials in which it was measured"
            )
        for name, each in record["heard"].items():
            pesq = _mean(each, "pesq_nb")
            understood = (
                "word unknown to the recogniser"
                if each["recognised"] is None
                else f"recognised {_mean(each, 'recognised')}"
            )
            more = f", PESQ-NB {pesq}" if pesq else ""
            print(f"  heard {each['trials']:,} {name}: {understood}{more}")
        worst = record.get("worst")
        if worst and worst["fidelity_db"] is not None:
            lowest = f"lowest {worst['measure']} {worst['fidelity_db']:.1f} dB"
            print(f"  {lowest}, replay: {worst['replay']}")
        print(
            f"  {record['bytes'] / 1e6:.1f} MB; pandas.read_parquet({record['folder'] + '/shards'!r})"
        )
    if path:
        write_text(path, json.dumps({"campaigns": figures}, indent=2, allow_nan=False) + "\n")
