"""`workbench modes`: a voice pruned in blocks, with each of its layers un-pruned, and dense."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from workbench.commands.common import add_checkpoint, add_generator, chosen_voice
from workbench.commands.kept import Kept
from workbench.commands.progress import counted
from workbench.experiments.voices.lost_pages import UNPRUNED, lost_page_figures
from workbench.experiments.voices.modes import (
    DENSE,
    PRUNED,
    memory_figures,
    mode_figures,
    modes_of,
    refuse_unpruned,
    restore_figures,
)
from workbench.files import write_text
from workbench.firmware.boards import CORES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the checkpoint and the cores."""
    add_generator(parser)
    add_checkpoint(parser)
    parser.add_argument(
        "--core", action="append", choices=CORES, metavar="NAME",
        help=f"whose instructions a frame are counted; may be given again (none): {', '.join(CORES)}",
    )  # fmt: skip
    parser.add_argument(
        "--picture", type=Path, metavar="FILE",
        help="draw what each mode costs on the first core, and its quality, as a PNG file",
    )  # fmt: skip
    parser.add_argument(
        "--lost-bits", type=int, metavar="N",
        help="also lose pages of 256 bytes of each layer's weights, N bits of a page, one page at a time, and tell what un-pruning "
        "gives back",
    )  # fmt: skip
    parser.add_argument("--lost-pages", type=int, default=2, metavar="N", help="of each layer (2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")


def run(options: argparse.Namespace) -> None:
    """Measure all modes and print a table; WorkbenchError for a voice that is not pruned."""
    voice = chosen_voice(options)
    modes = modes_of(voice.program)
    cores = {name: CORES[name] for name in options.core or ()}
    measures = [measure.name for measure in voice.generator.measures]
    layers = refuse_unpruned(voice.program) if options.lost_bits is not None else ()
    steps = len(modes) * (1 + len(cores)) + 3 * len(layers)
    with (
        Kept("modes", voice.program.content_hash, sorted(cores)) as kept,
        counted(steps, unit="step") as say,
    ):
        rows = [
            kept.step(mode.name, partial(mode_figures, voice, mode, cores, say=say))
            for mode in modes
        ]
        lost = [
            kept.step(
                f"lost {options.lost_bits}-{options.lost_pages} {layer}",
                partial(
                    lost_page_figures, voice, layer, bits=options.lost_bits, pages=options.lost_pages, say=say
                ),
            )
            for layer in layers
        ]  # fmt: skip
    memory, restored = memory_figures(voice.program), restore_figures(voice.program)
    print(_table(rows, measures, list(cores)))
    print(
        f"RAM: {memory['weights']:,} bytes of weights, {memory['masks']:,} of masks, {memory['modes']} of modes; "
        f"flash: {memory['reserve']:,} bytes in reserve"
    )
    print(
        f"to restore a page of 256 bytes reads {restored['aligned']:,.0f} bytes of flash; chosen weight by weight, "
        f"{restored['unstructured']:,.0f}"
    )
    if lost:
        print(_lost(lost, measures))
    if options.picture:
        from workbench.experiments.voices.mode_pictures import draw_modes

        shown = "pesq_nb" if "pesq_nb" in measures else measures[0]
        draw_modes(rows, shown, next(iter(cores), None), options.picture)
    if options.json:
        figures = {"modes": rows, "memory": memory, "restore": restored, "lost": lost}
        write_text(options.json, json.dumps(figures, indent=1) + "\n")


def _lost(rows: Sequence[Mapping[str, Any]], measures: Sequence[str]) -> str:
    """Means over the layers, as whose pages all count alike."""
    first = rows[0]
    lines = [f"{first['bits']} wrong bits in a page, {first['pages']} pages of each of {len(rows)} layers, mean:"]  # fmt: skip
    for state, title in ((PRUNED, "pruned"), (UNPRUNED, "that layer un-pruned"), (DENSE, "all un-pruned")):  # fmt: skip
        means = {name: [row["quality"][state][name] for row in rows] for name in measures}
        told = [f"{name} {sum(each) / len(each):.3f}" for name, each in means.items() if None not in each]  # fmt: skip
        lines.append(f"  {title:<22}{', '.join(told)}")
    return "\n".join(lines)


def _table(rows: Sequence[Mapping[str, Any]], measures: Sequence[str], cores: Sequence[str]) -> str:
    heads = ["un-pruned", *measures, "MACs/frame", *cores]
    lines = [heads]
    for row in rows:
        values = (row["quality"][name] for name in measures)
        lines.append(
            [
                row["mode"],
                *("-" if value is None else f"{value:.3f}" for value in values),
                f"{row['macs_per_frame']:,}",
                *(f"{row['instructions'][core]['mean']:,.0f}" for core in cores),
            ]
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    return "\n".join(
        "  ".join(
            [
                line[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True)),
            ]
        )
        for line in lines
    )
