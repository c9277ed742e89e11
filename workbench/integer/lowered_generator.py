"""A trained generator as an integer program, ready for everything that comes after training."""

from __future__ import annotations

import math
from dataclasses import replace

from torch import nn

from workbench.errors import WorkbenchError
from workbench.generators.generator import Generator
from workbench.integer.lowering.lower import Lowered, lower
from workbench.integer.vocoders import with_vocoder


def lower_generator(generator: Generator, model: nn.Module, *, check: bool = False) -> Lowered:
    """Lower a quantised network of `generator`, its vocoder behind it; its inputs for utterances are `generator.encode(...)`.

    check: compare the two on random inputs, as `lower` does; without it this is quick enough to be done
    again and again. `workbench lower` compares every code of every utterance. Raises WorkbenchError naming
    the layer that cannot be lowered exactly, and for another sampling rate than the generator says.
    """
    config = model.config
    lowered = lower(
        model,
        generator.inputs(config),
        name=generator.name,
        input_rate_hz=generator.input_rate_hz(config),
        check=check,
    )
    if generator.vocoder:
        lowered = replace(lowered, program=with_vocoder(lowered.program, generator.vocoder))
    rate_hz = lowered.program.sample_rate_hz
    if not math.isclose(rate_hz, generator.sample_rate_hz):
        raise WorkbenchError(
            f"the network of {generator.name} gives {rate_hz:,g} samples a second and the generator says "
            f"{generator.sample_rate_hz:,}; mend its input_rate_hz or its sample_rate_hz"
        )
    return lowered
