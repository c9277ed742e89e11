"""All panels in tabs, as the page of `make app`; each is made when its tab is first chosen."""

from __future__ import annotations

from collections.abc import Callable
from types import NoneType

import ipywidgets as widgets

from workbench.errors import expect
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.healing.strategies.strategy import Strategy
from workbench.panels.behaviour_panel import BehaviourPanel
from workbench.panels.bit_lab import BitLab
from workbench.panels.firmware import FirmwarePanel
from workbench.panels.measured_map import measured_map
from workbench.panels.notebook_files import results_folder
from workbench.panels.status import Status, made_in
from workbench.panels.strategy_bench import StrategyBench
from workbench.panels.training_monitor import TrainingMonitor
from workbench.panels.versions_panel import VersionsPanel


class App(widgets.Tab):
    """Every panel for one voice; the firmware's offers the strategy that was composed in the bench.

    Args:
        voice: The one that ships unless another is given.

    Raises:
        WorkbenchError: The voice cannot be opened; later errors are shown in the panels.
    """

    def __init__(self, voice: Voice | None = None) -> None:
        expect(voice, (Voice, NoneType), "the voice of a panel", "a Voice, as open_voice()")
        self.voice = voice or open_voice()
        self.panels: dict[str, widgets.Widget] = {}  # that were made, by title
        self._composed: Strategy | None = None  # that the firmware's panel offers
        self._makers: dict[str, Callable[[], widgets.Widget]] = {
            "Flip bits": lambda: BitLab(self.voice),
            "Healer": lambda: StrategyBench(self.voice),
            "Firmware": self._firmware,
            "Critical bits": lambda: measured_map(self.voice, results_folder("critical_bits")),
            "Behaviour": lambda: BehaviourPanel(self.voice),
            "Versions": lambda: VersionsPanel(self.voice),
            "Train": lambda: TrainingMonitor(
                self.voice.generator.name, results_folder("own_voice"), steps=(300, 100)
            ),
        }
        places = [widgets.VBox() for _ in self._makers]
        super().__init__(places, titles=tuple(self._makers), selected_index=0)
        self.observe(lambda _: self.make_chosen(), names="selected_index")
        self.make_chosen()

    @property
    def title(self) -> str:
        """Of the chosen tab."""
        return list(self._makers)[self.selected_index or 0]

    def make_chosen(self) -> None:
        """Make the panel of the chosen tab where it is not there; what goes wrong becomes a sentence in the tab."""
        title = self.title
        if title == "Firmware" and self._strategy() != self._composed:
            self.panels.pop(title, None)
        if title in self.panels:
            return
        place, status = self.children[self.selected_index], Status(())
        with status.working(f"opening “{title}”"), made_in(place):
            self.panels[title] = self._makers[title]()
        place.children = (self.panels.get(title, status),)

    def _firmware(self) -> FirmwarePanel:
        self._composed = self._strategy()
        return FirmwarePanel(self.voice, [self._composed] if self._composed else [])

    def _strategy(self) -> Strategy | None:
        """That the bench has, None where there is no bench yet or its parts do not fit."""
        bench = self.panels.get("Healer")
        if not isinstance(bench, StrategyBench) or bench.form.problem:
            return None
        return bench.form.made()[0]
