"""The strategy bench: compose a healer from parts, let devices live with it, hear it, and see what it buys and costs.

It shows what `healed_speech` and a comparison return for the strategy that the controls describe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from types import NoneType
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench.errors import WorkbenchError, expect
from workbench.experiments.fleets.comparison import (
    ENVIRONMENTS,
    Case,
    Environment,
    records_of,
    with_cost,
    workload_of,
)
from workbench.experiments.fleets.device_costs import device_costs
from workbench.experiments.fleets.healed_speech import HealedSpeech, healed_speech
from workbench.experiments.maps.worst_bits import worst_weights
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.variants import StrategyVariant
from workbench.panels.environments import RATES, at_rate, fault_text, title_without_rate
from workbench.panels.grid import WIDE, columns, framed
from workbench.panels.panel import Panel
from workbench.panels.pareto import COSTS, pareto_html
from workbench.panels.player import Player
from workbench.panels.snippet import Snippet
from workbench.panels.status import Status
from workbench.panels.strategy_code import strategy_lines
from workbench.panels.strategy_form import StrategyForm
from workbench.panels.timeline import Timeline

_OPTIONS: dict[str, Any] = {"style": {"description_width": "8rem"}, "layout": WIDE}
_LINES = 8


@dataclass(frozen=True)
class _Setting:
    """What strategies that stand in one picture have in common."""

    environment: Environment
    devices: int
    words: int
    seed: int


class StrategyBench(Panel):
    """A form for a strategy, a run of it beside a device without a healer, and all runs so far in one picture.

    voice: the one that ships unless another is given. strategies: of one's own, to start from beside the named ones.
    Raises WorkbenchError when the voice cannot be opened; later errors are shown in the panel, in `status`.
    """

    def __init__(self, voice: Voice | None = None, strategies: Sequence[Strategy] = ()) -> None:
        expect(voice, (Voice, NoneType), "the voice of a panel", "a Voice, as open_voice()")
        self.player, self.timeline, self.snippet = Player(), Timeline(), Snippet()
        self.numbers, self.entries = widgets.HTML(layout=WIDE), widgets.HTML(layout=WIDE)
        self.plot = widgets.HTML(layout=WIDE)
        self.sound, self.life = framed(self.player), framed(self.timeline)
        self.status = Status(
            (self.numbers, self.sound, self.life, self.entries), go_on="press Run to begin anew"
        )
        self._runs: dict[_Setting, dict[str, dict[str, Any]]] = {}  # records by strategy
        self._worst: tuple[int, ...] = ()
        self._kept = TemporaryDirectory()  # worst bits that a stopped search has found
        expect(strategies, (list, tuple), "what a panel offers", "a list of Strategy")
        for each in strategies:
            expect(
                each,
                Strategy,
                "a strategy of this panel",
                'a Strategy, as wb.load_strategy("mine.toml")',
            )
        with self.status.shown("opening the voice"):
            self.voice = voice or open_voice()
            self.inputs = self.voice.all_inputs()
            self.form = StrategyForm(self.voice, strategies, self._composed)
            self.controls = _controls()
            self.controls["kind"].observe(self._other_setting, names="value")
            for name in ("rate", "devices", "words", "seed", "cost"):
                self.controls[name].observe(self._other_setting, names="value")
            self.run_button = widgets.Button(
                description="Run",
                button_style="primary",
                tooltip="Simulate devices with this strategy",
            )
            self.run_button.on_click(lambda _: self.run())
            self.timeline.follow(self.player)
            super().__init__(
                [
                    self.form,
                    columns(list(self.controls.values()), "18rem"),
                    self.run_button,
                    self.status,
                    self.numbers,
                    self.sound,
                    self.life,
                    self.entries,
                    self.plot,
                    self.snippet,
                ]
            )
            self._composed()
            self.run()

    def run(self) -> None:
        """Simulate one device to be heard and a fleet to be counted; what goes wrong becomes a sentence."""
        chosen = {name: control.value for name, control in self.controls.items()}
        with self.status.working(f"simulating {self.form.name}"):
            strategy, program = self.form.made()
            setting = self._setting()
            worst = self._worst_bits(setting.environment.adversarial)
            speeches = {}
            for title, each, runs in (
                ("no healer", Strategy("none"), self.voice.program),
                (strategy.name, strategy, program),
            ):
                self.status.tell(f"simulating a device: {title}")
                workload = workload_of(
                    setting.environment, devices=1, utterances=setting.words, seed=setting.seed,
                    worst=worst,
                )  # fmt: skip
                speeches[title] = healed_speech(self.voice, workload, each, runs)
            self._hear(speeches)
            self._count(setting, StrategyVariant(strategy.name, strategy, program), worst)
            if chosen["costs"]:
                self._measure(setting, StrategyVariant(strategy.name, strategy, program))
            self._draw()
        self._show_code()

    def _hear(self, speeches: dict[str, HealedSpeech]) -> None:
        """Sounds, what happened along them, and what the healer wrote down."""
        *_, (name, last) = speeches.items()
        said, rate = last.script, self.voice.sample_rate_hz
        clean = np.concatenate([self.voice.speak(word) for word in said.utterances])
        sounds = {title: speech.samples for title, speech in speeches.items()}
        self.player.show({"clean": clean, **sounds}, rate)
        frame_s = self.voice.frame_s
        starts = [start * frame_s for start in said.starts]
        spoken = map(self.voice.spoken, said.utterances)
        self.timeline.show(
            {title: speech.result for title, speech in speeches.items()},
            dict(zip(starts, spoken, strict=True)),
        )
        self.numbers.value = "".join(
            f'<p role="status" class="outcome" style="margin: .2rem 0"><b>{escape(title)}</b>: '
            f"{escape(speech.metrics.in_words)}, wrong bits at the end: {int(speech.result.wrong_bits[-1])}</p>"
            for title, speech in speeches.items()
        )
        lines = last.result.lines()
        more = f"<li>and {len(lines) - _LINES:,} more</li>" if len(lines) > _LINES else ""
        shown = "".join(f"<li>{escape(line)}</li>" for line in lines[:_LINES])
        listed = (
            f"<ul style='margin: .2rem 0; line-height: 1.3'>{shown}{more}</ul>"
            if lines
            else "<p>nothing</p>"
        )
        self.entries.value = f"<b>{escape(name)} wrote down</b>{listed}"

    def _count(self, setting: _Setting, variant: StrategyVariant, worst: tuple[int, ...]) -> None:
        """Add the figures of a fleet under the strategy, and once of one without."""
        runs = self._runs.setdefault(setting, {})
        none = StrategyVariant("none", Strategy("none"), self.voice.program)
        variants = [variant] if "none" in runs else [none, variant]
        workload = workload_of(
            setting.environment, devices=setting.devices, utterances=setting.words,
            seed=setting.seed, worst=worst,
        )  # fmt: skip
        scale = self.voice.generator.scale
        cases = [
            Case(each.program, each.strategy, setting.environment, workload, scale)
            for each in variants
        ]
        step = self.status.counting("simulating a fleet", setting.devices * len(cases))

        def done(devices: int) -> None:
            for _ in range(devices):
                step(None)

        with Workers(1) as workers:
            for number, record in records_of(None, self.inputs, cases, workers, progress=done):
                if isinstance(record, Exception):
                    raise record
                runs[variants[number].strategy.name] = record

    def _measure(self, setting: _Setting, variant: StrategyVariant) -> None:
        """Add what the strategy costs on an emulated core; WorkbenchError where that cannot be told."""
        self.status.tell(f"measuring {variant.strategy.name} on an emulated Cortex-M4")
        *_, last = self.inputs.values()
        cost = device_costs([variant], self.voice.program, last, jobs=1)[variant.strategy.name]
        if isinstance(cost, str):
            raise WorkbenchError(f"the costs on a device could not be measured: {cost}")
        runs = self._runs[setting]
        runs[variant.strategy.name] = with_cost(runs[variant.strategy.name], cost)

    def _setting(self) -> _Setting:
        chosen = {name: control.value for name, control in self.controls.items()}
        environment = at_rate(ENVIRONMENTS[chosen["kind"]], chosen["rate"])
        return _Setting(environment, chosen["devices"], chosen["words"], chosen["seed"])

    def _worst_bits(self, count: int) -> tuple[int, ...]:
        """The bits of the weights that an attacker would choose; looked for when first needed."""
        if len(self._worst) < count:
            self._worst = worst_weights(
                self.voice.image(), self.inputs, bits=count, scale=self.voice.generator.scale,
                folder=Path(self._kept.name),
                progress=self.status.counting("looking for the worst bits, once", count),
            )  # fmt: skip
        return self._worst

    def _draw(self) -> None:
        records = self._runs.get(self._setting(), {})
        self.plot.value = pareto_html(list(records.values()), self.controls["cost"].value)

    def _other_setting(self, _: Any) -> None:
        environment = ENVIRONMENTS[self.controls["kind"].value]
        self.controls["rate"].disabled = not environment.upsets_per_s
        self._draw()
        self._show_code()

    def _composed(self) -> None:
        """The form has changed."""
        self.run_button.disabled = bool(self.form.problem)
        self._show_code()

    def _show_code(self) -> None:
        if self.form.problem:
            return
        strategy, _ = self.form.made()
        setting = self._setting()
        fault = fault_text(ENVIRONMENTS[setting.environment.name], self.controls["rate"].value)
        amount = f"utterances={setting.words}, seed={setting.seed}"
        self.snippet.show(
            self.voice,
            [
                *strategy_lines(strategy),
                f"device = wb.simulate(voice, mine, {fault!r}, {amount})",
                f"table = wb.compare(voice, ['none', mine], {fault!r}, devices={setting.devices}, {amount}, jobs=1)",
                "display(wb.listen(device), table)",
            ],
        )


def _controls() -> dict[str, widgets.Widget]:
    """The controls of a run by name, in the order in which they are shown."""
    first = next(iter(ENVIRONMENTS))

    def count(title: str, value: int, most: int) -> widgets.BoundedIntText:
        return widgets.BoundedIntText(value=value, min=1, max=most, description=title, **_OPTIONS)

    return {
        "kind": widgets.Dropdown(
            options=[(title_without_rate(each), each.name) for each in ENVIRONMENTS.values()],
            value=first, description="Faults", **_OPTIONS,
        ),
        "rate": widgets.SelectionSlider(
            options=RATES, value=10, description="upsets a second", continuous_update=False,
            **_OPTIONS,
        ),
        "words": count("Utterances", 4, 100),
        "devices": count("Devices", 10, 10_000),
        "seed": widgets.BoundedIntText(value=0, min=0, max=10**9, description="Seed", **_OPTIONS),
        "cost": widgets.Dropdown(options=list(COSTS), description="Cost", **_OPTIONS),
        "costs": widgets.Checkbox(
            value=False, description="measure instructions (emulated Cortex-M4)", indent=False,
            layout=WIDE,
        ),
    }  # fmt: skip
