"""Coverage and cost of stratified estimates, against the exhaustive truth of one word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from workbench.audio.scales import BROKEN, BY_SNR, Scale
from workbench.experiments.estimates.share_of_harm import worst_fidelity_db
from workbench.experiments.estimates.strata import strata_of
from workbench.experiments.estimates.stratified import estimate, uniform_trials
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory

CLASSES = (BROKEN, "degraded or worse")  # whose shares are estimated
HALF_WIDTHS = (0.001, 0.0005, 0.00025)


@dataclass(frozen=True)
class Row:
    """Many estimates of one class at one width.

    share: the truth. covered: share of the 95 % intervals that hold it. bias: of the mean estimate,
    relative. tried: mean trials, pilots included. uniform: how many trials uniform sampling takes.
    """

    quality: str
    half_width: float
    share: float
    covered: float
    bias: float
    tried: float
    uniform: int

    @property
    def saving(self) -> float:
        """Trials of uniform sampling for each one made."""
        return self.uniform / self.tried

    def as_json(self) -> dict[str, Any]:
        """All fields and the saving."""
        return {**asdict(self), "saving": self.saving}


def bench_estimate(
    image: Image,
    inputs: Mapping[str, np.ndarray],
    *,
    repeats: int,
    scale: Scale = BY_SNR,
    half_widths: tuple[float, ...] = HALF_WIDTHS,
    step: Callable[[str, Callable[[], Row]], Row] = lambda name, make: make(),
) -> list[Row]:
    """Flip every bit of the working copy once, then estimate `repeats` times from that truth.

    scale: that classes go by. step: gets the name of each row and what makes it; for progress, and to keep rows.
    """
    candidates = image.layout.positions()
    truth = worst_fidelity_db({"": Laboratory(image, inputs)}, candidates, scale=scale)
    _, acceptable, degraded = scale.limits
    limits = dict(zip(CLASSES, (degraded, acceptable), strict=True))
    strata = strata_of(Sites(image), candidates)

    def look_up(positions: np.ndarray) -> np.ndarray:
        return truth[np.searchsorted(candidates, positions)]

    def row(quality: str, width: float) -> Row:
        limit = limits[quality]
        share = float(np.mean(truth < limit))
        estimates = [
            estimate(strata, look_up, below=limit, half_width=width, seed=seed)
            for seed in range(repeats)
        ]
        covered = [each.interval.low <= share <= each.interval.high for each in estimates]
        mean = float(np.mean([each.share for each in estimates]))
        return Row(
            quality,
            width,
            share,
            float(np.mean(covered)),
            mean / share - 1 if share else 0.0,
            float(np.mean([each.cost for each in estimates])),
            uniform_trials(share, width),
        )

    return [
        step(f"{repeats} estimates of {quality} to +-{width:g}", partial(row, quality, width))
        for quality in CLASSES
        for width in half_widths
    ]
