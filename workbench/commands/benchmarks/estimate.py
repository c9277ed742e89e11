"""How often intervals of `estimate` hold the truth, and how many trials they save."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict

from workbench.commands.common import chosen_voice, default_utterance
from workbench.commands.kept import Kept
from workbench.commands.progress import counted
from workbench.errors import WorkbenchError
from workbench.experiments.bench.estimate import CLASSES, HALF_WIDTHS, Row, bench_estimate
from workbench.experiments.provenance import inputs_digest
from workbench.files import write_text


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    if options.repeats < 1:
        raise WorkbenchError(f"cannot estimate {options.repeats} times; give at least 1")
    voice = chosen_voice(options)
    word = options.word or default_utterance(voice, "7")
    image, inputs = voice.image(), voice.inputs(word)
    depends = (image.content_hash, inputs_digest({word: inputs}), options.repeats)
    with (
        Kept("bench-estimate", *depends) as kept,
        counted(1 + len(CLASSES) * len(HALF_WIDTHS)) as say,
    ):

        def step(name: str, make: Callable[[], Row]) -> Row:
            say(name)
            return kept.step(name, make, plain=asdict, again=lambda plain: Row(**plain))

        say("flipping every bit")
        rows = bench_estimate(
            image, inputs, repeats=options.repeats, scale=voice.generator.scale, step=step
        )
    print(f"{options.repeats} estimates each, against all bits flipped, saying {word!r}")
    print(
        f"{'share of flips':<18}{'truth':>8}{'+-':>10}{'covered':>9}{'bias':>8}{'trials':>10}"
        f"{'uniform':>11}{'saving':>8}"
    )
    for row in rows:
        print(
            f"{row.quality:<18}{row.share:>8.3%}{row.half_width:>10.3%}{row.covered:>9.1%}"
            f"{row.bias:>8.2%}{row.tried:>10,.0f}{row.uniform:>11,}{row.saving:>7.1f}x"
        )
    if options.json:
        write_text(options.json, json.dumps([row.as_json() for row in rows], indent=2) + "\n")
