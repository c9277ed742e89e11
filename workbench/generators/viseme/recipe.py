"""Training recipes of `viseme`: the usual one, and a smaller shape for tests."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.generators.recipe import Recipe


@dataclass(frozen=True)
class VisemeRecipe(Recipe):
    """channels: None keeps what the configuration says; the tiny preset shrinks them."""

    channels: int | None = None


PRESETS = {
    # About a minute on a CPU core; how the shipped checkpoints were made.
    "default": VisemeRecipe(float_steps=6000, qat_steps=1500, qat_rate=1e-3, batch=16),
    "long": VisemeRecipe(float_steps=20000, qat_steps=4000, qat_rate=1e-3, batch=16),
    # Seconds; sees nothing, exercises everything.
    "tiny": VisemeRecipe(
        float_steps=6, qat_steps=4, words_steps=3, rest_steps=2, batch=4, channels=8
    ),
}
