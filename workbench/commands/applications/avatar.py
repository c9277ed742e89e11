"""Seconds in which the face of an avatar is visibly wrong."""

from __future__ import annotations

import argparse

from workbench.audio.face_metrics import VISIBLE_ERROR
from workbench.commands.applications.table import measure
from workbench.commands.common import chosen_voice
from workbench.experiments.applications.avatar import TALK_S_A_MONTH, WRONG, Viewer


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    voice = chosen_voice(options, usual="viseme")
    rows = measure(voice, Viewer(voice).experience, options)
    print("of an hour a day of talk, that is in a month:")
    for row in rows:
        print(f"  {row.exposure}, {row.strategy}: {row.shares[WRONG] * TALK_S_A_MONTH:,.0f} s")
    print(
        f"visibly wrong: a shape of the mouth is off by more than {VISIBLE_ERROR:g} of its way, as a mean over 50 ms; 95 % "
        "interval over devices. No viewers were asked"
    )
