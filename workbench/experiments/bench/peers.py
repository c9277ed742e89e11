"""Other fault injectors: flip one bit of a float weight and run the model, side by side.

The plain loop is what people write by hand; the three packages are used as their documentation
recommends for single flips of weights, and each says where. Layout: a flip is (layer, flat element,
bit of the float32).
"""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from workbench.experiments.bench.decoder import FloatDecoder

INSTALL = "make peers"
_FLOAT_BITS = 32


class Flip(NamedTuple):
    """layer: number among the layers with weights. element: flat. bit: 0 is the mantissa's lowest."""

    layer: int
    element: int
    bit: int


# Called after each trial with the flip and the output.
Observer = Callable[[Flip, torch.Tensor], None]


class Injector(ABC):
    """Something that makes trials: one uniformly drawn bit of a weight flips, forward, restore.

    What comes out is compared with nothing, so that only the trials themselves are timed.
    """

    NAME = ""
    MODULE = ""  # that has to be importable; "" for none

    def __init__(self, module: FloatDecoder, x: torch.Tensor, seed: int) -> None:
        """module: its own copy, that it may change. x: float32 [1, channels, time]."""
        self.module = module
        self.x = x
        self.rng = np.random.default_rng(seed)
        self.sizes = [layer.weight.numel() for layer in module.convolutions()]

    @classmethod
    def missing(cls) -> str | None:
        """Why it cannot run here, in one sentence; None when it can."""
        if not cls.MODULE or importlib.util.find_spec(cls.MODULE):
            return None
        return f"{cls.NAME} is not installed and is left out; `{INSTALL}` installs it"

    @abstractmethod
    def run(self, trials: int, observer: Observer | None = None) -> int:
        """Make about `trials` trials, uniform over all bits of all weights; return how many."""


class OneByOne(Injector):
    """An injector that takes the bit to flip from the caller."""

    @abstractmethod
    def trial(self, flip: Flip) -> torch.Tensor:
        """The output, float32 [1, 1, time], with this bit flipped."""

    def run(self, trials: int, observer: Observer | None = None) -> int:
        """See `Injector.run`."""
        with torch.inference_mode():
            for flip in self._draw(trials):
                output = self.trial(flip)
                if observer:
                    observer(flip, output)
        return trials

    def _draw(self, trials: int) -> list[Flip]:
        """Uniform over all bits of all weights."""
        element = self.rng.integers(0, sum(self.sizes), trials)
        ends = np.cumsum(self.sizes)
        layer = np.searchsorted(ends, element, side="right")
        element = element - (ends - np.array(self.sizes))[layer]
        bit = self.rng.integers(0, _FLOAT_BITS, trials)
        columns = (layer.tolist(), element.tolist(), bit.tolist())
        return [Flip(*flip) for flip in zip(*columns, strict=True)]


class PlainLoop(OneByOne):
    """Flip the bit in place, run, flip it back: no framework at all."""

    NAME = "plain-fp32-loop"

    def __init__(self, module: FloatDecoder, x: torch.Tensor, seed: int) -> None:
        super().__init__(module, x, seed)
        # Flat integers that share the weights' memory.
        self.words = [
            layer.weight.detach().view(-1).numpy().view(np.uint32)
            for layer in module.convolutions()
        ]

    def trial(self, flip: Flip) -> torch.Tensor:
        """See `OneByOne.trial`."""
        self._flip(flip)
        output: torch.Tensor = self.module(self.x)
        self._flip(flip)
        return output

    def run_many(self, trials: int, flips: int) -> int:
        """Make `trials` trials, each with so many flips at once; return how many."""
        with torch.inference_mode():
            for _ in range(trials):
                drawn = self._draw(flips)
                for flip in (*drawn, None, *drawn):
                    if flip:
                        self._flip(flip)
                    else:
                        self.module(self.x)
        return trials

    def _flip(self, flip: Flip) -> None:
        self.words[flip.layer][flip.element] ^= np.uint32(1 << flip.bit)
