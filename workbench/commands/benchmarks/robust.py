"""What bit errors do to several trainings of one generator."""

from __future__ import annotations

import argparse
import json

from workbench.commands.benchmarks.trained import voices_below
from workbench.commands.progress import counted
from workbench.errors import WorkbenchError
from workbench.experiments.bench.robust import (
    PARTS,
    RATES,
    Robustness,
    draw_robustness,
    robustness,
)
from workbench.files import write_text

PICTURE = "robust.png"


def run(options: argparse.Namespace) -> None:
    """Measure every checkpoint below --out, print a table and draw a picture there."""
    if options.trials < 1:
        raise WorkbenchError(f"{options.trials} trials tell nothing; give at least one")
    voices = voices_below(options.out)
    steps = sum(1 + len(voice.usual) for voice in voices.values())
    with counted(steps, unit="step") as say:
        rows = [robustness(name, voice, options.trials, say=say) for name, voice in voices.items()]
    print(_table(rows))
    draw_robustness(options.out / PICTURE, rows)
    if options.json:
        figures = {"rates": RATES, "voices": [row.as_json() for row in rows]}
        write_text(options.json, json.dumps(figures, indent=1) + "\n")


def _table(rows: list[Robustness]) -> str:
    width = max(len(row.name) for row in rows) + 2
    heads = "".join(f"{f'{part}, {rate:g}':>24}" for part in PARTS for rate in RATES)
    lines = [f"{'':<{width}}{'recognised':>11}{'PESQ-NB':>9}{heads}   (harm, broken)"]
    for row in rows:
        recognised, pesq = (
            "-" if value is None else f"{value:.3f}" for value in row.quality.values()
        )
        cells = "".join(
            f"{f'{100 * hurt:.3g} %, {100 * broken:.1f} %':>24}"
            for part in PARTS
            for hurt, broken in zip(row.harm[part], row.broken[part], strict=True)
        )
        lines.append(f"{row.name:<{width}}{recognised:>11}{pesq:>9}{cells}")
    return "\n".join(lines)
