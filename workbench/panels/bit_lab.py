"""The bit-flip lab: every bit of a tensor in a grid, flipped by a click, and what becomes of sound or face at once.

It shows what `workbench.experiments.voices.faulty_speech.hear` and `workbench.experiments.avatar.takes.takes_of` return
for the flipped bits, and decides nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import NoneType
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench.errors import expect
from workbench.experiments.maps.bit_harm import harm_of_bits
from workbench.experiments.maps.worst_bits import worst_bits
from workbench.experiments.threads import one_thread
from workbench.experiments.voices.faulty_speech import hear
from workbench.experiments.voices.understanding import Understanding
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.generators.generator import FACE
from workbench.healing.strategies.named import CRC_SCRUB
from workbench.memory.faults.bits import Bits, Flips
from workbench.memory.faults.plan import Plan
from workbench.memory.places import WORKING_SECTIONS, Place
from workbench.panels.bit_grid import BitGrid
from workbench.panels.grid import WIDE, columns
from workbench.panels.outcome import Outcome
from workbench.panels.panel import Panel
from workbench.panels.snippet import Snippet
from workbench.panels.status import Status
from workbench.panels.views import understood
from workbench.panels.voices import VoiceChoice, utterance_control

_OPTIONS: dict[str, Any] = {"style": {"description_width": "5.5rem"}, "layout": WIDE}
_COUNTS = (1, 2, 5, 10, 20, 50, 100)
_WORST = 5  # that a search looks for at most: each takes as long as the first


class BitLab(Panel):
    """Controls, a grid of bits, the sound before and after and how it was understood, or the faces.

    voice: the one that ships unless another is given; others that ship can be chosen in the panel. Raises
    WorkbenchError when it cannot be opened; later errors are shown in the panel, in `status`.
    """

    def __init__(self, voice: Voice | None = None) -> None:
        expect(voice, (Voice, NoneType), "the voice of a panel", "a Voice, as open_voice()")
        self.grid, self.outcome, self.snippet = BitGrid(), Outcome(), Snippet()
        self.status = Status(self.outcome.widgets)
        self.flipped: tuple[int, ...] = ()  # positions in the image, of all tensors
        self._before: list[tuple[int, ...]] = []  # what undo goes back to, the last one last
        self._harm: dict[tuple[Voice, str, str, str], np.ndarray] = {}
        # From a campaign, for want of the former.
        self._known: dict[tuple[Voice, str, str], np.ndarray] = {}
        self._listening = True  # to the controls and the grid
        self._drawn = 0
        self.buttons = _buttons()
        with self.status.shown("opening the voice"):
            self.choice = VoiceChoice(voice or open_voice(), faces=True, **_OPTIONS)
            self.choice.follow(self._working, self._begin_anew, self.update)
            self.settings = columns([], "17rem")
            self._offer_controls()
            for name, act in (
                ("undo", self.undo),
                ("clear", self.clear),
                ("random", self.flip_random),
                ("worst", self.flip_worst),
                ("colour", self.colour),
            ):
                self.buttons[name].on_click(lambda _, act=act: act())
            self.grid.observe(self._grid_flipped, names="flipped")
            super().__init__(
                [
                    self.settings,
                    widgets.HBox(
                        list(self.buttons.values()), layout=widgets.Layout(flex_flow="row wrap")
                    ),
                    self.status,
                    self.grid,
                    *self.outcome.widgets,
                    self.snippet,
                ]
            )
            self._show_tensor()
            self.update()

    @property
    def voice(self) -> Voice:
        """The one that speaks."""
        return self.choice.voice

    @property
    def place(self) -> Place:
        """Of the tensor in the grid."""
        return self.voice.image().layout.place(
            self.controls["operator"].value, self.controls["tensor"].value
        )

    def plan(self) -> Plan:
        """That flips what is flipped."""
        return Plan(Bits(self.flipped) if self.flipped else Flips(0))

    def flip(self, positions: Iterable[int]) -> None:
        """Flip bits of the image on top of what is flipped, as one step that `undo` takes back."""
        self._set(tuple(sorted(set(self.flipped) ^ set(positions))))

    def undo(self) -> None:
        """Take back the last step, if there is one."""
        if self._before:
            self.flipped = self._before.pop()
            self._follow()

    def clear(self) -> None:
        """Flip everything back."""
        if self.flipped:
            self._set(())

    def flip_random(self) -> None:
        """Flip some more bits of the tensor, drawn anew each time."""
        count, place = self.buttons["count"].value, self.place
        with self._working("drawing bits"):
            self._drawn += 1
            drawn = self.voice.image().flip(
                operator=place.operator, tensor=place.tensor, count=count, seed=self._drawn
            )
            self._set(tuple(sorted({*self.flipped, *map(int, drawn.flipped())})))

    def flip_worst(self) -> None:
        """Flip the bits of the tensor that do most harm on top of what is flipped, as a greedy search finds them."""
        count = min(self.buttons["count"].value, _WORST)
        free = np.setdiff1d(self._positions(), np.array(self.flipped, np.int64))
        with self._working("looking for the worst bits"):
            counting = self.status.counting("looking for the worst bits of the tensor", count)
            with one_thread():
                steps = worst_bits(
                    self.voice.image().flip(self.flipped), {"": self._inputs()}, free, bits=count,
                    scale=self.voice.generator.scale, progress=counting,
                )  # fmt: skip
            self.flip(step.position for step in steps)

    def colour(self) -> None:
        """Measure the harm of every bit of the tensor alone, and colour the grid; what is known at a stop stays."""
        positions = self._positions()
        key = self._key()

        def known(harm: np.ndarray) -> None:
            self._harm[key] = harm
            self.grid.colour(harm)
            self.status.tell(f"flipping each bit alone: {len(harm):,} of {len(positions):,}")

        with self._working("flipping each bit alone"):
            harm_of_bits(
                self.voice.image(), self._inputs(), positions, scale=self.voice.generator.scale,
                progress=known,
            )  # fmt: skip

    def know(self, place: Place, harm: np.ndarray) -> None:
        """Colour a tensor of the voice by these until it is measured.

        harm: float64 [bits] in the order of the grid, NaN for unknown.
        """
        self._known[self.voice, place.operator, place.tensor] = harm
        self._show_tensor()

    def visit(self, word: str, position: int) -> None:
        """Flip one bit of the image alone, and show it in its tensor while a word is said."""
        site = self.voice.image().site(position)
        with self._unheard():
            self.controls["word"].value = word
            self.controls["operator"].value = site.operator
            self.controls["tensor"].options = self._tensors()[site.operator]
            self.controls["tensor"].value = site.tensor
        self._show_tensor()
        self._set((position,))
        self.grid.chosen = int(np.flatnonzero(self._positions() == position)[0])

    def update(self) -> None:
        """Let the flipped memory work and show it; what goes wrong becomes a sentence in `status`."""
        word = self.controls["word"].value
        with self._working(self.outcome.doing(self.voice, word)):
            if self.voice.generator.output == FACE:
                lines = self.outcome.see(self.voice, word, self.plan(), CRC_SCRUB)
            else:
                lines = self._heard(word)
            self.snippet.show(self.voice, lines)

    def _heard(self, word: str) -> list[str]:
        """Speak, and return lines of Python that do the same."""
        heard, listener = hear(self.voice, word, self.plan()), Understanding(self.voice, word)
        told = understood(listener(heard.after), listener.answer, listener.absent)
        self.outcome.hear(heard, self.voice.sample_rate_hz, understood=told)
        return [f"heard = wb.hear(voice, {word!r}, {str(self.plan())!r})", "wb.listen(heard)"]

    def _set(self, flipped: tuple[int, ...]) -> None:
        self._before.append(self.flipped)
        self.flipped = flipped
        self._follow()

    def _follow(self) -> None:
        """Show what is flipped now."""
        with self._unheard():
            self.grid.flipped = self._here()
        self.update()

    def _positions(self) -> np.ndarray:
        """Of all bits of the tensor in the order of the grid, int64."""
        place = self.place
        first = self.voice.image().layout.element_positions(place).reshape(-1, 1)
        return (first + np.arange(place.bits)).reshape(-1)

    def _here(self) -> list[int]:
        """Those that are flipped, as the grid counts them."""
        return np.flatnonzero(np.isin(self._positions(), self.flipped)).tolist()

    def _inputs(self) -> dict[str, np.ndarray]:
        return self.voice.inputs(self.controls["word"].value)

    def _key(self) -> tuple[Voice, str, str, str]:
        place = self.place
        return self.voice, self.controls["word"].value, place.operator, place.tensor

    @contextmanager
    def _unheard(self) -> Iterator[None]:
        """Without acting upon what the block changes."""
        self._listening = False
        try:
            yield
        finally:
            self._listening = True

    @contextmanager
    def _working(self, what: str) -> Iterator[None]:
        with self.status.working(what):
            yield
        self.buttons["undo"].disabled = not self._before
        self.buttons["clear"].disabled = not self.flipped

    def _grid_flipped(self, change: Any) -> None:
        if self._listening:
            toggled = sorted(set(change["old"]) ^ set(change["new"]))
            self.flip(self._positions()[toggled].tolist())

    def _offer_controls(self) -> None:
        """Controls that fit the voice, behind the list of generators, which keeps the keyboard's focus."""
        tensors = self._tensors()
        operator = next(iter(tensors))
        self.controls = {
            "generator": self.choice.control,
            "word": utterance_control(self.voice, **_OPTIONS),
            "operator": widgets.Dropdown(
                options=list(tensors), value=operator, description="Operator", **_OPTIONS
            ),
            "tensor": widgets.Dropdown(options=tensors[operator], description="Tensor", **_OPTIONS),
        }
        self.controls["word"].observe(self._other_word, names="value")
        self.controls["operator"].observe(self._other_operator, names="value")
        self.controls["tensor"].observe(self._other_tensor, names="value")
        self.settings.children = list(self.controls.values())

    def _tensors(self) -> dict[str, list[str]]:
        """Operator -> its tensors in the working copy."""
        found: dict[str, list[str]] = {}
        for place in self.voice.image().layout.places:
            if place.section in WORKING_SECTIONS:
                found.setdefault(place.operator, []).append(place.tensor)
        return found

    def _show_tensor(self) -> None:
        with self._unheard():
            self.grid.show(self.voice.image(), self.place, flipped=self._here())
        voice, _, operator, tensor = key = self._key()
        harm = self._harm.get(key, self._known.get((voice, operator, tensor)))
        if harm is not None:
            self.grid.colour(harm)

    def _begin_anew(self) -> None:
        """Without flips, with the tensors of another voice."""
        self.flipped, self._before = (), []
        self._offer_controls()
        self._show_tensor()

    def _other_word(self, _: Any) -> None:
        if self._listening:
            self._show_tensor()
            self.update()

    def _other_operator(self, _: Any) -> None:
        if not self._listening:
            return
        tensor = self.controls["tensor"]
        with self._unheard():
            tensor.options = self._tensors()[self.controls["operator"].value]
        self._show_tensor()

    def _other_tensor(self, _: Any) -> None:
        if self._listening:
            self._show_tensor()


def _buttons() -> dict[str, widgets.Widget]:
    """What is done to bits, in the order in which it is shown."""
    layout = widgets.Layout(width="auto")

    def button(text: str, tip: str) -> widgets.Button:
        return widgets.Button(description=text, tooltip=tip, layout=layout)

    return {
        "undo": button("Undo", "Take back the last step"),
        "clear": button("Clear", "Flip everything back"),
        "count": widgets.Dropdown(
            options=_COUNTS, value=10, description="Bits", style={"description_width": "2.5rem"},
            layout=widgets.Layout(width="8rem"),
        ),
        "random": button("Flip at random", "Flip so many more bits of the tensor"),
        "worst": button(
            "Flip the worst", f"Search the tensor for the bits that do most harm, at most {_WORST}"
        ),
        "colour": button("Colour by harm", "Flip each bit of the tensor alone and measure the harm"),
    }  # fmt: skip
