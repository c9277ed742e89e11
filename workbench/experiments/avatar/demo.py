"""The page of `workbench demo` for a generator that shapes a face: the faces, their figures, and what was hit."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from workbench.experiments.avatar.followed import said_file
from workbench.experiments.avatar.page import avatar_page
from workbench.experiments.avatar.takes import takes_of
from workbench.experiments.voices.voice import Voice
from workbench.files import output_folder, write_text

PAGE_FILE, SUMMARY_FILE = "index.html", "summary.json"
FLIPS = 100


def make_avatar_demo(
    voice: Voice,
    out: Path | str,
    *,
    sound: str,
    seed: int,
    command: str,
    healer: str,
    speaker: Voice | None = None,
) -> Path:
    """Write the page and its figures to `out`; returns the path of the page.

    Args:
        voice: Whose face is shown.
        out: A folder.
        sound: As of `voice.utterance`; or what the speaker says.
        seed: Of the flips.
        command: That makes the page again.
        healer: A strategy.
        speaker: A voice that the face follows; what it says is written beside the page.

    Raises:
        WorkbenchError: As `takes_of` and `said_file`; `out` cannot be written.
    """
    folder = output_folder(out)
    heard = (speaker or voice).spoken((speaker or voice).utterance(sound))
    if speaker:
        sound = str(said_file(speaker, sound, folder))
    takes = takes_of(voice, sound, f"flips={FLIPS},seed={seed}", healer=healer)
    page = avatar_page(takes, heard=heard, command=command)
    figures = {
        "sound": voice.utterance(sound),
        "trial": takes.trial,
        "sites": list(takes.sites),
        "takes": {take.key: take.metrics and asdict(take.metrics) for take in takes.takes},
    }
    write_text(folder / PAGE_FILE, page)
    write_text(folder / SUMMARY_FILE, json.dumps(figures, indent=1) + "\n")
    return folder / PAGE_FILE
