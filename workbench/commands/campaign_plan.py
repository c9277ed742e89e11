"""`workbench campaign --plan CORES`: what a campaign takes on a cluster, before it is run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from workbench.commands.progress import doing
from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.cluster_plan import (
    RESULT_BYTES_PER_S,
    TASKS_PER_S,
    ClusterPlan,
    Pilot,
    cluster_plan,
    pilot_of,
)
from workbench.experiments.campaigns.manifest import Campaign
from workbench.files import write_text
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.image import Image

_GBITS, _CORE_HOUR = 1.0, 0.05
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def add_plan(parser: argparse.ArgumentParser) -> None:
    """Declare the plan of a campaign on a cluster, its network and its price."""
    parser.add_argument(
        "--plan", type=int, metavar="CORES",
        help="run nothing but a small part, and estimate what the whole takes on so many cores",
    )  # fmt: skip
    parser.add_argument(
        "--network", type=float, metavar="GBIT",
        help=f"--plan: Gbit/s of the machine that writes ({_GBITS:g})",
    )  # fmt: skip
    parser.add_argument(
        "--core-hour", type=float, metavar="PRICE",
        help=f"--plan: of an hour of a core, in any currency ({_CORE_HOUR:g})",
    )  # fmt: skip


def settle_plan(options: argparse.Namespace) -> None:
    """Give the options of a plan their defaults; WorkbenchError where they stand without --plan."""
    for name, usual in (("network", _GBITS), ("core_hour", _CORE_HOUR)):
        if getattr(options, name) is None:
            setattr(options, name, usual)
        elif options.plan is None:
            raise WorkbenchError(
                f"--{name.replace('_', '-')} belongs to a plan; add --plan CORES, or leave it out"
            )


def print_plans(
    todo: Sequence[tuple[Path, Campaign]],
    image: Image,
    inputs: Mapping[str, Mapping[str, np.ndarray]],
    mask: ProtectionMask | None,
    options: argparse.Namespace,
) -> None:
    """Measure a part of each campaign, print what the whole takes, and write the figures with --json."""
    plans = []
    for folder, campaign in todo:
        with doing(f"measuring a part of {campaign.plan}"):
            pilot = pilot_of(campaign, image, inputs, mask, folder)
        plan = cluster_plan(
            campaign, pilot, cores=options.plan,
            network_bits_per_s=1e9 * options.network, core_hour=options.core_hour,
        )  # fmt: skip
        _print_plan(campaign, pilot, plan, options.network)
        plans.append({"plan": campaign.plan, **plan.as_json()})
    if options.json:
        write_text(options.json, json.dumps({"plans": plans}, indent=2) + "\n")


def _print_plan(campaign: Campaign, pilot: Pilot, plan: ClusterPlan, gbits: float) -> None:
    rows = {
        "trials": f"{plan.trials:,} of {campaign.plan}, {len(campaign.utterances)} words",
        "measured here": f"{pilot.trials_per_s:,.0f} trials a second and core, "
        f"{pilot.bytes_per_trial:.1f} bytes a trial",
        "shards": f"{plan.shards:,} of {plan.trials_a_shard:,} trials, "
        f"{plan.shard_s:.1f} s and {_bytes(plan.shard_bytes)} each",
        "computing": f"{_time(plan.compute_s)} on {plan.cores:,} cores, {plan.core_hours:,.1f} core-hours",
        "network": f"{_time(plan.network_s)} at {gbits:g} Gbit/s for {_bytes(plan.bytes)} of results and "
        f"{_bytes(plan.task_bytes)} of tasks; {_bytes(plan.work_bytes)} to the workers at the start",
        "disk": f"{_time(plan.disk_s)} at the {pilot.disk_bytes_per_s / 1e6:,.0f} MB/s measured here",
        "scheduler": f"{_time(plan.scheduler_s)} at {TASKS_PER_S:,.0f} tasks and "
        f"{RESULT_BYTES_PER_S / 1e6:,.0f} MB a second (`workbench bench cluster`); the workers ask for "
        f"{plan.tasks_per_s:,.1f} tasks a second",
        "in all": f"{_time(plan.wall_s)}, of which {plan.limit} decides",
        "price": f"{plan.cost:,.2f} for the core-hours",
    }
    width = max(map(len, rows))
    for name, text in rows.items():
        print(f"{name:<{width}}  {text}")


def _time(seconds: float) -> str:
    """Its two largest units: "6 min 44 s"."""
    whole = max(1, round(seconds))
    parts: list[str] = []
    for size, unit in _UNITS:
        count, whole = divmod(whole, size)
        if count or parts:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def _bytes(count: float) -> str:
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count:,.0f} bytes"
