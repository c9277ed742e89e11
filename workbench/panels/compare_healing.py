"""The panel of notebook 03: two strategies under the same faults, with sounds, wrong bits and logs.

It shows what `workbench.experiments.fleets.healed_speech` returns and decides nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from types import NoneType
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench.errors import expect
from workbench.experiments.fleets.comparison import ENVIRONMENTS, Environment, workload_of
from workbench.experiments.fleets.healed_speech import HealedSpeech, healed_speech
from workbench.experiments.fleets.workload import Workload
from workbench.experiments.maps.worst_bits import worst_weights
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.variants import (
    NAMES,
    fitting,
    strategy_variant,
    strategy_variants,
)
from workbench.panels.environments import RATES, at_rate, fault_text, title_without_rate
from workbench.panels.grid import WIDE, columns, framed
from workbench.panels.panel import Panel
from workbench.panels.player import Player
from workbench.panels.snippet import Snippet
from workbench.panels.status import Status
from workbench.panels.timeline import Timeline

_WORDS = 4
_LINES = 8
_SOFT = "color: var(--jp-ui-font-color2)"


class HealingPanel(Panel):
    """Controls, a player of both and of the clean voice, their numbers and logs, and a timeline of both.

    voice: the one that ships unless another is given. strategies: of one's own, to choose beside the
    named ones, the first of them to begin with. Raises WorkbenchError when the voice cannot be opened
    and for strategies that do not suit it; later errors are shown in the panel, in `status`.
    """

    def __init__(self, voice: Voice | None = None, strategies: Sequence[Strategy] = ()) -> None:
        expect(voice, (Voice, NoneType), "the voice of a panel", "a Voice, as open_voice()")
        self.sides = [widgets.HTML(), widgets.HTML()]
        self.player = Player()
        self.sound = framed(self.player)
        self.timeline, self.snippet = Timeline(), Snippet()
        self.timeline.follow(self.player)
        self.life = framed(self.timeline)
        self.status = Status((*self.sides, self.sound, self.life))
        # Of the weights, the worst first; looked for when an environment needs them.
        self.worst: tuple[int, ...] = ()
        self._kept = TemporaryDirectory()  # those that a stopped search has found
        with self.status.shown("opening the voice"):
            self.voice = voice or open_voice()
            self.inputs = self.voice.all_inputs()
            variants = strategy_variants(strategies, self.voice.program, self.inputs)
            self.own = {variant.strategy.name: variant.strategy for variant in variants}
            self.controls = _controls(self.voice, tuple(self.own))
            for control in self.controls.values():
                control.observe(self._changed, names="value")
            super().__init__(
                [
                    columns(list(self.controls.values())),
                    self.status,
                    self.sound,
                    columns(self.sides),
                    self.life,
                    self.snippet,
                ]
            )
            self.update()

    def update(self) -> None:
        """Simulate both and show them; an error becomes a sentence in `status`."""
        chosen = {name: control.value for name, control in self.controls.items()}
        environment = at_rate(ENVIRONMENTS[chosen["kind"]], chosen["rate"])
        self.controls["rate"].disabled = not environment.upsets_per_s
        with self.status.working(f"simulating {chosen['one']} and {chosen['two']}"):
            workload = self._workload(environment, chosen["seed"])
            results = {}
            for side, key, letter in zip(self.sides, ("one", "two"), "AB", strict=True):
                name = chosen[key]
                self.status.tell(f"simulating {name} under the faults")
                chosen_one = self.own.get(name, name)
                strategy, program = strategy_variant(chosen_one, self.voice.program, self.inputs)
                title = f"{letter}: {name}"
                results[title] = healed_speech(self.voice, workload, strategy, program)
                side.value = _side(title, results[title])
            self._listen(results)
            self.snippet.show(self.voice, self._lines(chosen))

    def _listen(self, results: dict[str, HealedSpeech]) -> None:
        """The clean voice and both beside it, and what happened to them."""
        (first, *_) = results.values()
        clean = np.concatenate([self.voice.speak(word) for word in first.script.utterances])
        sounds = {title: speech.samples for title, speech in results.items()}
        self.player.show({"clean": clean, **sounds}, self.voice.sample_rate_hz)
        starts = [start * self.voice.frame_s for start in first.script.starts]
        spoken = map(self.voice.spoken, first.script.utterances)
        self.timeline.show(
            {title: speech.result for title, speech in results.items()},
            dict(zip(starts, spoken, strict=True)),
        )

    def _lines(self, chosen: dict[str, Any]) -> list[str]:
        own = [name for name in (chosen["one"], chosen["two"]) if name in self.own]
        fault = fault_text(ENVIRONMENTS[chosen["kind"]], chosen["rate"])
        return [
            *(
                f"# {name!r}: a strategy of yours; give the object in place of its name"
                for name in own
            ),
            f"for healer in ({chosen['one']!r}, {chosen['two']!r}):",
            f"    device = wb.simulate(voice, healer, {fault!r}, utterances={_WORDS}, seed={chosen['seed']})",
            "    display(device, wb.listen(device))",
        ]

    def _workload(self, environment: Environment, seed: int) -> Workload:
        """One device in an environment."""
        if len(self.worst) < environment.adversarial:
            self.worst = self._worst_bits(environment.adversarial)
        return workload_of(environment, devices=1, utterances=_WORDS, seed=seed, worst=self.worst)

    def _worst_bits(self, count: int) -> tuple[int, ...]:
        """The bits of the weights that an attacker would choose, the worst first."""
        counting = self.status.counting("looking for the worst bits, once", count)
        return worst_weights(
            self.voice.image(),
            self.inputs,
            bits=count,
            scale=self.voice.generator.scale,
            folder=Path(self._kept.name),
            progress=counting,
        )

    def _changed(self, _: Any) -> None:
        self.update()


def _controls(voice: Voice, own: Sequence[str]) -> dict[str, widgets.Widget]:
    """The controls by name, in the order in which they are shown. own: names of the user's strategies."""
    names = [*fitting(NAMES, voice.program)]
    names += [name for name in own if name not in names]
    options = {"style": {"description_width": "8rem"}, "layout": WIDE}
    return {
        "one": widgets.Dropdown(options=names, value="none", description="Healer A", **options),
        "two": widgets.Dropdown(
            options=names, value=next(iter(own), "pq-scrub"), description="Healer B", **options
        ),
        "kind": widgets.Dropdown(
            options=[(title_without_rate(each), each.name) for each in ENVIRONMENTS.values()],
            description="Faults",
            **options,
        ),
        "rate": widgets.SelectionSlider(
            options=RATES,
            value=10,
            description="upsets a second",
            continuous_update=False,
            **options,
        ),
        "seed": widgets.IntSlider(
            min=0, max=99, description="Seed", continuous_update=False, **options
        ),
    }


def _side(name: str, speech: HealedSpeech) -> str:
    """Numbers of a sound and the first lines of the log."""
    metrics, lines = speech.metrics, speech.result.lines()
    snr = f"SNR {metrics.snr_db:.1f} dB" if metrics.snr_db < 1e9 else "every sample equal"
    shown = "".join(f"<li>{escape(line)}</li>" for line in lines[:_LINES])
    more = f"<li>and {len(lines) - _LINES:,} more</li>" if len(lines) > _LINES else ""
    said = escape(f"“{' '.join(speech.script.utterances)}”: {snr}, {metrics.in_words}")
    return (
        f'<div><b>{escape(name)}</b> <span style="{_SOFT}">{said}</span></div>'
        + f'<p role="status" class="readout" style="{_SOFT}">{len(speech.result.upsets)} upsets, '
        f"{len(lines)} log entries, wrong bits at the end: {int(speech.result.wrong_bits[-1])}</p>"
        + f'<ul style="font-size: .8rem; line-height: 1.3">{shown}{more}</ul>'
    )
