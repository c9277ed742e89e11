"""What a Dask scheduler hands out to many simulated workers."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from workbench.commands.progress import doing
from workbench.experiments.bench.cluster import Load, Rates, simulated_cluster
from workbench.files import write_text
from workbench.progress import progress_bar

EMPTY = Load(tasks=2_000, seconds=0, result_bytes=100)
LARGE = Load(tasks=200, seconds=0, result_bytes=700_000)
_ROUNDS = 8  # tasks of each worker, of the load that is to be kept up with
_TASK_S = 2.0
_RESULT_BYTES = 100_000


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    workers: int = options.workers
    with doing() as say, simulated_cluster(workers, progress=say) as cluster:
        loads = {
            "empty tasks": EMPTY,
            f"results of {LARGE.result_bytes / 1000:g} kB": LARGE,
            f"tasks of {_TASK_S:g} s": Load(_ROUNDS * workers, _TASK_S, _RESULT_BYTES),
        }
        rates: dict[str, Rates] = {}
        for name, load in loads.items():
            with progress_bar(desc=name, total=load.tasks, unit="task") as bar:
                rates[name] = cluster.run(load, count_bytes=load is EMPTY, progress=bar.update)
    _print_rates(rates)
    if options.json:
        report = {name: each.as_json() for name, each in rates.items()}
        write_text(options.json, json.dumps(report, indent=2) + "\n")


def _print_rates(rates: dict[str, Rates]) -> None:
    any_rate = next(iter(rates.values()))
    print(
        f"a Dask scheduler, {any_rate.workers:,} simulated workers and the client on this machine; a task "
        "waits instead of computing"
    )
    rows: list[Sequence[str]] = [
        ("", "tasks/s", "asked/s", "MB/s", "client ms", "scheduler ms", "most/s")
    ]
    for name, each in rates.items():
        asked = f"{each.asked_per_s:,.0f}" if each.load.seconds else "-"
        rows.append(
            (
                name,
                f"{each.tasks_per_s:,.0f}",
                asked,
                f"{each.tasks_per_s * each.load.result_bytes / 1e6:,.1f}",
                f"{1e3 * each.client_cpu_s:.2f}",
                f"{1e3 * each.scheduler_cpu_s:.2f}",
                f"{each.most_per_s:,.0f}",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        print("  ".join([name.ljust(widths[0]), *map(str.rjust, cells, widths[1:])]))
    counted = next(each for each in rates.values() if each.sent is not None)
    print(
        f"a task takes {counted.sent:,.0f} bytes to the scheduler and {counted.received:,.0f} back, of which "
        f"{counted.load.result_bytes:,} are its result"
    )
    print(
        "ms: processor time of a task; most/s: what the busier of client and scheduler could hand out with a "
        "core of its own"
    )
