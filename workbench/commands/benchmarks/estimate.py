"""How often intervals of `estimate` hold the truth, and how many trials they save."""

from __future__ import annotations

import argparse
import json

from workbench.commands.common import default_utterance
from workbench.commands.progress import doing
from workbench.errors import WorkbenchError
from workbench.experiments.bench.estimate import bench_estimate
from workbench.experiments.voices.voice import open_voice
from workbench.files import write_text


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    if options.repeats < 1:
        raise WorkbenchError(f"cannot estimate {options.repeats} times; give at least 1")
    voice = open_voice(options.checkpoint, generator=options.generator)
    word = options.word or default_utterance(voice, "7")
    with doing() as say:
        rows = bench_estimate(
            voice.image(),
            voice.inputs(word),
            repeats=options.repeats,
            progress=say,
        )
    print(f"{options.repeats} estimates each, against all bits flipped, saying {word!r}")
    print(
        f"{'share of flips':<18}{'truth':>8}{'+-':>10}{'covered':>9}{'bias':>8}{'trials':>9}"
        f"{'blind':>9}{'saving':>8}"
    )
    for row in rows:
        print(
            f"{row.quality:<18}{row.share:>8.3%}{row.half_width:>10.3%}{row.covered:>9.1%}"
            f"{row.bias:>8.2%}{row.tried:>9,.0f}{row.blind:>9,}{row.saving:>7.1f}x"
        )
    if options.json:
        write_text(options.json, json.dumps([row.as_json() for row in rows], indent=2) + "\n")
