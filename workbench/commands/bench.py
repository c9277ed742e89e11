"""`workbench bench`: measure this workbench, on this machine."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from workbench.commands.common import add_strategies
from workbench.memory.trials.laboratory import ENGINES

# Name -> what it measures; each is a module of `benchmarks`, imported when it is used.
BENCHMARKS = {
    "campaign": "fault trials a second, beside other tools",
    "estimate": "coverage and saving of `workbench estimate` against the exhaustive truth of one word",
    "codes": "what checks of memory see",
    "diagnoses": "whether what healers write down is true",
    "start": "how long commands take to start",
    "cluster": "how many tasks a second a Dask scheduler hands out to many simulated workers",
}
_SECONDS = 5.0
_CHECK = 1000
_REPEATS, _WORD = 200, "7"
_TRIALS, _DIAGNOSES = 5_000, 100
_WORKERS = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which benchmark, how long, and where the figures go."""
    parser.add_argument(
        "benchmark",
        choices=BENCHMARKS,
        help="; ".join(f"{name}: {what}" for name, what in BENCHMARKS.items()),
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
    parser.add_argument(
        "--workers", type=int, metavar="N", help=f"cluster: how many are simulated ({_WORKERS})"
    )
    parser.add_argument("--word", default=_WORD, help=f"estimate: which is said ({_WORD})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")


def run(options: argparse.Namespace) -> None:
    """Measure and print; exit status 1 when a checked trial differs from the reference.

    Raises WorkbenchError for times and numbers that make no sense and an engine that cannot run.
    """
    importlib.import_module(f"workbench.commands.benchmarks.{options.benchmark}").run(options)
