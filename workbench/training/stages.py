"""The stages of a training, in their order: float, quantised, two for code words, two for blocks."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.generators.recipe import Recipe

# As progress files have them.
FLOAT, QAT, WORDS, REST, BLOCKS, RESERVE = "float", "qat", "words", "rest", "blocks", "reserve"


@dataclass(frozen=True)
class Stage:
    """One of them.

    title: beside its progress. steps, rate: the recipe's fields for it. refresh: steps between searches
    for the nearest code words, which take longer than a step; None where those stay.
    """

    title: str
    steps: str
    rate: str
    refresh: int | None = None

    def steps_of(self, recipe: Recipe) -> int:
        """How many updates."""
        return int(getattr(recipe, self.steps))

    def rate_of(self, recipe: Recipe) -> float:
        """The peak learning rate."""
        return float(getattr(recipe, self.rate))


# The order decides what is drawn in each.
STAGES = {
    FLOAT: Stage("float", "float_steps", "float_rate"),
    QAT: Stage("quantised", "qat_steps", "qat_rate"),
    WORDS: Stage("code words", "words_steps", "words_rate", refresh=10),
    REST: Stage("all but them", "rest_steps", "words_rate"),
    BLOCKS: Stage("pruned in blocks", "blocks_steps", "blocks_rate"),
    RESERVE: Stage("their reserve", "reserve_steps", "blocks_rate"),
}
