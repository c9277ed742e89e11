"""How many unseen words a recogniser understands."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from workbench.commands.progress import counted
from workbench.experiments.bench.unseen_words import understood, unseen_words
from workbench.experiments.voices.voice import open_voice
from workbench.files import write_text

_GENERATOR = "speech"


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    named = options.generator or (None if options.checkpoint else _GENERATOR)
    voice = open_voice(options.checkpoint, generator=named)
    with counted(len(unseen_words()[0]), unit="word") as say:
        result = understood(voice, progress=say)
    missed = [word for word, share in result.per_word.items() if share < 1]
    print(
        f"{result.share:.3f} of {result.words} unseen words understood among {result.choices:,} "
        f"({result.low:.3f} to {result.high:.3f})"
    )
    print(f"not always: {', '.join(missed) or 'none'}")
    if options.json:
        write_text(options.json, json.dumps(asdict(result), indent=2) + "\n")
