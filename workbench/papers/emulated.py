"""Costs of a healer emulated again: a clean run with it and one without, apart from the tables of costs."""

from __future__ import annotations

import numpy as np

from workbench.experiments.fleets.device_costs import cost_frames
from workbench.experiments.voices.voice import Voice
from workbench.firmware.boards import Core
from workbench.firmware.emulation.costs import bare_run, mean_of_frames
from workbench.firmware.emulation.emulate import emulate
from workbench.healing.strategies.variants import StrategyVariant
from workbench.memory.places import CHECK


def frames_of_costs(voice: Voice) -> dict[str, np.ndarray]:
    """The frames that costs are measured in: the first of its last utterance."""
    *_, last = voice.all_inputs().values()
    return cost_frames(voice.program, last)


def emulated_again(voice: Voice, variant: StrategyVariant, core: Core) -> dict[str, float]:
    """Fields of `Cost` that follow from two clean runs: instructions, their share, code, checks and RAM."""
    strategy, frames = variant.strategy, frames_of_costs(voice)
    bare = bare_run(voice.program, frames, core)
    image = strategy.image(variant.program)
    run = emulate(image, core, frames, strategy=strategy)
    instructions = mean_of_frames(run.instructions - bare.instructions, strategy)
    checks = image.layout.sections[CHECK].size_bytes if strategy.heals else 0
    return {
        "instructions": instructions,
        "share": instructions / float(bare.instructions.mean()),
        "generator": float(bare.instructions.mean()),
        "code_bytes": run.flash_bytes - bare.flash_bytes - checks,
        "check_bytes": checks,
        "ram_bytes": run.ram_bytes - bare.ram_bytes,
    }
