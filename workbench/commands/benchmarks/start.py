"""Start-up time of the commands, and whether they import torch."""

from __future__ import annotations

import argparse
import json

from workbench.commands import COMMANDS
from workbench.commands.progress import counted
from workbench.errors import WorkbenchError
from workbench.experiments.bench.start import HELP_S, WORK, WORK_S, bench_start
from workbench.files import write_text


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    repeats = options.repeats
    if repeats < 1:
        raise WorkbenchError(f"cannot start {repeats} times; give at least 1")
    helps = {f"{name} --help": [name, "--help"] for name in COMMANDS}
    with counted(len(helps) + len(WORK), unit="command") as say:
        starts = bench_start({**helps, **WORK}, repeats=repeats, progress=say)
    print(f"the shortest of {repeats} starts, on a quiet machine meant to end within the limit")
    print(f"{'command':<28}{'s':>7}{'limit':>7}{'CPU s':>7}  imports torch")
    for start in starts:
        limit = HELP_S if start.name in helps else WORK_S
        torch = "yes" if start.torch else "no"
        print(f"{start.name:<28}{start.wall_s:>7.2f}{limit:>7.1f}{start.cpu_s:>7.2f}  {torch}")
    if options.json:
        write_text(options.json, json.dumps([start.as_json() for start in starts], indent=2) + "\n")
