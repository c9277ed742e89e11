"""Options of a second, far smaller voice, which speaks where healing of the first fails."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.experiments.voices.voice import Voice, open_voice


def add_safety_voice(parser: argparse.ArgumentParser, users: str) -> None:
    """Declare the checkpoint. users: the strategies that take it."""
    parser.add_argument(
        "--safety-voice", type=Path, metavar="DIR",
        help=f"checkpoint of a far smaller voice, trained on the same words, for {users}",
    )  # fmt: skip
    parser.add_argument(
        "--over-budget", action="store_true",
        help="take it also where it is larger than a safety voice may be",
    )  # fmt: skip


def second_voice(options: argparse.Namespace) -> Voice | None:
    """The one that is asked for; None for none."""
    return open_voice(options.safety_voice) if options.safety_voice else None
