"""The panel of notebook 01: flip bits of a voice's memory, and hear and see the change of a word or of a face.

It shows what `workbench.experiments.voices.faulty_speech.hear` and `workbench.experiments.avatar.takes.takes_of` return
and decides nothing itself.
"""

from __future__ import annotations

from types import NoneType
from typing import Any

import ipywidgets as widgets

from workbench.errors import expect
from workbench.experiments.voices.faulty_speech import hear
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.generators.generator import FACE
from workbench.healing.strategies.named import CRC_SCRUB, NONE
from workbench.memory.faults.bits import Flips
from workbench.memory.faults.plan import Plan
from workbench.memory.places import WORKING_SECTIONS
from workbench.panels.grid import WIDE, columns
from workbench.panels.outcome import Outcome
from workbench.panels.panel import Panel
from workbench.panels.snippet import Snippet
from workbench.panels.status import Status
from workbench.panels.voices import VoiceChoice, utterance_control

FLIPS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
_HEALERS = (CRC_SCRUB, "pq-scrub", NONE)  # of a face, that shows the healed one beside the others
PAGES_PER_FRAME = {f"{pages} pages a frame" if pages else "none": pages for pages in (0, 8, 16, 64)}
_ANY = "any"
_BITS = 32  # the widest element of the working copy, a bias
_OPTIONS: dict[str, Any] = {"style": {"description_width": "5.5rem"}, "layout": WIDE}


class FlipPanel(Panel):
    """Controls, the word before and after or the faces, with figures, and the names of the flipped bits.

    voice: the one that ships unless another is given, opened once; others that ship can be chosen in the panel.
    Raises WorkbenchError when it cannot be opened; later errors are shown in the panel, in `status`.
    """

    def __init__(self, voice: Voice | None = None) -> None:
        expect(voice, (Voice, NoneType), "the voice of a panel", "a Voice, as open_voice()")
        self.outcome, self.snippet = Outcome(), Snippet()
        self.status = Status(self.outcome.widgets)
        with self.status.shown("opening the voice"):
            self.choice = VoiceChoice(voice or open_voice(), faces=True, **_OPTIONS)
            self.choice.follow(self.status.working, self._offer_controls, self.update)
            self.settings = columns([], "17rem")
            self._offer_controls()
            super().__init__(
                [
                    self.settings,
                    self.status,
                    *self.outcome.widgets,
                    self.snippet,
                ]
            )
            self.update()

    @property
    def voice(self) -> Voice:
        """The one that speaks."""
        return self.choice.voice

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
        """Let the flipped memory work again and show it; what goes wrong becomes a sentence in `status`."""
        word, healer = self.controls["word"].value, self.controls["healer"].value
        with self.status.working(self.outcome.doing(self.voice, word)):
            if self.voice.generator.output == FACE:
                lines = self.outcome.see(self.voice, word, self.plan(), healer)
            else:
                lines = self._heard(word, healer)
            self.snippet.show(self.voice, lines)

    def _heard(self, word: str, pages: int) -> list[str]:
        """Speak, and return lines of Python that do the same."""
        heard = hear(self.voice, word, self.plan(), pages_per_frame=pages)
        self.outcome.hear(heard, self.voice.sample_rate_hz)
        healed = f", pages_per_frame={pages}" if pages else ""
        return [
            f"heard = wb.hear(voice, {word!r}, {str(self.plan())!r}{healed})",
            "wb.listen(heard)",
        ]

    def _offer_controls(self) -> None:
        self.controls = self.choice.offer(self.settings, _controls(self.voice), self.update)


def _controls(voice: Voice) -> dict[str, widgets.Widget]:
    """The controls by name, in the order in which they are shown."""
    layout = voice.image().layout
    sections = [name for name in WORKING_SECTIONS if layout.sections[name].size_bytes]
    operators = dict.fromkeys(
        place.operator for place in layout.places if place.section in WORKING_SECTIONS
    )
    options = _OPTIONS
    return {
        "word": utterance_control(voice, **options),
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
            options=_HEALERS if voice.generator.output == FACE else PAGES_PER_FRAME.items(),
            description="Healer",
            **options,
        ),
    }


def _only(value: Any) -> tuple[Any, ...]:
    return () if value == _ANY else (value,)
