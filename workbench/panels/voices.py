"""Controls that choose what speaks and what it says, shared by the panels."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import ipywidgets as widgets

from workbench.errors import WorkbenchError
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.generators.generator import FACE, SOUND
from workbench.generators.generator_registry import generator_named, names


class VoiceChoice:
    """A list of generators: that of the voice at hand, and the others that ship.

    Args:
        voice: At hand to begin with.
        faces: Whether those that shape a face are among them, beside those that make sound.

    Attributes:
        control: The list, whose values are names of generators.
        voice: The one that is chosen, opened when it was first chosen.
    """

    def __init__(self, voice: Voice, *, faces: bool = False, **options: Any) -> None:
        self.voice = voice
        self._open = {voice.generator.name: voice}
        self.control = widgets.Dropdown(
            options=list(dict.fromkeys([voice.generator.name, *_shipped(faces)])),
            value=voice.generator.name,
            description="Generator",
            **options,
        )

    def open(self) -> Voice:
        """Make `voice` the one that the list shows; WorkbenchError where it cannot be opened, and the list goes back."""
        name = self.control.value
        try:
            if name not in self._open:
                self._open[name] = open_voice(generator=name)
        except WorkbenchError:
            self.control.value = self.voice.generator.name
            raise
        self.voice = self._open[name]
        return self.voice

    def follow(
        self,
        working: Callable[[str], AbstractContextManager[None]],
        offer: Callable[[], None],
        update: Callable[[], None],
    ) -> None:
        """Have a panel follow what is chosen.

        Args:
            working: Says what is being done while a block runs, and keeps its errors.
            offer: Fits the panel's controls to the voice that was opened.
            update: Shows what that voice gives; left out where it could not be opened.
        """

        def chosen(_: Any) -> None:
            if self.control.value == self.voice.generator.name:
                return
            opened = False
            with working(f"opening {self.control.value}"):
                self.open()
                offer()
                opened = True
            if opened:
                update()

        self.control.observe(chosen, names="value")

    def offer(
        self, settings: widgets.Box, controls: dict[str, widgets.Widget], update: Callable[[], None]
    ) -> dict[str, widgets.Widget]:
        """Show controls that fit the voice, below the list, which keeps the keyboard's focus.

        Args:
            settings: Where they are shown.
            controls: By name, in that order.
            update: Called when one of them changes.

        Returns:
            They and the list, as "generator", by name.
        """
        for control in controls.values():
            control.observe(lambda _: update(), names="value")
        offered = {"generator": self.control, **controls}
        settings.children = list(offered.values())
        return offered


def _shipped(faces: bool) -> list[str]:
    """Generators that ship a checkpoint and make sound, or a face."""
    outputs = (SOUND, FACE) if faces else (SOUND,)
    return [name for name in names() if _ships(name, outputs)]


def _ships(name: str, outputs: tuple[str, ...]) -> bool:
    try:
        generator = generator_named(name)
        generator.checkpoint()
    except WorkbenchError:
        return False
    return generator.output in outputs


def utterance_control(voice: Voice, **options: Any) -> widgets.Widget:
    """A list of all that a voice knows; or a field for any text, with the usual ones to choose from.

    What a face follows is such a text: names of sounds, or a file.
    """
    title = voice.generator.noun.capitalize()
    if voice.generator.says_any_text or voice.generator.output == FACE:
        return widgets.Combobox(
            value=voice.usual[0], options=voice.usual, ensure_option=False,
            continuous_update=False, description=title, **options,
        )  # fmt: skip
    words = [(voice.spoken(word), word) for word in voice.utterances]
    return widgets.Dropdown(options=words, description=title, **options)
