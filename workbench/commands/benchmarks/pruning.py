"""What leaving out blocks of weights saves on a core, and how trained voices sound at that."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.commands.benchmarks.trained import voices_below
from workbench.commands.common import chosen_voice
from workbench.commands.progress import counted
from workbench.experiments.bench.kernel_layers import LAYERS
from workbench.experiments.bench.pruning import (
    PRUNED_LAYERS,
    SHARES,
    Savings,
    draw_savings,
    savings,
)
from workbench.experiments.voices.quality import quality_of_voice
from workbench.experiments.voices.voice import Voice
from workbench.files import write_text
from workbench.firmware.boards import CORES, Core
from workbench.firmware.emulation.emulate import emulate
from workbench.integer.operators.pruned import LEAST_BLOCKS
from workbench.memory.image import Image

PICTURE = "pruning.png"
_CORE = "m4"
_FEWEST = 2  # blocks of four rows: any convolution that has two


def run(options: argparse.Namespace) -> None:
    """Measure layers, the network and the checkpoints below --out; print tables and draw a picture."""
    core = CORES[(options.core or [_CORE])[0]]
    trained = voices_below(options.out) if options.out else {}
    voice = chosen_voice(options)
    with counted(len(PRUNED_LAYERS) + 2 + len(trained), unit="step") as say:
        rows = []
        for layer in (LAYERS[name] for name in PRUNED_LAYERS):
            say(layer.title)
            rows.append(savings(layer.title, layer.program(), layer.inputs(2), core))
        inputs = voice.inputs(voice.usual[0])
        for name, least in (
            (voice.program.name, LEAST_BLOCKS),
            (f"{voice.program.name}, all layers", _FEWEST),
        ):
            say(name)
            rows.append(savings(name, voice.program, inputs, core, least=least))
        heard = [_heard(name, each, core, say) for name, each in trained.items()]
    print(_table(rows, core))
    print(_trained(heard))
    if options.out:
        draw_savings(options.out / PICTURE, rows, heard)
    if options.json:
        figures = {"shares": SHARES, "rows": [row.as_json() for row in rows], "voices": heard}
        write_text(options.json, json.dumps(figures, indent=1) + "\n")


def _heard(name: str, voice: Voice, core: Core, say: Any) -> dict[str, Any]:
    say(name)
    quality = quality_of_voice(voice)
    emulated = emulate(Image.of(voice.program), core, voice.inputs(voice.usual[0]))
    return {
        "name": name,
        "instructions": emulated.instructions_per_frame,
        **{each: quality.value(each) for each in ("recognised", "pesq_nb", "stoi")},
    }


def _table(rows: Sequence[Savings], core: Core) -> str:
    width = max(len(row.name) for row in rows) + 2
    heads = "".join(f"{f'{share:.0%} left out':>22}" for share in SHARES)
    lines = [
        f"{core.title}: instructions a frame, and how many times fewer than dense",
        f"{'':<{width}}{'dense':>12}{heads}{'fixed':>10}{'a MAC':>7}",
    ]
    for row in rows:
        cells = "".join(
            f"{f'{count:,.0f} ({ratio:.2f})':>22}"
            for count, ratio in zip(row.instructions[1:], row.times_fewer, strict=True)
        )
        rest, each = row.line
        lines.append(
            f"{row.name:<{width}}{row.instructions[0]:>12,.0f}{cells}{rest:>10,.0f}{each:>7.2f}"
        )
    return "\n".join(lines)


def _trained(heard: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for row in heard:
        measures = ("recognised", "pesq_nb", "stoi")
        told = [f"{name} {row[name]:.3f}" for name in measures if row[name] is not None]
        lines.append(f"{row['name']}: {row['instructions']:,.0f} instructions, {', '.join(told)}")
    return "\n".join(lines)
