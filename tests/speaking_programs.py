"""Random programs around the synthesiser, and faults of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from synthesisers import any_controls
from trial_cases import events_everywhere

from workbench.experiments.bench.synthesis import synthesiser
from workbench.integer.operators import Conv, Operator, Rescale
from workbench.integer.program import Program
from workbench.integer.signals import Signal
from workbench.memory.faults.events import Events
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image


def _conv(rng: np.random.Generator, x: Signal, y: Signal, shift: int) -> Conv:
    taps, dilation = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    weight = rng.integers(-128, 128, (1, y.channels, taps, x.channels)).astype(np.int8)
    bias = rng.integers(-(2**14), 2**14, y.channels).astype(np.int32)
    shifts = np.full(y.channels, shift, np.int8)
    return Conv(
        "net" if y.channels > 1 else "filter", (x.name,), y.name, weight, bias, shifts,
        -(2**15), 2**15 - 1, dilation=dilation,
    )  # fmt: skip


def speaking_program(seed: int) -> Program:
    """A synthesiser with or without a network before it and filters behind it; some have damaged tables."""
    rng = np.random.default_rng([seed, 21])
    program = synthesiser()
    controls, samples = program.signals
    signals, operators = [controls, samples], list(program.operators)
    if rng.random() < 0.3:
        spoiled = {
            (operator.name, field): rng.integers(-(2**15), 2**15, array.shape).astype(np.int16)
            for operator, field, array in program.parameters()
            if rng.random() < 0.5
        }
        operators = list(program.with_parameters(spoiled).operators)
    inputs, output = ("controls",), samples
    if rng.random() < 0.5:
        x = Signal("x", 8, 4, 1, -7)
        net: Operator = _conv(rng, x, controls, int(rng.integers(0, 8)))
        signals, operators, inputs = [x, *signals], [net, *operators], ("x",)
    for number in range(int(rng.integers(0, 3))):
        y = replace(samples, name=f"filtered{number}")
        following: Operator = (
            _conv(rng, output, y, 7)
            if rng.random() < 0.5
            else Rescale("louder", (output.name,), y.name, np.array([-1], np.int8), -9000, 9000)
        )
        signals, operators = [*signals, y], [*operators, replace(following, name=f"last{number}")]
        output = y
    return Program(f"speaking{seed}", inputs, output.name, 100.0, tuple(signals), tuple(operators))


def speaking_inputs(
    program: Program, rng: np.random.Generator, frames: int
) -> dict[str, np.ndarray]:
    """Of one utterance; voiced and unvoiced frames, and codes that no network makes."""
    if program.inputs == ("controls",):
        return {"controls": any_controls(rng, frames)}
    return {"x": rng.integers(-128, 128, (1, frames, 4)).astype(np.int8)}


def speaking_case(seed: int, frames: int) -> tuple[Image, dict[str, np.ndarray], Events, int]:
    """An image, some of them with flips, inputs, and events of a few trials."""
    rng = np.random.default_rng([seed, 22])
    image = Image.of(speaking_program(seed))
    inputs = speaking_inputs(image.program, rng, frames)
    if rng.random() < 0.3:
        image = image.flip(rng.integers(0, 8 * image.layout.size_bytes, 5))
    trials = int(rng.integers(1, 5))
    return image, inputs, events_everywhere(Sites(image), rng, trials, frames), trials
