"""Training recipes: numbers only, so that a checkpoint's metadata hold them completely."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from workbench.errors import WorkbenchError, described, whole_number


@dataclass(frozen=True)
class Recipe:
    """Steps and rates of one training run.

    float_steps, qat_steps: updates before and after the quantisers are switched on.
    float_rate, qat_rate: peak learning rates; warm-up over 30 steps, then a cosine to 2 %. words_steps,
    words_rate: of updates for code words, where they are wanted; rest_steps: then, of all but them. blocks_steps,
    reserve_steps, blocks_rate: of updates with blocks of weights left out, where that is wanted, then of those alone.
    mel_loss: whether sounds are compared in mel bands (`MelLoss`) instead of by the generator's own loss. A generator's
    own subclass may add what its presets say of a configuration.
    """

    float_steps: int = 2000
    qat_steps: int = 700
    float_rate: float = 3e-3
    qat_rate: float = 8e-4
    batch: int = 5
    gradient_norm: float = 5.0
    words_steps: int = 600
    rest_steps: int = 400
    words_rate: float = 4e-4
    blocks_steps: int = 2000
    reserve_steps: int = 600
    blocks_rate: float = 1.5e-3
    mel_loss: bool = False


_STEPS = ("float_steps", "qat_steps", "blocks_steps", "reserve_steps")


def with_steps(recipe: Recipe, steps: object, *, blocks: bool = False) -> Recipe:
    """The recipe with other numbers of steps.

    Args:
        recipe: Of any class.
        steps: Of the float and the quantised stage and, in four numbers, of the two of blocks; at least 1 each.
        blocks: Whether blocks are left out; else there are two stages, and four numbers say nothing.

    Raises:
        WorkbenchError: They are no two such numbers, nor four where there are stages of blocks.
    """
    cure = "two whole numbers of at least 1, as (400, 150), or four where blocks are left out"
    if not isinstance(steps, tuple | list) or len(steps) not in ((2, 4) if blocks else (2,)):
        raise WorkbenchError(f"the steps of a training are {described(steps)}; give {cure}")
    numbers = [whole_number(each, "a number of steps") for each in steps]
    if min(numbers) < 1:
        raise WorkbenchError(f"a stage cannot have {min(numbers)} steps; give {cure}")
    chosen: dict[str, Any] = dict(zip(_STEPS, numbers, strict=False))
    return replace(recipe, **chosen)


PRESETS = {
    # About three minutes on a CPU core.
    "default": Recipe(),
    "long": Recipe(float_steps=6000, qat_steps=3000, blocks_steps=6000, reserve_steps=1500),
    # Seconds; sounds like nothing, exercises everything.
    "tiny": Recipe(
        float_steps=6, qat_steps=4, words_steps=3, rest_steps=2, blocks_steps=4, reserve_steps=3
    ),
}
