"""The float twin of a quantised network: the same weights with the quantisers switched off."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from workbench.audio.speech_controls import CONTROL_EXPONENT
from workbench.generators.generator import Generator
from workbench.integer.vocoders import vocoded


def float_twin(generator: Generator, model: Any) -> Any:
    """The network of `generator` with the weights of the quantised `model`, in float32."""
    twin = generator.network(model.config, quantised=False)
    weights = {
        name: tensor for name, tensor in model.state_dict().items() if name in twin.state_dict()
    }
    twin.load_state_dict(weights)
    return twin.eval()


def float_output(generator: Generator, model: Any, utterance: str) -> np.ndarray:
    """What the float twin of `model` gives for one utterance, float32 [samples] in [-1, 1].

    What a vocoder makes sound of is rounded to its codes.
    """
    with torch.no_grad():
        inputs = generator.tensors(model.config, [utterance])
        output = float_twin(generator, model)(**inputs)
    if generator.vocoder:
        return vocoded(
            generator.vocoder,
            output[0].T.numpy(),
            exponent=CONTROL_EXPONENT,
            frame_rate_hz=generator.input_rate_hz(model.config),
        )
    return np.clip(output[0, 0].numpy(), -1.0, 1.0)
