"""Generators whose checkpoints ship with the workbench, in data/checkpoints/NAME, a card beside them."""

from __future__ import annotations

from pathlib import Path

from workbench.audio.resources import data_folder
from workbench.generators.generator import Generator


class ShippedGenerator(Generator):
    """A generator with at least one of `checkpoints`; the first is the default."""

    def checkpoint(self, name: str | None = None) -> Path:
        """The folder of one of `checkpoints`, of the first without a name."""
        return self._shipped() / (name or self.checkpoints[0])

    def card(self) -> str:
        """The card of the shipped checkpoints."""
        return (self._shipped() / "CARD.md").read_text(encoding="utf-8")

    def _shipped(self) -> Path:
        return data_folder() / "checkpoints" / self.name
