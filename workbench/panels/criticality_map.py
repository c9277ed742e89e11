"""The criticality map: harm by tensor and bit from a campaign, linked to the bits themselves and to their sounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench.errors import WorkbenchError, expect
from workbench.experiments.campaigns.store import open_results
from workbench.experiments.maps.cells import Cells, cells_of
from workbench.experiments.voices.voice import Voice
from workbench.panels.bit_lab import BitLab
from workbench.panels.heat_map import HeatMap


class CriticalityMap(widgets.VBox):
    """A heat map; a click on a cell lets the bit-flip lab below flip the worst bit of the cell, and colours its grid.

    voice: that the campaign hit. results: folder of a campaign of single flips. Raises WorkbenchError for results of
    another image or of other faults; later errors are shown in the lab.
    """

    def __init__(self, voice: Voice, results: Path | str) -> None:
        expect(voice, Voice, "the voice of a map", 'a Voice, as wb.load("challenge")')
        opened = open_results(results)
        if not opened.plan.model.flips_any_bit:
            raise WorkbenchError(
                f"{results} holds trials of {opened.plan.model} and a map needs bits that flip; run a campaign of flips=1"
            )
        self.cells: Cells = cells_of(opened, voice.image())
        self.map = HeatMap()
        self.lab = BitLab(voice)
        self._show()
        for place in self.cells.places:
            first = voice.image().layout.element_positions(place).reshape(-1, 1)
            harm = self.cells.by_bit[(first + np.arange(place.bits)).reshape(-1)]
            self.lab.know(place, harm)
        super().__init__([self.map, self.lab], layout=widgets.Layout(max_width="64rem"))
        self.map.observe(self._chosen, names="chosen")

    def _show(self) -> None:
        names = [f"{place.operator}.{place.tensor}" for place in self.cells.places]
        bits = range(self.cells.harm.shape[1])
        told = [[self._words(row, bit) for bit in bits] for row in range(len(names))]
        self.map.show(names, list(map(str, bits)), self.cells.harm, told)

    def _words(self, row: int, bit: int) -> str:
        """What a cell says."""
        place = self.cells.places[row]
        name = f"{place.operator}.{place.tensor} bit {bit}"
        if bit >= place.bits:
            return f"{name}: an element has {place.bits} bits"
        tried = int(self.cells.tried[row, bit])
        if not tried:
            return f"{name}: none was tried"
        return f"{name}: mean harm {100 * self.cells.harm[row, bit]:.2g} %, bits tried: {tried:,}"

    def _chosen(self, change: Any) -> None:
        if change["new"]:
            row, bit = change["new"]
            position = int(self.cells.worst[row, bit])
            self.lab.visit(self.cells.worst_utterance(position), position)
