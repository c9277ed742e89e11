"""Many random programs as firmware, compiled in one go, each with its own prefix."""

import dataclasses
import importlib.util

import numpy as np
import pytest
from programs import random_program
from random_strategies import random_strategy

from workbench.firmware.plan import Firmware
from workbench.healing.named import nothing
from workbench.healing.upsets import Upset
from workbench.memory.image import Image

needs_zig = pytest.mark.skipif(
    importlib.util.find_spec("ziglang") is None,
    reason="ziglang, which cross-compiles firmware, is not installed",
)
needs_emulator = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("ziglang", "unicorn", "elftools")),
    reason="ziglang, unicorn or pyelftools, which compile and emulate firmware, are not installed",
)


def random_firmwares(seed: int, count: int, *, healers: bool = True) -> list[Firmware]:
    """Firmware of random programs and strategies: one in four without healer, one in eight with weights in flash."""
    rng = np.random.default_rng([seed, 3])
    made = []
    for number in range(count):
        heals = number % 4 != 0
        program = random_program(int(rng.integers(2**32)), operators=int(rng.integers(1, 9)))
        heals = healers and heals and Image.of(program).layout.working_bytes > 0
        strategy = random_strategy(int(rng.integers(2**32)), program) if heals else nothing()
        image = strategy.image(program)
        weights = "flash" if number % 8 == 4 else "ram"
        made.append(
            Firmware.of(image, strategy=strategy, weights=weights, prefix=f"p{seed}_{number}")
        )
    return made


def random_upsets(
    image: Image, seed: int, *, frames: int, count: int, stuck: bool = False
) -> list[Upset]:
    """Upsets spread evenly over all sections, some stuck if wanted, some of them twice, some in copies of one place."""
    rng = np.random.default_rng([seed, 2])
    sections = [s for s in image.layout.sections.values() if s.size_bytes]
    upsets = []
    for _ in range(count if sections else 0):
        section = sections[rng.integers(len(sections))]
        position = int(rng.integers(8 * section.start, 8 * section.stop))
        upsets.append(Upset(int(rng.integers(frames)), position))
        if rng.random() < 0.1:
            upsets.append(upsets[-1])
        elif stuck and section.region == "sram" and section.name != "state" and rng.random() < 0.3:
            upsets[-1] = dataclasses.replace(upsets[-1], stuck=int(rng.integers(2)))
        if rng.random() < 0.3 and section.name == "golden":
            upsets.append(Upset(int(rng.integers(frames)), position - 8 * section.start))
    return sorted(upsets)
