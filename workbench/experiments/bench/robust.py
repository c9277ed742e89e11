"""What bit errors do to voices: share of broken words and mean harm, beside how each sounds without faults.

To compare trainings: with bit errors, with clipped weights, with neither. Every voice meets the same rates, as trials of the
bytes of its default image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from workbench.audio.scales import BROKEN, QUALITIES, harm
from workbench.experiments.voices.quality import quality_of_voice
from workbench.experiments.voices.voice import Voice
from workbench.files import replacing
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.measured import measured

RATES = (1e-5, 1e-4, 1e-3)  # probability of each bit
# What is hit -> the condition of a plan.
PARTS = {"weights": ",section=weights", "all parameters": ""}


@dataclass(frozen=True)
class Robustness:
    """One voice.

    Attributes:
        name: Of its checkpoint.
        quality: Recognised share, 0 to 1, and PESQ-NB without faults; None where it cannot be measured.
        harm: For each of PARTS, mean harm at each of RATES, 0 to 1.
        broken: Likewise the share of trials whose word is broken.
    """

    name: str
    quality: Mapping[str, float | None]
    harm: Mapping[str, tuple[float, ...]]
    broken: Mapping[str, tuple[float, ...]]

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def robustness(
    name: str, voice: Voice, trials: int, *, say: Callable[[str], object] = lambda _: None
) -> Robustness:
    """Measure a voice.

    Args:
        name: What it is called.
        voice: Whose default image is hit.
        trials: Of each word, part and rate.
        say: Told what is being measured.
    """
    say(f"{name}: quality")
    quality = quality_of_voice(voice)
    fidelity: dict[tuple[str, float], list[np.ndarray]] = {}
    image = voice.image()
    sites = Sites(image)
    for word in voice.usual:
        say(f"{name}: {word}")
        laboratory = Laboratory(image, voice.inputs(word))
        for part, condition in PARTS.items():
            for rate in RATES:
                events = Plan.parse(f"ber={rate:g}{condition}").events(sites, np.arange(trials))
                made = measured(laboratory, events, trials, scale=voice.generator.scale)
                fidelity.setdefault((part, rate), []).append(made.fidelity_db)
    scale, worst = voice.generator.scale, QUALITIES.index(BROKEN)
    every = {key: np.concatenate(values) for key, values in fidelity.items()}
    return Robustness(
        name=name,
        quality={each: quality.value(each) for each in ("recognised", "pesq_nb")},
        harm={
            part: tuple(float(harm(every[part, rate]).mean()) for rate in RATES) for part in PARTS
        },
        broken={
            part: tuple(float((scale.quality(every[part, rate]) == worst).mean()) for rate in RATES)
            for part in PARTS
        },
    )


def draw_robustness(path: Path, rows: Sequence[Robustness]) -> None:
    """Replace the PNG file `path`: PESQ-NB without faults against harm at each rate, errors in weights alone."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    (grid,) = figure.subplots(1, len(RATES), sharey=True, squeeze=False)
    for number, (axes, rate) in enumerate(zip(grid, RATES, strict=True)):
        middle = np.mean([100 * row.harm["weights"][number] for row in rows])
        for row in rows:
            across = 100 * row.harm["weights"][number]
            up = row.quality["pesq_nb"] or 0.0
            axes.plot([across], [up], "o", color="#2f5d8a")
            side, shift = ("left", 4) if across <= middle else ("right", -4)  # within the axes
            axes.annotate(
                row.name, (across, up), (shift, 3), textcoords="offset points", fontsize=7, ha=side
            )
        axes.set_title(f"bit error rate {rate:g}", fontsize=10)
        axes.set_xlabel("mean harm, %", fontsize=9)
        axes.margins(0.25)
        axes.grid(color="0.9")
    grid[0].set_ylabel("PESQ-NB without faults", fontsize=9)
    with replacing(path) as target, target.open("wb") as file:
        figure.savefig(file, format="png", dpi=120)
