"""Users who are locked out since they do not understand a challenge of spoken digits."""

from __future__ import annotations

import argparse

from workbench.commands.applications.table import measure
from workbench.commands.common import chosen_voice
from workbench.experiments.applications.liveness import ATTEMPTS, DIGITS, Listener, SafetyListener
from workbench.experiments.voices.voice import open_voice


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    voice = chosen_voice(options, usual="challenge")
    safety = None
    if options.safety_voice is not None:
        small = open_voice(options.safety_voice)
        safety = (
            small.program.content_hash,
            SafetyListener(voice, small, over_budget=options.over_budget).experience,
        )
    measure(voice, Listener(voice).experience, options, safety)
    print(
        f"locked out: users who do not understand all {DIGITS} digits of a challenge in any of {ATTEMPTS} attempts, with "
        "other noise each time; 95 % interval over devices. The listener is pocketsphinx"
    )
