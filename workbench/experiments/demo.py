"""The demonstration: a voice, the same voice damaged and healed, its firmware; as data and a page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench import __version__
from workbench.experiments.demo_clips import Listener, clean_clips, flipped_clips
from workbench.experiments.demo_device import run_device
from workbench.experiments.demo_life import heal_and_speak, live
from workbench.experiments.demo_record import Demonstration, Section
from workbench.experiments.demo_stages import Stages
from workbench.experiments.demo_summary import summarise
from workbench.experiments.page import render
from workbench.experiments.voice import Voice
from workbench.files import output_folder, write_text
from workbench.memory.layout import WORKING_SECTIONS

PAGE_FILE, SUMMARY_FILE = "index.html", "summary.json"


@dataclass(frozen=True)
class DemoPlan:
    """What the demonstration does, beside the word and the seed.

    flips: numbers of flipped bits, one clip each. script: words spoken while upsets arrive.
    upsets_per_s: of the whole SRAM image, on average. pages_per_frame: that the healer checks.
    """

    flips: tuple[int, ...] = (1, 10, 100, 1000)
    script: tuple[str, ...] = tuple("31415926")
    upsets_per_s: float = 150.0
    pages_per_frame: int = 4


def make_demo(
    voice: Voice, out: Path | str, *, word: str, seed: int, plan: DemoPlan | None = None
) -> Path:
    """Do it all and write the page and its figures to `out`; returns the path of the page.

    What lay there before is left alone until everything is done. Raises WorkbenchError when the
    voice cannot say the word or `out` cannot be written.
    """
    folder = output_folder(out)
    demonstration = demonstrate(voice, word=word, seed=seed, plan=plan or DemoPlan())
    summary = summarise(demonstration)
    page = render(demonstration, summary)
    figures = json.dumps(summary, indent=1, allow_nan=False, ensure_ascii=False)
    write_text(folder / PAGE_FILE, page)
    write_text(folder / SUMMARY_FILE, figures + "\n")
    return folder / PAGE_FILE
