"""Training recipes of `challenge`: the usual one, and a smaller shape for tests."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from workbench.generators.recipe import Recipe


@dataclass(frozen=True)
class ChallengeRecipe(Recipe):
    """What a preset says of the configuration, by the names of its fields; None keeps what that says."""

    channels: tuple[int, ...] | None = None
    frames: int | None = None
    embedding: int | None = None
    upsampling: tuple[int, ...] | None = None
    trunk_dilations: tuple[int, ...] | None = None
    upper_dilations: tuple[int, ...] | None = None
    learned_positions: bool | None = None

    @property
    def shape(self) -> dict[str, Any]:
        """The fields of the configuration that it chooses."""
        own = {each.name for each in fields(self)} - {each.name for each in fields(Recipe)}
        return {name: getattr(self, name) for name in own if getattr(self, name) is not None}


PRESETS = {
    # About three minutes on a CPU core.
    "default": ChallengeRecipe(),
    # How the shipped checkpoints were made: about ten minutes.
    "long": ChallengeRecipe(
        float_steps=6000, qat_steps=3000, blocks_steps=6000, reserve_steps=1500
    ),
    # A safety voice: less than 15 % of the bytes and of the instructions of the usual one.
    "safety": ChallengeRecipe(
        float_steps=3000,
        qat_steps=500,
        mel_loss=True,
        channels=(20, 20),
        embedding=20,
        upsampling=(8, 16),
        trunk_dilations=(1,),
        upper_dilations=(),
        learned_positions=True,
    ),
    # Seconds; sounds like nothing, exercises everything.
    "tiny": ChallengeRecipe(
        float_steps=6,
        qat_steps=4,
        words_steps=3,
        rest_steps=2,
        blocks_steps=4,
        reserve_steps=3,
        channels=(8, 8, 4),
        frames=12,
    ),
}
