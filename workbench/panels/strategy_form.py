"""The form of a strategy: where to start from, its guards and monitors, its policy, its file, and what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import ipywidgets as widgets

from workbench.errors import WorkbenchError
from workbench.experiments.monitors.calibration import calibrate, monitor_kinds
from workbench.experiments.voices.voice import Voice
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.healing.strategies.strategy_file import load_strategy, save_strategy
from workbench.healing.strategies.variants import ALTERED_PROGRAMS, NAMES, fitting, strategy_variant
from workbench.integer.program import Program
from workbench.memory.watches.areas import KINDS
from workbench.panels.grid import WIDE
from workbench.panels.status import Status
from workbench.panels.strategy_parts import GuardRow, PolicyForm, plain_guard
from workbench.panels.views import failed
from workbench.progress import bars_told_to

_ROW = widgets.Layout(flex_flow="row wrap")
_AUTO = widgets.Layout(width="auto")
_START = "pq-scrub"


class StrategyForm(widgets.VBox):
    """Controls for all parts of a strategy; `made` is what they describe.

    voice: whose memory is guarded. strategies: of one's own, to start from. changed: called after every change.
    """

    def __init__(
        self, voice: Voice, strategies: Sequence[Strategy], changed: Callable[[], None]
    ) -> None:
        self.voice = voice
        self._own = {each.name: each for each in strategies}
        self.problem = ""  # why the parts do not fit, as a sentence
        self._quiet = False
        self._blank = Strategy("none")  # without parts, with what has no control
        names = [
            *self._own,
            *(n for n in fitting(NAMES, voice.program) if n not in ALTERED_PROGRAMS),
        ]
        start = next(iter(self._own), _START if _START in names else names[0])
        self.start = widgets.Dropdown(
            options=names, value=start, description="Start from", layout=_AUTO
        )
        self.title = widgets.Text(value="mine", description="Name", layout=_AUTO)
        self.part = widgets.Dropdown(
            options=list(KINDS),
            description="Part",
            tooltip="Kinds of guards and monitors",
            layout=_AUTO,
        )
        self.add_button = _button("Add", "Add a guard or monitor of this kind", self.add_part)
        self.file = widgets.Text(
            value="results/mine.toml", description="File", continuous_update=False, layout=_AUTO
        )
        self.save_button = _button("Save", "Write the strategy to the file", self.save_file)
        self.open_button = _button("Open", "Read a strategy from the file", self.open_file)
        self.guards = widgets.VBox(layout=WIDE)
        self.policy = PolicyForm(self._check)
        self.message = widgets.HTML(layout=WIDE)
        self.status = Status(())  # of a part that is added
        folded = widgets.Accordion([self.policy], titles=("Policy",))
        super().__init__(
            [
                widgets.HBox([self.start, self.title], layout=_ROW),
                self.guards,
                widgets.HBox([self.part, self.add_button, self.status], layout=_ROW),
                folded,
                widgets.HBox([self.file, self.save_button, self.open_button], layout=_ROW),
                self.message,
            ]
        )
        self._changed: Callable[[], None] = lambda: None
        self._show(self._named(start))
        self._changed = changed
        self.start.observe(lambda _: self._told(self._started), names="value")
        self.title.observe(lambda _: self._check(), names="value")

    @property
    def name(self) -> str:
        """Of the strategy."""
        return str(self.title.value)

    def made(self) -> tuple[Strategy, Program]:
        """The strategy and the program that it runs; WorkbenchError, with the reason, for what does not fit."""
        guards = tuple(row.made() for row in self.guards.children)
        strategy = self.policy.applied(replace(self._blank, name=self.name), guards)
        strategy.layout(self.voice.program)
        return strategy, self.voice.program

    def add_part(self) -> None:
        """Add a guard of the chosen kind, as the first strategy that suits the voice and has one sets it up.

        A monitor is calibrated, which says how far it is and can be stopped; then nothing is added.
        """
        code = self.part.value
        with (
            self.status.working(f"adding {code}"),
            bars_told_to(lambda words: self.status.tell(f"calibrating {code}, {words}")),
        ):
            self._add(self._example(code))
            self._check()

    def save_file(self) -> None:
        """Write the strategy to the file."""

        def write() -> None:
            strategy, _ = self.made()
            path = Path(self.file.value)
            path.parent.mkdir(parents=True, exist_ok=True)
            save_strategy(strategy, path)
            self.message.value = (
                f'<div role="status">{path} is written: every command takes it.</div>'
            )

        self._told(write)

    def open_file(self) -> None:
        """Let the form show the strategy of the file."""
        self._told(lambda: self._show(load_strategy(self.file.value)))

    def _started(self) -> None:
        self._show(self._named(self.start.value))

    def _named(self, name: str) -> Strategy:
        chosen = self._own.get(name, name)
        return strategy_variant(chosen, self.voice.program, self.voice.all_inputs())[0]

    def _example(self, code: str) -> Guard:
        if code in monitor_kinds():
            return calibrate(self.voice, code).strategy.guards[0]
        for name in self.start.options:
            for each in self._named(name).guards:
                if each.area.code == code:
                    return each
        return plain_guard(code)

    def _show(self, strategy: Strategy) -> None:
        self._quiet = True
        try:
            self.guards.children = ()
            for each in strategy.guards:
                self._add(each)
            self._blank = replace(Strategy(strategy.name), source=strategy.source)
            self.policy.show(strategy)
            named = strategy.name in NAMES
            self.title.value = f"my {strategy.name}" if named else strategy.name
        finally:
            self._quiet = False
        self._check()

    def _add(self, given: Guard) -> None:
        self.guards.children = (*self.guards.children, GuardRow(given, self._check, self._remove))

    def _remove(self, row: GuardRow) -> None:
        self.guards.children = tuple(each for each in self.guards.children if each is not row)
        self._check()

    def _check(self) -> None:
        """Say what does not fit, or nothing."""
        if self._quiet:
            return
        self.problem = self._told(self.made)
        self._changed()

    def _told(self, act: Callable[[], object]) -> str:
        """Do something; what goes wrong is shown as a sentence and returned, "" for nothing."""
        self.message.value = ""
        try:
            act()
        except (WorkbenchError, OSError) as error:
            self.message.value = failed(str(error))
            return str(error)
        return ""


def _button(text: str, tip: str, act: Callable[[], None]) -> widgets.Button:
    made = widgets.Button(description=text, tooltip=tip, layout=_AUTO)
    made.on_click(lambda _: act())
    return made
