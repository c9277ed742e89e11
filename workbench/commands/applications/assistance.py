"""Numbers that are heard wrongly, or not at all, when a wearable reads out its sensors."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from functools import partial

from workbench.commands.applications.table import measure
from workbench.commands.common import chosen_voice
from workbench.commands.kept import Kept
from workbench.commands.progress import counted
from workbench.experiments.applications.assistance import (
    Heard,
    Suspect,
    heard_on_page,
    refuse_fixed_words,
    suspected,
    suspects,
    understood_readings,
)
from workbench.experiments.applications.emulated_voice import EmulatedVoice
from workbench.experiments.threads import one_thread
from workbench.experiments.voices.voice import Voice
from workbench.face.shown import text_table
from workbench.files import write_text
from workbench.firmware.boards import CORES

_EXAMPLES = 8


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    voice = chosen_voice(options, usual="speech")
    refuse_fixed_words(voice)
    if options.flips:
        _print_suspects(voice, options)
        return
    device = EmulatedVoice(voice, CORES[options.core]) if options.core else voice
    measure(voice, partial(heard_on_page, device), options)
    if isinstance(device, EmulatedVoice):
        print(
            f"read out on the emulated {CORES[options.core].title}: {device.samples:,} samples, all equal to the simulation's"
        )
    print(
        "each device reads out a page of eight sensors; a number is heard where most of five presentations, with other "
        "noise each, agree on it; 95 % interval over devices. The listener is pocketsphinx"
    )


def _print_suspects(voice: Voice, options: argparse.Namespace) -> None:
    """Which operators make numbers wrong when one of their high bits flips."""
    places = suspects(voice.image())
    found: list[Suspect] = []
    key = (voice.program.content_hash, options.flips, options.seed)
    with (
        Kept("users-flips", *key) as kept,
        counted(1 + len(places), unit="operator") as say,
        one_thread(),
    ):
        say("clean numbers")
        said = understood_readings(voice)
        for place in places:
            name = f"{place.operator}, {place.section}"
            say(name)
            found.append(
                kept.step(
                    name,
                    partial(suspected, voice, place, said, trials=options.flips, seed=options.seed),
                    plain=asdict, again=lambda plain: Suspect(**plain),
                )
            )  # fmt: skip
    rows = [("operator", "section", "flips", "sound changed", *Heard)]
    for each in sorted(found, key=lambda each: -each.heard.get(Heard.OTHER, 0)):
        counts = (str(each.heard.get(what, 0)) for what in Heard)
        rows.append((each.operator, each.section, str(each.trials), str(each.changed), *counts))
    print(text_table(rows))
    examples = [(each.operator, *example) for each in found for example in each.examples]
    for operator, said_words, heard, trial in examples[:_EXAMPLES]:
        print(f"{operator}: {said_words!r} is heard as {heard!r}; workbench replay {trial!r}")
    if options.json:
        write_text(options.json, json.dumps([asdict(each) for each in found], indent=1) + "\n")
