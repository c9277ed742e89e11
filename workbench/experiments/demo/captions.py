"""Texts of the page beside sounds and figures: the checkpoint's metadata, and the commands that repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from workbench.errors import WorkbenchError
from workbench.experiments.demo.record import Clip, Simulation
from workbench.experiments.voices.voice import Voice
from workbench.experiments.voices.word_lists import in_one_text
from workbench.files import as_argument
from workbench.generators.generator_registry import DEFAULT

CLASSES = "What its classes of damage mean"  # to listeners


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
    ("Understood", "recognised", 100, 0, "% of all utterances, five presentations each"),
    ("PESQ", "pesq_nb", 1, 2, "(mean against the recordings)"),
    ("STOI", "stoi", 1, 3, ""),
    ("Log-mel", "log_mel_db", 1, 1, "dB"),
)


def demo_command(voice: Voice, word: str, seed: int) -> str:
    """The command that makes the page."""
    return f"workbench demo{_which(voice)} --word {shlex.quote(word)} --seed {seed}"


def commands(
    voice: Voice,
    *,
    word: str,
    seed: int,
    flipped: Sequence[Clip],
    simulation: Simulation,
    upsets: float,
) -> tuple[tuple[str, str], ...]:
    """(what, the command that makes it), for everything on the page. upsets: mean rate, 1/s."""
    words, said = shlex.quote(in_one_text(simulation.words)), shlex.quote(word)
    which, from_folder = _which(voice), _folder(voice)
    name = voice.generator.name + from_folder
    pages = f"--pages {simulation.pages_per_frame}"
    classes = ((CLASSES, f"workbench measure {name} --classes"),)
    return (
        ("This page, all of it", demo_command(voice, word, seed)),
        ("The network", f"workbench train {voice.generator.name}{_training(voice)} --out DIR"),
        ("Its quality", f"workbench measure {name}"),
        *(classes if voice.generator.spoken_language else ()),
        ("Its integers and its memory", f"workbench lower {name}"),
        *(
            (f"The voice with {clip.title}", f"workbench replay {clip.trial}{from_folder}")
            for clip in flipped
        ),
        (
            "The simulation under upsets, and its log",
            f"workbench heal{which} --words {words} --upsets {upsets:g} {pages} --seed {seed}",
        ),
        ("The firmware", f"workbench export {name} {pages} --out DIR"),
        ("The cores", f"workbench emulate {name} --word {said} {pages} --upsets 0"),
    )


def _which(voice: Voice) -> str:
    """The generator as arguments, "" for what a command takes without any."""
    folder = _folder(voice)
    return f" {voice.generator.name}{folder}" if folder or voice.generator.name != DEFAULT else ""


def _folder(voice: Voice) -> str:
    """Its checkpoint as an option, "" for the one that ships."""
    try:
        shipped = voice.folder == voice.generator.checkpoint()
    except WorkbenchError:
        shipped = voice.folder is None
    return "" if shipped else f" --checkpoint {shlex.quote(as_argument(voice.folder or ''))}"


def _training(voice: Voice) -> str:
    """Preset and seed that it was trained with, as options, as far as they are known."""
    recipe = voice.metadata.get("recipe", {})
    presets = {
        name: {key: value for key, value in asdict(each).items() if key in recipe}
        for name, each in voice.generator.presets.items()
    }
    preset = next((name for name, fields in presets.items() if recipe and fields == recipe), None)
    seed = voice.metadata.get("seed")
    return (f" --preset {preset}" if preset else "") + ("" if seed is None else f" --seed {seed}")
