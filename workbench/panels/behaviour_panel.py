"""The panel of notebook 05: a device under a monitor of behaviour, its scores and its log along the sound.

It shows what `workbench.experiments.monitors.watched` returns for a calibrated monitor, and decides nothing itself.
"""

from __future__ import annotations

from dataclasses import replace
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from types import NoneType
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench.errors import expect
from workbench.experiments.fleets.comparison import workload_of
from workbench.experiments.fleets.environments import environments_of
from workbench.experiments.maps.worst_bits import worst_weights
from workbench.experiments.monitors.calibration import (
    Calibration,
    calibrate,
    monitor_kinds,
    windowed_kinds,
)
from workbench.experiments.monitors.watched import WatchedSpeech, watched_speech
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.healing.log import in_words
from workbench.panels.grid import WIDE, columns, framed
from workbench.panels.monitor_plot import histogram_html, sums_html
from workbench.panels.panel import Panel
from workbench.panels.player import Player
from workbench.panels.snippet import Snippet
from workbench.panels.status import Status
from workbench.panels.timeline import Timeline
from workbench.panels.voices import VoiceChoice, utterance_control
from workbench.progress import bars_told_to

_OPTIONS: dict[str, Any] = {"style": {"description_width": "8rem"}, "layout": WIDE}
_FRAMES = 40_000  # to learn from: seconds, and enough for the rarest alarms that are offered
_MEANS = {
    "10³": 1_000,
    "10⁴": 10_000,
    "10⁵": 100_000,
    "10⁶": 1_000_000,
}  # wanted frames between two false alarms
_AGAIN = (100, 250, 1000, 4000)  # frames
_WINDOWS = (4, 8, 16, 32, 64, 128)  # frames
_WORDS, _SENTENCES = 4, 2
_LINES = 12
_SOFT = "color: var(--jp-ui-font-color2)"
_WORST = "worst"
# What `wb.watch` takes for it, by title.
INJECTIONS = {
    "nothing": "flips=0",
    "a random bit flips": "flips=1",
    "the worst bit of a weight flips": _WORST,
    "a code flips in passing": "flips=1,section=activations",
    "other data": "drift",
    "inputs that stall": "stalled",
}
_NOTHING = INJECTIONS["nothing"]


class BehaviourPanel(Panel):
    """Controls of a monitor and of what happens, a player, scores and findings along the sound, and the log in words.

    voice: the one that ships unless another is given; others that ship can be chosen in the panel. Raises WorkbenchError
    when it cannot be opened; later errors are shown in the panel, in `status`.

    Attributes:
        watched: What is shown: the device, its log, and what its monitor made of each frame.
        moment: The frame that is marked.
    """

    watched: WatchedSpeech

    def __init__(self, voice: Voice | None = None) -> None:
        expect(voice, (Voice, NoneType), "the voice of a panel", "a Voice, as open_voice()")
        self.player, self.timeline, self.snippet = Player(), Timeline(), Snippet()
        self.sound, self.life = framed(self.player), framed(self.timeline)
        self.sums, self.histogram = widgets.HTML(layout=WIDE), widgets.HTML(layout=WIDE)
        self.entries = widgets.HTML(layout=WIDE)
        self.status = Status((self.sound, self.sums, self.life, self.histogram, self.entries))
        self.moment = 0
        self._calibrated: dict[tuple[Voice, str, float, int | None], Calibration] = {}
        self._worst: dict[Voice, int] = {}
        self._kept = TemporaryDirectory()  # what a stopped search has found
        with self.status.shown("opening the voice"):
            self.choice = VoiceChoice(voice or open_voice(), **_OPTIONS)
            self.choice.follow(self.status.working, self._offer_controls, self.update)
            self.settings = columns([], "18rem")
            self._offer_controls()
            self.timeline.follow(self.player)
            self.timeline.observe(self._cued, names="cue")
            super().__init__(
                [
                    self.settings,
                    self.status,
                    self.sound,
                    self.sums,
                    self.life,
                    self.histogram,
                    self.entries,
                    self.snippet,
                ]
            )
            self.update()

    @property
    def voice(self) -> Voice:
        """The one that speaks."""
        return self.choice.voice

    def update(self) -> None:
        """Calibrate where that is to be done, simulate and show; what goes wrong becomes a sentence in `status`."""
        chosen = {name: control.value for name, control in self.controls.items()}
        self.controls["window"].disabled = chosen["monitor"] not in windowed_kinds()
        with self.status.working(f"calibrating {chosen['monitor']}"):
            monitor = self._monitor(chosen)
            fault = self._fault(chosen["what"])
            self.status.tell("simulating the device")
            words, say = self._said(chosen)
            (environment,) = environments_of([fault])
            workload = workload_of(environment, devices=1, utterances=words, seed=chosen["seed"])
            start = round(chosen["start"] / self.voice.frame_s)
            self.watched = watched_speech(
                self.voice, workload, monitor.strategy, say=say, start=start
            )
            alarms = self.watched.traces[0].alarms
            self.moment = int(alarms[0]) if len(alarms) else start
            self._show()
            self.snippet.show(self.voice, self._lines(chosen, fault))

    def _monitor(self, chosen: dict[str, Any]) -> Calibration:
        """Calibrated when it is first asked for, with what comes of a second alarm as the controls have it."""
        window = _window(chosen)
        key = self.voice, chosen["monitor"], chosen["mean"], window
        if key not in self._calibrated:
            with bars_told_to(lambda words: self.status.tell(f"{chosen['monitor']}, {words}")):
                self._calibrated[key] = calibrate(
                    self.voice,
                    chosen["monitor"],
                    mean_frames=chosen["mean"],
                    frames=_FRAMES,
                    window=window,
                )
        made = self._calibrated[key]
        return replace(made, area=replace(made.area, again=chosen["again"]))

    def _fault(self, fault: str) -> str:
        """With the name of the worst bit, which is looked for when it is first asked for."""
        if fault != _WORST:
            return fault
        if self.voice not in self._worst:
            (self._worst[self.voice],) = worst_weights(
                self.voice.image(), self.voice.all_inputs(), bits=1,
                scale=self.voice.generator.scale, folder=Path(self._kept.name),
                progress=self.status.counting("looking for the worst bit, once", 1),
            )  # fmt: skip
        return f"bits={self._worst[self.voice]}"

    def _said(self, chosen: dict[str, Any]) -> tuple[int, tuple[str, ...]]:
        """How many utterances, and of which."""
        if "text" not in chosen:
            return _WORDS, ()
        return _SENTENCES, (self.voice.utterance(chosen["text"]),)

    def _show(self) -> None:
        watched, frame_s = self.watched, self.voice.frame_s
        said = watched.script
        clean = np.concatenate([self.voice.speak(each) for each in said.utterances])
        sounds = {"clean": clean, "watched": watched.samples}
        self.player.show(sounds, self.voice.sample_rate_hz)
        spoken = [self.voice.spoken(each) for each in said.utterances]
        starts = [each * frame_s for each in said.starts]
        words = dict(zip(starts, spoken, strict=True))
        self.timeline.show({"device": watched.result}, words)
        self._mark()
        entries = [
            each.describe(watched.result.image.layout, frame_s=frame_s)
            for each in watched.result.log
        ]
        rows = "".join(
            "<tr>"
            f"<td>{described['time_s']:.2f} s</td>"
            f"<td>{escape(', '.join(described['tensors'][:2]) or described['area'])}</td>"
            f"<td>{in_words(entry.diagnosis)}</td><td>{in_words(entry.remedy)}</td>"
            f"<td>{in_words(entry.verdict)}</td></tr>"
            for described, entry in list(zip(entries, watched.result.log, strict=True))[:_LINES]
        )
        more = f"<p>and {len(entries) - _LINES:,} more</p>" if len(entries) > _LINES else ""
        head = "".join(
            f'<th scope="col" style="text-align: left">{each}</th>'
            for each in ("when", "where", "diagnosis", "remedy", "outcome")
        )
        table = f'<table style="border-spacing: .5rem .2rem; font-size: .85rem; line-height: 1.3"><tr>{head}</tr>{rows}</table>{more}'
        self.entries.value = (
            f'<p role="status" class="outcome"><b>It sounds {escape(watched.metrics.in_words)}</b> '
            f'<span style="{_SOFT}">wrong bits at the end: {int(watched.result.wrong_bits[-1])}</span></p>'
            f"<b>The healer wrote down</b>{table if entries else '<p>nothing</p>'}"
        )

    def _mark(self) -> None:
        """Draw what depends on the marked moment."""
        (trace,), frame_s = self.watched.traces, self.voice.frame_s
        nothing = self.controls["what"].value == _NOTHING
        start = None if nothing else self.watched.start
        self.sums.value = sums_html(trace, frame_s=frame_s, start=start, now=self.moment)
        self.histogram.value = histogram_html(trace, self.moment, frame_s)

    def _lines(self, chosen: dict[str, Any], fault: str) -> list[str]:
        words, say = self._said(chosen)
        texts = f", say={list(say)!r}" if say else ""
        window = _window(chosen)
        windowed = "" if window is None else f", window={window}"
        return [
            f"monitor = wb.calibrate(voice, {chosen['monitor']!r}, mean_frames={chosen['mean']:_}, "
            f"frames={_FRAMES:_}, again={chosen['again']}{windowed})",
            f"device = wb.watch(voice, monitor, {fault!r}, start_s={chosen['start']:g}, "
            f"utterances={words}{texts}, seed={chosen['seed']})",
            "display(device, device.traces[0].alarms, wb.listen(device))",
        ]

    def _offer_controls(self) -> None:
        self.controls = self.choice.offer(self.settings, _controls(self.voice), self.update)

    def _cued(self, change: Any) -> None:
        seconds = change["new"][0]
        last = len(self.watched.result.wrong_bits) - 1
        self.moment = min(max(int(seconds / self.voice.frame_s), 0), last)
        self._mark()


def _window(chosen: dict[str, Any]) -> int | None:
    """None for monitors without one, and as many frames as is usual."""
    return (chosen["window"] or None) if chosen["monitor"] in windowed_kinds() else None


def _controls(voice: Voice) -> dict[str, widgets.Widget]:
    """The controls by name, in the order in which they are shown."""
    text = {"text": utterance_control(voice, **_OPTIONS)} if voice.generator.says_any_text else {}

    def slider(title: str, options: list[tuple[str, Any]], value: float) -> widgets.SelectionSlider:
        return widgets.SelectionSlider(
            options=options, value=value, description=title, continuous_update=False, **_OPTIONS
        )

    return {
        **text,
        "monitor": widgets.Dropdown(
            options=monitor_kinds(voice.program), value="hidden-markers", description="Monitor", **_OPTIONS
        ),
        "mean": slider(
            "false alarms apart", [(f"{name} frames", each) for name, each in _MEANS.items()], 1_000_000
        ),
        "window": slider(
            "window", [("usual", 0), *((f"{each} frames", each) for each in _WINDOWS)], 0
        ),
        "again": slider("repetition within", [(f"{each:,} frames", each) for each in _AGAIN], 1000),
        "what": widgets.Dropdown(
            options=list(INJECTIONS.items()), value=INJECTIONS["a code flips in passing"],
            description="What happens", **_OPTIONS,
        ),
        "start": widgets.FloatSlider(
            value=1.0, min=0, max=3, step=0.1, description="at, s", continuous_update=False,
            **_OPTIONS,
        ),
        "seed": widgets.IntSlider(
            min=0, max=99, description="Seed", continuous_update=False, **_OPTIONS
        ),
    }  # fmt: skip
