"""What flips make of an utterance, in the widgets of a panel: figures, sounds or faces, and the bits that were hit."""

from __future__ import annotations

import ipywidgets as widgets

from workbench.experiments.avatar.page import avatar_frame
from workbench.experiments.avatar.takes import takes_of
from workbench.experiments.voices.faulty_speech import Heard
from workbench.experiments.voices.voice import Voice
from workbench.generators.generator import FACE
from workbench.memory.faults.plan import Plan
from workbench.panels.grid import WIDE, framed
from workbench.panels.player import Player
from workbench.panels.views import face_readout, readout, site_list


class Outcome:
    """Shows what a generator gives with and without flips: two sounds on one time axis, or faces in step with a sound.

    Attributes:
        numbers: Figures of the damage, in a line.
        player: Of sounds.
        faces: HTML of faces.
        stage: A box that can be dimmed, with `player` or `faces` in it.
        sites: Names of the bits that were hit.
    """

    def __init__(self) -> None:
        self.numbers = widgets.HTML(layout=WIDE)
        self.player = Player()
        self.faces = widgets.HTML(layout=WIDE)
        self.stage = framed(self.player)
        self.sites = widgets.HTML(layout=WIDE)

    @property
    def widgets(self) -> tuple[widgets.Widget, ...]:
        """In the order in which they are shown."""
        return self.numbers, self.stage, self.sites

    @staticmethod
    def doing(voice: Voice, utterance: str) -> str:
        """What is being done until it can be shown, in words."""
        if voice.generator.output == FACE:
            return f"letting faces follow “{voice.spoken(utterance)}”"
        return f"speaking “{voice.spoken(utterance)}” from flipped memory"

    def hear(self, heard: Heard, sample_rate_hz: int, *, understood: str = "") -> None:
        """Show a sound before and after its faults; understood: HTML that follows the figures."""
        self.numbers.value = readout(heard) + understood
        self.player.show({"before": heard.before, "after": heard.after}, sample_rate_hz)
        self.sites.value = site_list(heard.sites, heard.trial)
        self.stage.children = (self.player,)

    def see(self, voice: Voice, sound: str, plan: Plan, healer: str) -> list[str]:
        """Let a face follow a sound: clean, under a plan, and healed; nobody heals with "none".

        Returns:
            Lines of Python, in which `voice` is that voice, that show the same.

        Raises:
            WorkbenchError: As `takes_of`.
        """
        takes = takes_of(voice, sound, str(plan), healer=healer)
        self.numbers.value = face_readout(takes)
        self.faces.value = avatar_frame(takes)
        self.sites.value = site_list(takes.sites, takes.trial)
        self.stage.children = (self.faces,)
        return [f"faces = wb.avatar(voice, {sound!r}, {str(plan)!r}, healer={healer!r})", "faces"]
