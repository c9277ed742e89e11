"""The float twin of a quantised network: the same weights with the quantisers switched off."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from workbench.generators.generator import Generator
from workbench.integer.ends import signal_in_front, through_back_end
from workbench.integer.lowered_generator import network_inputs
from workbench.integer.program import Program


def float_twin(generator: Generator, model: Any) -> Any:
    """The network of `generator` with the weights of the quantised `model`, in float32."""
    twin = generator.network(model.config, quantised=False)
    weights = {
        name: tensor for name, tensor in model.state_dict().items() if name in twin.state_dict()
    }
    twin.load_state_dict(weights)
    return twin.eval()


def float_output(generator: Generator, model: Any, program: Program, utterance: str) -> np.ndarray:
    """What the float twin of `model` gives for one utterance, float32 [samples] in [-1, 1], or [rows, channels].

    What a back end takes is rounded to its codes.
    """
    with torch.no_grad():
        given = generator.tensors(model.config, [utterance])
        inputs = network_inputs(generator, model.config, given)
        output = float_twin(generator, model)(**inputs)
    if generator.back_end:
        before = signal_in_front(program)
        made = through_back_end(
            generator.back_end,
            output[0].T.numpy(),
            exponent=before.exponent or 0,
            bits=before.bits,
            frame_rate_hz=generator.input_rate_hz(model.config),
        )
        output = torch.from_numpy(made.T)[None]
    values = np.clip(output[0].T.numpy().astype(np.float32), -1.0, 1.0)
    return values[:, 0] if values.shape[1] == 1 else values
