"""Trials of single flips summed up by tensor and bit of the element, each cell with its worst trial."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from workbench.audio.scales import harm
from workbench.experiments.campaigns.store import Results
from workbench.experiments.maps.criticality import COLUMNS, Criticality
from workbench.memory.image import Image
from workbench.memory.places import WORKING_SECTIONS, Place


@dataclass(frozen=True, eq=False)
class Cells:
    """Tensors of the working copy by bits of an element.

    Args:
        places: Of the tensors, a row each.
        harm: Mean over the bits that were tried, float64 [places, most bits of an element]; NaN where none was.
        tried: How many bits were, int64, likewise.
        worst: Position of the bit with most harm, int64, likewise; -1 where none was tried.
        by_bit: Mean harm of each bit of the working copy over its trials, float64; NaN for those that were not tried.
        trials: `utterance`, `position` and `harm` of every trial.
    """

    places: tuple[Place, ...]
    harm: np.ndarray
    tried: np.ndarray
    worst: np.ndarray
    by_bit: np.ndarray
    trials: pa.Table

    def worst_utterance(self, position: int) -> str:
        """The utterance to which a bit that was tried does most harm."""
        mine = self.trials.filter(pa.compute.equal(self.trials["position"], position))
        return str(mine["utterance"][int(np.argmax(mine["harm"].to_numpy()))])


def cells_of(results: Results, image: Image) -> Cells:
    """The cells of a campaign; WorkbenchError where its trials are none of single flips of this image."""
    results.check(image)
    columns = dict.fromkeys((*COLUMNS, "utterance", results.fidelity))
    table = results.table(tuple(columns))
    known = Criticality(image, table, protection=results.protection)
    by_bit = np.where(known.tried > 0, known.harm, np.nan)
    places = tuple(p for p in image.layout.places if p.section in WORKING_SECTIONS)
    shape = len(places), max(place.bits for place in places)
    mean, tried, worst = np.full(shape, np.nan), np.zeros(shape, int), np.full(shape, -1)
    for row, place in enumerate(places):
        first = image.layout.element_positions(place).reshape(-1)
        for bit in range(place.bits):
            positions = first + bit
            here = positions[known.tried[positions] > 0]
            tried[row, bit] = len(here)
            if len(here):
                mean[row, bit] = by_bit[here].mean()
                worst[row, bit] = here[np.argmax(by_bit[here])]
    damage = harm(table[results.fidelity].to_numpy())
    trials = table.select(["utterance", "position"]).append_column("harm", pa.array(damage))
    return Cells(places, mean, tried, worst, by_bit, trials)
