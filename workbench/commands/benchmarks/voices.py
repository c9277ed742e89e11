"""Fault trials a second of the voices that ship, beside each other."""

from __future__ import annotations

import argparse
import json
import math
import sys

from workbench.commands.common import chosen_voice
from workbench.commands.progress import doing
from workbench.errors import WorkbenchError
from workbench.experiments.bench.voices import FAULT, VoiceRate, rate_of
from workbench.experiments.threads import one_thread
from workbench.files import write_text
from workbench.generators.generator_registry import SHIPPED
from workbench.integer.native.instructions import processor_name


def run(options: argparse.Namespace) -> None:
    """Measure and print; exit status 1 when a checked trial differs from the reference."""
    if not 0 < options.seconds < math.inf or options.check < 0:
        raise WorkbenchError(
            f"cannot measure for {options.seconds:g} s and check {options.check} trials; "
            "give more than 0 seconds and at least 0 trials"
        )
    chosen = options.checkpoint or options.generator
    names = [options.generator] if chosen else list(SHIPPED)
    rows = []
    with doing() as say, one_thread():
        for name in names:
            voice = chosen_voice(options, usual=name)
            utterance = options.word or voice.usual[0]
            rows.append(
                rate_of(
                    voice, utterance, seconds=options.seconds, check=options.check, progress=say
                )
            )
    _print(rows)
    if options.json:
        figures = {
            "processor": processor_name(),
            "fault": FAULT,
            "voices": [row.as_json() for row in rows],
        }
        write_text(options.json, json.dumps(figures, indent=2) + "\n")
    if any(row.mismatches for row in rows):
        print("please report these mismatches with the processor's name", file=sys.stderr)
        raise SystemExit(1)


def _print(rows: list[VoiceRate]) -> None:
    print(
        f"single bit flips ({FAULT}) anywhere in the working copy, one core of {processor_name()}"
    )
    print(
        f"{'':<12}{'says':<24}{'kernels':>8}{'sound':>8}{'million MACs':>14}{'of a trial':>12}"
        f"{'differ':>8}{'trials/s':>10}{'with class':>12}{'checked':>9}{'wrong':>7}"
    )
    for row in rows:
        said = row.utterance if len(row.utterance) < 24 else row.utterance[:20] + "..."
        macs = "-" if row.macs_per_trial is None else f"{row.macs_per_trial / 1e6:.2f}"
        print(
            f"{row.generator:<12}{said:<24}{row.kernels:>8}{row.sound_s:>6.2f} s{row.macs / 1e6:>14.1f}"
            f"{macs:>12}{row.differing:>8.0%}{row.trials_per_s:>10,.0f}{row.measured_per_s:>12,.0f}"
            f"{row.checked:>9}{row.mismatches:>7}"
        )
