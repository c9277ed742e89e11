"""Sparse weights: the smallest of every layer become zero before quantisation, and stay zero.

Reference: magnitude pruning, Han et al. 2015, https://arxiv.org/abs/1506.02626.
"""

from __future__ import annotations

import torch
from torch import nn

_LAYERS = (nn.Conv1d, nn.ConvTranspose1d, nn.Linear)  # Brevitas' are these as well


class Zeros:
    """The zeros that the layers of a network have now, to be kept while it is trained."""

    def __init__(self, model: nn.Module) -> None:
        self._masks = [(weight, (weight != 0).to(weight.dtype)) for weight in _weights(model)]

    @torch.no_grad()
    def keep(self) -> None:
        """Set to zero what was zero."""
        for weight, mask in self._masks:
            weight.mul_(mask)


@torch.no_grad()
def prune(model: nn.Module, share: float) -> None:
    """Set this share of the weights of every layer to zero, the smallest by magnitude; biases stay."""
    for weight in _weights(model):
        count = int(share * weight.numel())
        smallest = weight.abs().flatten().argsort(stable=True)[:count]
        weight.view(-1)[smallest] = 0


def _weights(model: nn.Module) -> list[torch.Tensor]:
    return [module.weight for module in model.modules() if isinstance(module, _LAYERS)]
