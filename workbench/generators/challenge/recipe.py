"""Training recipes of `challenge`: the usual one, and a smaller shape for tests."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.generators.recipe import Recipe


@dataclass(frozen=True)
class ChallengeRecipe(Recipe):
    """channels, frames: None keeps what the configuration says; the tiny preset shrinks them."""

    channels: tuple[int, int, int] | None = None
    frames: int | None = None


PRESETS = {
    # About three minutes on a CPU core.
    "default": ChallengeRecipe(),
    # How the shipped checkpoints were made: about ten minutes.
    "long": ChallengeRecipe(
        float_steps=6000, qat_steps=3000, blocks_steps=6000, reserve_steps=1500
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
