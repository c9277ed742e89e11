"""Instructions and memory of the synthesiser of speech."""

from __future__ import annotations

import argparse
import json

from workbench.commands.progress import counted
from workbench.experiments.bench.synthesis import costs_of_synthesis, memory_of_synthesis
from workbench.files import write_text
from workbench.firmware.boards import CORES


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    cores = list(CORES.values())
    with counted(len(cores), unit="core") as say:
        costs = list(costs_of_synthesis(cores, progress=say))
    memory = memory_of_synthesis()
    print("instructions of a frame of 160 samples; every sample is that of the reference")
    print(f"{'core':<12}{'voiced':>9}{'unvoiced':>10}{'most':>9}{'flash':>8}{'stack':>7}")
    for cost in costs:
        print(
            f"{CORES[cost.core].title:<12}{cost.voiced:>9,.0f}{cost.unvoiced:>10,.0f}{cost.most:>9,}"
            f"{cost.flash_bytes:>8,}{cost.stack_bytes:>7,}"
        )
    print(
        f"tables {memory.table_bytes:,} bytes, state {memory.state_bytes:,}, scratch "
        f"{memory.scratch_bytes:,} (signals included); flash with tables and start-up code"
    )
    if options.json:
        report = {"cores": [cost.as_json() for cost in costs], "memory": memory.as_json()}
        write_text(options.json, json.dumps(report, indent=2) + "\n")
