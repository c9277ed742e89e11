"""Training of weights that become code words: the loss includes the move to the nearest code word.

Reference: straight-through estimator, Bengio et al. 2013, https://arxiv.org/abs/1308.3432. After lowering,
`workbench.memory.codes.in_place` moves every word of weights to the nearest code word. Here these moves are
added to the quantised weights while training, again and again, so that whatever may still change makes up
for them. Layout: moves are whole steps of a channel's scale, in the shape of the layer's weight.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from brevitas.nn import QuantConvTranspose1d
from torch import nn

from workbench.generators.generator import Generator
from workbench.integer.lowered_generator import lower_generator
from workbench.integer.lowering.weights import polyphase
from workbench.integer.operators import Conv
from workbench.memory.codes.in_place import in_place_program

_MOVES = "moves"


class CodeWords:
    """The moves of a model's weights to the words of a code, heard whenever the model computes.

    They are buffers of its layers, so that they are saved with a run, until `remove` takes them away.
    """

    def __init__(self, generator: Generator, model: nn.Module, code: str) -> None:
        """model: of `generator`. code: of `workbench.memory.codes.ecc`, e.g. "in-place64". All moves are zero until `refresh`."""
        self._generator, self._model, self._code = generator, model, code
        self._plain = generator.network(model.config, quantised=True).eval()
        self._layers: dict[str, Any] = {
            name: layer for name, layer in model.named_modules() if hasattr(layer, "weight_quant")
        }
        self._hooks = []
        for layer in self._layers.values():
            layer.register_buffer(_MOVES, torch.zeros_like(layer.weight))
            self._hooks.append(layer.weight_quant.register_forward_hook(_moved_by(layer)))

    def refresh(self) -> None:
        """Look for the nearest words of the weights as they are; they are recomputed on the CPU."""
        state = {
            name: tensor.detach().cpu().clone()
            for name, tensor in self._model.state_dict().items()
            if not name.endswith(f".{_MOVES}")
        }
        self._plain.load_state_dict(state)
        program = lower_generator(self._generator, self._plain).program
        moved = in_place_program(program, self._code)
        for before, after in zip(program.operators, moved.operators, strict=True):
            if isinstance(before, Conv) and isinstance(after, Conv):
                layer = self._layers[before.name]
                steps = after.weight.astype(np.int64) - before.weight
                layer.moves.copy_(torch.from_numpy(_in_the_layer(layer, steps)))

    def freeze(self) -> None:
        """Weights are trained no more: what they are moved to stays what it is."""
        for layer in self._layers.values():
            layer.weight.requires_grad_(False)

    def remove(self) -> None:
        """The model is as it would be without this."""
        for hook in self._hooks:
            hook.remove()
        for layer in self._layers.values():
            delattr(layer, _MOVES)
            layer.weight.requires_grad_(True)


def _moved_by(layer: Any) -> Any:
    """A hook that adds the layer's moves to its quantised weights; gradients pass as they are."""

    def moved(_: nn.Module, __: Any, quantised: Any) -> Any:
        return quantised.set(value=quantised.value + layer.moves * quantised.scale.detach())

    return moved


def _in_the_layer(layer: Any, steps: np.ndarray) -> np.ndarray:
    """Steps of a program's weights [up, out, taps, in], in the shape of the layer's own."""
    shape = tuple(layer.weight.shape)
    if not isinstance(layer, QuantConvTranspose1d):
        return steps[0].transpose(0, 2, 1)
    numbers = np.arange(1, layer.weight.numel() + 1).reshape(shape)  # 0: a tap that nothing reaches
    placed = polyphase(numbers, layer.stride[0], layer.dilation[0], layer.groups)
    changes = np.zeros(layer.weight.numel() + 1, np.int64)
    changes[placed] = steps
    return changes[1:].reshape(shape)
