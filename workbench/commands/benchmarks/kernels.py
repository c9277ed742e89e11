"""Instructions a multiply-accumulate on every core, beside plain C and the figures of CMSIS-NN."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from workbench.commands.kept import Kept
from workbench.commands.progress import counted
from workbench.experiments.bench.kernel_layers import LAYERS, M55
from workbench.experiments.bench.kernels import (
    PLAIN,
    TUNED,
    Measurement,
    kernel_builds,
)
from workbench.files import write_text
from workbench.firmware.boards import CORES

_LEGEND = (
    "Instructions a multiply-accumulate of a whole step (bias, shift, clamp and copies included); every code is that of "
    "the reference. plain: the C that defines the kernels. zeros: where half of the inputs are zero, as behind a ReLU. "
    "cycles: estimated with the core's timing, for memory that never waits. Both of the first compiler."
)


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    cores, layers = list(CORES.values()), list(LAYERS.values())
    builds = kernel_builds(cores, layers)
    rows: list[Measurement] = []
    with Kept("bench-kernels", *builds, *LAYERS) as kept, counted(len(builds), unit="build") as say:
        for name, build in builds.items():
            say(name)
            rows += kept.step(
                name.replace(" ", "-"),
                build,
                plain=lambda made: [row.as_json() for row in made],
                again=lambda plain: [Measurement(**row) for row in plain],
            )
    print(_LEGEND)
    for core in cores:
        print(f"\n{core.title} (cycles: {core.timing.source})")
        _print([row for row in rows if row.core == core.name])
    if on_m55 := [row for row in rows if row.core == M55]:
        print("\nCortex-M55 (QEMU)")
        _print(on_m55)
    if options.out:
        from workbench.experiments.bench.kernel_pictures import draw_kernels

        draw_kernels(options.out / "kernels.png", rows, [core.name for core in cores])
    if options.json:
        write_text(options.json, json.dumps([row.as_json() for row in rows], indent=1) + "\n")


def _print(rows: Sequence[Measurement]) -> None:
    """Of one core: a layer a line, compilers side by side."""
    by = {(row.layer, row.compiler, row.kernels): row for row in rows}
    used = list(dict.fromkeys(row.compiler for row in rows))
    heads = [
        "layer",
        *(head for name in used for head in (name, "plain")),
        "zeros",
        "cycles",
        "CMSIS-NN",
    ]
    lines = [heads]
    digits = 3 if rows[0].core == M55 else 2
    for layer in LAYERS.values():
        first = by[layer.name, used[0], TUNED]
        figures: list[float | None] = [
            by[layer.name, name, kernels].instructions_per_mac
            for name in used
            for kernels in (TUNED, PLAIN)
        ]
        figures += [first.after_relu, first.cycles_per_mac]
        figures.append(first.peer)
        lines.append([layer.title, *("-" if f is None else f"{f:.{digits}f}" for f in figures)])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for title, *cells in lines:
        padded = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        print("  ".join([f"  {title.ljust(widths[0])}", *padded]))
