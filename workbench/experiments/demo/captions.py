"""Texts of the page beside sounds and figures: the checkpoint's metadata, and the commands that repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from workbench.experiments.demo.record import Clip, Simulation
from workbench.experiments.voices.word_lists import in_one_text
from workbench.generators.registry import DEFAULT


def metadata_rows(metadata: dict[str, Any]) -> dict[str, str]:
    """The checkpoint's metadata as label -> text; missing keys are left out."""
    rows: dict[str, str] = {}
    if "seed" in metadata:
        rows["Checkpoint"] = f"{metadata.get('generator', '')}, training seed {metadata['seed']}"
    if "recipe" in metadata:
        recipe = metadata["recipe"]
        rows["Trained"] = (
            f"{recipe['float_steps']:,} steps in float, then {recipe['qat_steps']:,} steps "
            "quantisation-aware"
        )
    if "seconds" in metadata:
        rows["Took"] = f"{metadata['seconds'] / 60:.0f} minutes on {metadata['device']}"
    measured = metadata.get("measured", {})
    rows |= {
        name: f"{measured[field] * scale:.{digits}f} {unit}".strip()
        for name, field, scale, digits, unit in _MEASURED
        if measured.get(field) is not None
    }
    return rows


_MEASURED = (
    ("Understood", "recognised", 100, 0, "% of all ten digits, five presentations each"),
    ("PESQ", "pesq_nb", 1, 2, "(mean of ten digits against the recordings)"),
    ("STOI", "stoi", 1, 3, ""),
    ("Log-mel", "log_mel_db", 1, 1, "dB"),
)


def commands(
    *, word: str, seed: int, flipped: Sequence[Clip], simulation: Simulation, upsets: float
) -> tuple[tuple[str, str], ...]:
    """(what, the command that makes it), for everything on the page. upsets: mean rate, 1/s."""
    words, word = shlex.quote(in_one_text(simulation.words)), shlex.quote(word)
    return (
        ("This page, all of it", f"workbench demo --word {word} --seed {seed}"),
        ("The network", f"workbench train {DEFAULT} --preset long --seed 0 --out DIR"),
        ("Its quality", f"workbench measure {DEFAULT}"),
        ("What its classes of damage mean", f"workbench measure {DEFAULT} --classes"),
        ("Its integers and its memory", f"workbench lower {DEFAULT}"),
        *((f"The voice with {clip.title}", f"workbench replay {clip.trial}") for clip in flipped),
        (
            "The simulation under upsets, and its log",
            f"workbench heal --words {words} --upsets {upsets:g} --pages {simulation.pages_per_frame} "
            f"--seed {seed}",
        ),
        (
            "The firmware",
            f"workbench export {DEFAULT} --pages {simulation.pages_per_frame} --out DIR",
        ),
        (
            "The cores",
            f"workbench emulate {DEFAULT} --word {word} --pages {simulation.pages_per_frame} --upsets 0",
        ),
    )
