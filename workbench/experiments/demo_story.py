"""What the page tells beside sounds and figures: the checkpoint's story, and how to repeat it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.experiments.demo_record import Clip, Life


def tell_story(story: dict[str, Any]) -> dict[str, str]:
    """The checkpoint's own JSON in words; what it does not say is left out."""
    recipe = story.get("recipe", {})
    told = {
        "Generator": story.get("generator"),
        "Seed of the training": story.get("seed"),
        "Training": recipe
        and f"{recipe['float_steps']:,} steps in float, then {recipe['qat_steps']:,} steps "
        "quantisation-aware",
        "Took": "seconds" in story and f"{story['seconds'] / 60:.0f} minutes on {story['device']}",
        "Made with": "torch" in story and f"torch {story['torch']}",
        "Weights (SHA-256)": story.get("weights_sha256"),
    }
    return {name: str(words) for name, words in told.items() if words or words == 0}


def commands(
    *, word: str, seed: int, flipped: Sequence[Clip], life: Life
) -> tuple[tuple[str, str], ...]:
    """(what, the command that makes it), for everything on the page."""
    return (
        ("This page, all of it", f"workbench demo --word {word} --seed {seed}"),
        *(
            (f"The voice with {clip.title}", f"workbench flip --replay {clip.trial}")
            for clip in flipped
        ),
    )
