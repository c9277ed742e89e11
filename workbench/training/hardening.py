"""Robust by training: random bit errors in the quantised weights while they are trained, and weights within a limit.

References: random bit error training (RandBET) with weight clipping, Stutz et al. 2021,
https://arxiv.org/abs/2006.13977; weight clipping aware training (WCAT), Hoang et al. 2020. A clipped weight leaves a
layer a smaller scale, so that each flipped bit moves its sums less, and more weights share the work. The loss of a
quantised step is the mean of the clean one and of one with errors, which are drawn anew in each step.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from workbench.errors import WorkbenchError

_LAYERS = (nn.Conv1d, nn.ConvTranspose1d, nn.Linear)  # Brevitas' are these as well


@dataclass(frozen=True)
class Hardening:
    """How a network is made to bear faults.

    Args:
        bit_errors: Probability that a stored bit of a weight is flipped, in every quantised step; 0 for none.
        clip: Limit of the magnitude of weights of convolutions, in all stages; 0 for none.
    """

    bit_errors: float = 0.0
    clip: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.bit_errors < 0.5:
            raise WorkbenchError(
                f"bits cannot flip with the probability {self.bit_errors:g} while a network learns; choose 0 to less "
                "than 0.5, as 0.001"
            )
        if not 0 <= self.clip < float("inf"):
            raise WorkbenchError(
                f"weights cannot be clipped at {self.clip:g}; choose a limit above 0, as 0.25, or 0 for none"
            )

    @property
    def causes(self) -> dict[str, float]:
        """What of it decides weights, for the metadata of a checkpoint; nothing where it is none."""
        return {name: value for name, value in vars(self).items() if value}


@torch.no_grad()
def clip_weights(model: nn.Module, limit: float) -> None:
    """Cut the weights of all convolutions to -limit .. limit; biases and embeddings stay."""
    for module in model.modules():
        if isinstance(module, _LAYERS):
            module.weight.clamp_(-limit, limit)


class BitErrors:
    """Flips in the quantised weights of a model, heard while `struck`; its own weights stay as they are."""

    def __init__(self, model: nn.Module, rate: float, seed: int) -> None:
        """model: quantised, on any device. rate: probability of each stored bit. seed: another one draws other errors."""
        self._rate, self._seed = rate, seed
        self._quantisers: list[Any] = [
            layer.weight_quant
            for layer in model.modules()
            if isinstance(layer, _LAYERS) and hasattr(layer, "weight_quant")
        ]
        self._drawn = np.random.Generator(np.random.Philox(0))

    @contextmanager
    def struck(self, step: int) -> Iterator[None]:
        """Whatever the model computes meanwhile has the errors of this step, a function of seed and step."""
        self._drawn = np.random.Generator(np.random.Philox(key=[self._seed, 0xB17], counter=step))
        hooks = [each.register_forward_hook(self._strike) for each in self._quantisers]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _strike(self, _: nn.Module, __: Any, quantised: Any) -> Any:
        """Gradients pass as they are: the straight-through estimator, https://arxiv.org/abs/1308.3432."""
        value, scale = quantised.value.detach(), quantised.scale.detach()
        bits = int(quantised.bit_width)
        codes = torch.round(value / scale).to(torch.int64)
        flips = self._drawn.random((bits, *value.shape)) < self._rate
        mask = (flips.astype(np.int64) << np.arange(bits).reshape(-1, *[1] * value.dim())).sum(0)
        struck = flipped(codes, torch.from_numpy(mask).to(value.device), bits)
        return quantised.set(value=quantised.value + (struck - codes) * scale)


def flipped(codes: torch.Tensor, mask: torch.Tensor, bits: int) -> torch.Tensor:
    """Signed codes of so many bits whose stored bits are inverted where the mask has ones.

    >>> flipped(torch.tensor([0, -1, 5]), torch.tensor([128, 1, 0]), 8).tolist()
    [-128, -2, 5]
    """
    stored = (codes & (1 << bits) - 1) ^ mask
    return torch.where(stored >= 1 << bits - 1, stored - (1 << bits), stored)
