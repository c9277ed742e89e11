"""The panel of notebook 01: flip bits of a voice's memory, and hear and see the change of a word.

It shows what `workbench.experiments.voices.faulty_speech.hear` returns and decides nothing itself.
"""

from __future__ import annotations

from types import NoneType
from typing import Any

import ipywidgets as widgets

from workbench.errors import expect
from workbench.experiments.voices.faulty_speech import Heard, hear
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.memory.faults.bits import Flips
from workbench.memory.faults.plan import Plan
from workbench.memory.places import WORKING_SECTIONS
from workbench.panels.names import PANEL, named_handles
from workbench.panels.status import Status
from workbench.panels.views import readout, site_list, sound

FLIPS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
PAGES_PER_FRAME = {f"{pages} pages a frame" if pages else "none": pages for pages in (0, 8, 16, 64)}
_ANY = "any"
_BITS = 32  # the widest element of the working copy, a bias
_WIDE = widgets.Layout(width="auto")


class FlipPanel(widgets.VBox):
    """Controls, the word before and after with its numbers, and the names of the flipped bits.

    voice: the one that ships unless another is given, opened once. Raises WorkbenchError when it
    cannot be opened; later errors are shown in the panel, in `status`.
    """

    def __init__(self, voice: Voice | None = None) -> None:
        expect(voice, (Voice, NoneType), "the voice of a panel", "a Voice, as open_voice()")
        self.numbers = widgets.HTML(layout=_WIDE)
        self.before, self.after = widgets.HTML(), widgets.HTML()
        self.sites = widgets.HTML(layout=_WIDE)
        self.status = Status((self.numbers, self.before, self.after, self.sites))
        with self.status.shown("opening the voice"):
            self.voice = voice or open_voice()
            self.controls = _controls(self.voice)
            for control in self.controls.values():
                control.observe(self._changed, names="value")
            super().__init__(
                [
                    _grid(list(self.controls.values()), "17rem"),
                    self.status,
                    self.numbers,
                    _grid([self.before, self.after], "20rem"),
                    self.sites,
                    named_handles(),
                ],
                layout=widgets.Layout(max_width="64rem"),
            )
            self.add_class(PANEL)
            self.update()

    def plan(self) -> Plan:
        """The flips that the controls ask for."""
        chosen = {name: control.value for name, control in self.controls.items()}
        return Plan(
            model=Flips(chosen["flips"]),
            seed=chosen["seed"],
            sections=_only(chosen["section"]),
            operators=_only(chosen["operator"]),
            bits=_only(chosen["bit"]),
        )

    def update(self) -> None:
        """Speak the word again and show it; what goes wrong becomes a sentence in `status`."""
        word, pages = self.controls["word"].value, self.controls["healer"].value
        with self.status.working(f"speaking “{self.voice.spoken(word)}” from flipped memory"):
            self._show(word, hear(self.voice, word, self.plan(), pages_per_frame=pages))

    def _show(self, word: str, heard: Heard) -> None:
        spoken, rate = self.voice.spoken(word), self.voice.sample_rate_hz
        self.numbers.value = readout(heard)
        self.before.value = sound("Before", f"“{spoken}”, no flips", heard.before, rate)
        self.after.value = sound("After", f"“{spoken}”, flipped bits", heard.after, rate)
        self.sites.value = site_list(heard.sites, heard.trial)

    def _changed(self, _: Any) -> None:
        self.update()


def _controls(voice: Voice) -> dict[str, widgets.Widget]:
    """The controls by name, in the order in which they are shown."""
    layout = voice.image().layout
    sections = [name for name in WORKING_SECTIONS if layout.sections[name].size_bytes]
    operators = dict.fromkeys(
        place.operator for place in layout.places if place.section in WORKING_SECTIONS
    )
    options = {"style": {"description_width": "5.5rem"}, "layout": _WIDE}
    return {
        "word": _words(voice, options),
        "flips": widgets.SelectionSlider(
            options=FLIPS, value=10, description="Flips", continuous_update=False, **options
        ),
        "section": widgets.Dropdown(options=[_ANY, *sections], description="Section", **options),
        "operator": widgets.Dropdown(options=[_ANY, *operators], description="Operator", **options),
        "bit": widgets.SelectionSlider(
            options=[_ANY, *range(_BITS)],
            value=_ANY,
            description="Bit",
            continuous_update=False,
            **options,
        ),
        "seed": widgets.IntSlider(
            min=0, max=99, description="Seed", continuous_update=False, **options
        ),
        "healer": widgets.Dropdown(
            options=PAGES_PER_FRAME.items(), description="Healer", **options
        ),
    }


def _words(voice: Voice, options: dict[str, Any]) -> widgets.Widget:
    """A field for any text, with the usual ones to choose from; or a list of all that a voice knows."""
    title = voice.generator.noun.capitalize()
    if voice.generator.says_any_text:
        return widgets.Combobox(
            value=voice.usual[0], options=voice.usual, ensure_option=False,
            continuous_update=False, description=title, **options,
        )  # fmt: skip
    words = [(voice.spoken(word), word) for word in voice.utterances]
    return widgets.Dropdown(options=words, description=title, **options)


def _grid(children: list[widgets.Widget], smallest: str) -> widgets.GridBox:
    """As many columns as fit, none narrower than `smallest`."""
    columns = f"repeat(auto-fit, minmax(min({smallest}, 100%), 1fr))"
    return widgets.GridBox(
        children,
        layout=widgets.Layout(
            grid_template_columns=columns, grid_gap="0.2rem 1.2rem", width="100%"
        ),
    )


def _only(value: Any) -> tuple[Any, ...]:
    return () if value == _ANY else (value,)
