"""Training recipes of `speech`: the usual one, and a smaller shape for tests."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.generators.recipe import Recipe


@dataclass(frozen=True)
class SpeechRecipe(Recipe):
    """channels: None keeps what the configuration says; the tiny preset shrinks them."""

    channels: int | None = None


PRESETS = {
    # About five minutes on a CPU core; how the shipped checkpoint was made.
    "default": SpeechRecipe(float_steps=5000, qat_steps=800, qat_rate=1e-3, batch=16),
    "long": SpeechRecipe(float_steps=15000, qat_steps=2500, qat_rate=1e-3, batch=16),
    # Seconds; sounds like nothing, exercises everything.
    "tiny": SpeechRecipe(
        float_steps=6, qat_steps=4, words_steps=3, rest_steps=2, batch=4, channels=8
    ),
}
