"""Training of weights in blocks, some of which can be left out, and put back, while the network runs.

A block is the weights of four neighbouring rows for eight neighbouring inputs of a tap, as
`workbench.integer.operators.pruned` stores them. Of every four rows the same share of blocks is kept, the largest
by magnitude; the others are the reserve. First the network learns to do without them, while their share grows
to what is wanted, and they end as zeros. Then everything else is frozen, and the reserve learns what it can add,
in steps in which one layer, some or all are un-pruned at random. So a pruned network is as good as one that
nothing can be put back into, and any set of layers can be un-pruned.

References: growing shares, Zhu & Gupta 2017, https://arxiv.org/abs/1710.01878; switched widths, Yu et al. 2019,
https://arxiv.org/abs/1812.08928.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from brevitas import nn as qnn
from torch import nn

from workbench.errors import WorkbenchError
from workbench.integer.lowering.weights import polyphase
from workbench.integer.operators.pruned import LEAST_BLOCKS, block_grid, kept_of

_KEPT = "kept_blocks"  # a buffer of a layer: 1 where a weight's block is kept, in the shape of its weight
_GROWING = 0.35  # of the steps of the first stage
_CHOICES = 24  # of the blocks that are kept, while their share shrinks


class Blocks:
    """The kept blocks of a model's layers, heard whenever the model computes.

    They are buffers of its layers, so that they are saved with a run, until `remove` takes them away.
    """

    def __init__(self, model: nn.Module, share: float) -> None:
        """share: of the blocks that are left out when pruned. Raises WorkbenchError where no layer has blocks."""
        self._model, self._share = model, share
        self._grown = self._frozen = False
        self._layers: dict[str, Any] = {}
        self._numbers: dict[str, np.ndarray] = {}
        for name, layer in model.named_modules():
            numbers = block_numbers(layer)
            if numbers is not None and kept_of(numbers.shape[1], share) < numbers.shape[1]:
                self._layers[name], self._numbers[name] = layer, numbers
                layer.register_buffer(_KEPT, torch.ones_like(layer.weight))
        if not self._layers:
            raise WorkbenchError(
                "no layer of this network can be pruned in blocks; they need 8-bit weights, one group, rows in "
                f"multiples of 4, inputs in multiples of 8, and {LEAST_BLOCKS} blocks of four rows at least"
            )
        self._dense = dict.fromkeys(self._layers, False)
        self._hooks = [
            layer.weight_quant.register_forward_hook(self._pruned(name))
            for name, layer in self._layers.items()
        ]

    def choose(self, dense: dict[str, bool]) -> None:
        """The modes of all layers until the next choice, by name."""
        self._dense = dense

    def before(self, seed: int, step: int, steps: int) -> None:
        """What a training step begins with, a pure function of the weights and (seed, step)."""
        if self._frozen:
            draws = np.random.Generator(np.random.Philox(key=[seed, 4], counter=step))
            count = len(self._layers)
            one, some = np.arange(count) == draws.integers(count), draws.random(count) < 0.5
            chosen = (one, some, np.ones(count, bool))[step % 3]
            self.choose(dict(zip(self._layers, chosen.tolist(), strict=True)))
            return
        growing = max(1, int(_GROWING * steps))
        self._grown = step >= growing
        if step <= growing and (step == growing or step % max(1, growing // _CHOICES) == 0):
            share = self._share * (1 - (1 - step / growing) ** 3)
            for name, layer in self._layers.items():
                getattr(layer, _KEPT).copy_(_largest(layer, self._numbers[name], share))

    @torch.no_grad()
    def after(self) -> None:
        """What a training step ends with, so that scales, which cover the largest weight, are those of what is kept.

        The reserve is zero until it is trained, and then no larger than the largest kept weight of its channel.
        """
        for layer in self._layers.values() if self._grown or self._frozen else ():
            kept = getattr(layer, _KEPT)
            if not self._frozen:
                layer.weight.mul_(kept)
                continue
            axis = 1 if isinstance(layer, nn.ConvTranspose1d) else 0
            others = [each for each in range(layer.weight.dim()) if each != axis]
            most = (layer.weight * kept).abs().amax(dim=others, keepdim=True)
            clipped = torch.minimum(torch.maximum(layer.weight, -most), most)
            layer.weight.copy_(torch.where(kept != 0, layer.weight, clipped))

    def freeze(self) -> None:
        """From now on the reserve alone is trained."""
        self._frozen = True
        for parameter in self._model.parameters():
            parameter.requires_grad_(False)
        for layer in self._layers.values():
            layer.weight.requires_grad_(True)
            self._hooks.append(layer.weight.register_hook(_of_the_reserve(layer)))

    def masks(self) -> dict[str, np.ndarray]:
        """Which blocks are kept, bool [row groups, blocks], by the name of the layer."""
        return {
            name: getattr(layer, _KEPT).cpu().numpy().reshape(-1)[self._numbers[name][:, :, 0]] != 0
            for name, layer in self._layers.items()
        }

    def remove(self) -> None:
        """The model is as it would be without this: dense."""
        for hook in self._hooks:
            hook.remove()
        for layer in self._layers.values():
            delattr(layer, _KEPT)
        for parameter in self._model.parameters():
            parameter.requires_grad_(True)

    def _pruned(self, name: str) -> Any:
        def pruned(_: nn.Module, __: Any, quantised: Any) -> Any:
            if self._dense[name]:
                return quantised
            return quantised.set(value=quantised.value * getattr(self._layers[name], _KEPT))

        return pruned


def _of_the_reserve(layer: Any) -> Any:
    return lambda gradient: gradient * (1 - getattr(layer, _KEPT))


def block_numbers(layer: nn.Module) -> np.ndarray | None:
    """Flat indexes into a layer's weight, int64 [row groups, blocks, 32]; None where it has none, or too few."""
    kinds = (qnn.QuantConv1d, qnn.QuantConvTranspose1d, qnn.QuantLinear)
    if not isinstance(layer, kinds) or getattr(layer, "groups", 1) != 1:
        return None
    if not layer.weight_quant.is_quant_enabled or float(layer.weight_quant.bit_width()) != 8:
        return None
    numbers = np.arange(1, layer.weight.numel() + 1).reshape(tuple(layer.weight.shape))
    if isinstance(layer, qnn.QuantConvTranspose1d):
        weight = polyphase(numbers, layer.stride[0], layer.dilation[0], 1)
    elif isinstance(layer, qnn.QuantLinear):
        weight = numbers[None, :, None, :]
    else:
        weight = numbers.transpose(0, 2, 1)[None]
    grid = block_grid(weight)
    # A tap that no weight reaches has the number 0.
    if grid is None or grid.shape[1] < LEAST_BLOCKS or not grid.all():
        return None
    return grid.reshape(*grid.shape[:2], -1) - 1


def _largest(layer: Any, numbers: np.ndarray, share: float) -> torch.Tensor:
    """1 where the weight's block is among the largest of its rows, in the shape of the weight."""
    weight = layer.weight.detach().cpu().numpy()
    size = (weight.reshape(-1)[numbers].astype(np.float64) ** 2).sum(axis=2)  # [row groups, blocks]
    order = np.argsort(-size, axis=1, kind="stable")[:, : kept_of(size.shape[1], share)]
    mask = np.zeros(weight.size, np.float32)
    mask[np.take_along_axis(numbers, order[:, :, None], axis=1)] = 1
    return torch.from_numpy(mask.reshape(weight.shape)).to(layer.weight.device)
