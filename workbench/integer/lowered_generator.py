"""A trained generator as an integer program, ready for everything that comes after training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from workbench.errors import WorkbenchError
from workbench.generators.generator import Generator
from workbench.integer.ends import through_front_end, with_ends
from workbench.integer.lowering.lower import Lowered, lower


def network_inputs(
    generator: Generator, config: Any, given: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """What the network's forward takes.

    Args:
        generator: Whose network it is.
        config: Of the network.
        given: As `generator.tensors` and `generator.lessons` give them: with a front end, codes of the program's input,
            which it makes float32 [inputs, channels, frames] of.
    """
    if not generator.front_end:
        return dict(given)
    (codes,), (name,) = given.values(), generator.inputs(config)
    values = through_front_end(generator.front_end, codes.numpy())
    return {name: torch.from_numpy(values).transpose(1, 2).contiguous()}


def lower_generator(generator: Generator, model: nn.Module, *, check: bool = False) -> Lowered:
    """Lower a quantised network of `generator`, its ends around it; its inputs for utterances are `generator.encode(...)`.

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
    ends = {"front_end": generator.front_end, "back_end": generator.back_end}
    lowered = replace(lowered, program=with_ends(lowered.program, **ends))
    rate_hz = lowered.program.sample_rate_hz
    if not math.isclose(rate_hz, generator.sample_rate_hz):
        raise WorkbenchError(
            f"the network of {generator.name} gives {rate_hz:,g} samples a second and the generator says "
            f"{generator.sample_rate_hz:,}; mend its input_rate_hz or its sample_rate_hz"
        )
    return lowered
