"""PyTorchFI, MRFI and seu-injection-framework, each flipping one bit of a weight as it documents.

Layout: see `workbench.experiments.bench.peers`. Nothing here is imported before it is used.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
import torch

from workbench.experiments.bench.decoder import FloatDecoder
from workbench.experiments.bench.peers import Flip, Injector, Observer, OneByOne


class PyTorchFI(OneByOne):
    """`declare_weight_fi` with a function of one's own, which copies the model for every fault.

    https://github.com/pytorchfi/pytorchfi and https://pytorchfi.dev: custom error models are handed
    to it as `function`; `weight_error_models.py` names locations as here, None where a weight has no
    such dimension.
    """

    NAME = "pytorchfi"
    MODULE = "pytorchfi"

    def __init__(self, module: FloatDecoder, x: torch.Tensor, seed: int) -> None:
        super().__init__(module, x, seed)
        layers = module.convolutions()
        self.shapes = [tuple(layer.weight.shape) for layer in layers]
        kinds = list(dict.fromkeys(type(layer) for layer in layers))
        self.injection = import_module("pytorchfi.core").fault_injection(
            module, 1, input_shape=list(x.shape[1:]), layer_types=kinds, use_cuda=False
        )

    def trial(self, flip: Flip) -> torch.Tensor:
        """See `OneByOne.trial`."""
        mask = int(np.uint32(1 << flip.bit).view(np.int32))
        first, second, third = np.unravel_index(flip.element, self.shapes[flip.layer])

        def flipped(weight: torch.Tensor, location: tuple[int | None, ...]) -> torch.Tensor:
            return (weight[location].view(torch.int32) ^ mask).view(torch.float32)

        corrupted = self.injection.declare_weight_fi(
            function=flipped,
            layer_num=[flip.layer],
            k=[int(first)],
            dim1=[int(second)],
            dim2=[int(third)],
            dim3=[None],
        )
        output: torch.Tensor = corrupted(self.x)
        return output


class Mrfi(OneByOne):
    """An EasyConfig for weights, then the position and bit of each trial set in the detailed config.

    https://fffasttime.github.io/MRFI/usage_advanced and .../error_mode (FloatFixedBitFlip). A layer
    restores its weights when it is run with faults enabled, so the layer of the trial before stays
    enabled once more, with no position selected; all others are switched off.
    """

    NAME = "mrfi"
    MODULE = "mrfi"

    def __init__(self, module: FloatDecoder, x: torch.Tensor, seed: int) -> None:
        super().__init__(module, x, seed)
        mrfi = import_module("mrfi")
        fault = {
            "type": "weight",
            "enabled": False,
            "selector": {"method": "FixPositions", "positions": []},
            "error_mode": {"method": "FloatFixedBitFlip", "bit": 0, "floattype": "float32"},
            "module_type": ["Conv1d", "ConvTranspose1d"],
        }
        self.model = mrfi.MRFI(module, mrfi.EasyConfig({"faultinject": [fault]}))
        self.layers = self.model.get_weights_configs()
        self.selectors = self.model.get_weights_configs("selector.args")
        self.errors = self.model.get_weights_configs("error_mode.args")
        self.last: list[int] = []

    def trial(self, flip: Flip) -> torch.Tensor:
        """See `OneByOne.trial`."""
        layer = flip.layer
        for earlier in self.last[:-1]:
            self.layers[earlier].enabled = False
        for earlier in self.last[-1:]:
            self.selectors[earlier].positions = []
        self.last = [*self.last[-1:], layer] if self.last[-1:] != [layer] else [layer]
        self.layers[layer].enabled = True
        self.selectors[layer].positions = [flip.element]
        self.errors[layer].bit = flip.bit
        output: torch.Tensor = self.model(self.x)
        return output


class SeuInjection(Injector):
    """`StochasticSEUInjector.run_injector`: one bit number, and weights drawn with a probability.

    https://wd7512.github.io/seu-injection-framework/quickstart.html. Its criterion runs the model and
    scores nothing. Biases, which it cannot leave out of a run over all layers, are drawn as well:
    449 of 150,177 parameters.
    """

    NAME = "seu-injection-framework"
    MODULE = "seu_injection"

    def __init__(self, module: FloatDecoder, x: torch.Tensor, seed: int) -> None:
        super().__init__(module, x, seed)
        self.outputs: list[torch.Tensor] | None = None
        self.parameters = sum(parameter.numel() for parameter in module.parameters())
        self.names = [name for name, parameter in module.named_parameters() if parameter.dim() == 3]
        with _quiet():
            self.injector = import_module("seu_injection.core").StochasticSEUInjector(
                module, self._criterion, device="cpu", x=x, seed=seed
            )

    def _criterion(self, model: Any, x: torch.Tensor, y: None, device: object) -> float:
        output = model(x)
        if self.outputs is not None:
            self.outputs.append(output)
        return 0.0

    def run(self, trials: int, observer: Observer | None = None) -> int:
        """See `Injector.run`."""
        self.outputs = [] if observer else None
        bit = int(self.rng.integers(0, 32))  # it counts from the sign
        with _quiet(), torch.inference_mode():
            done = self.injector.run_injector(
                bit_i=bit, p=trials / self.parameters, run_at_least_one_injection=False
            )
        if observer and self.outputs is not None:
            shapes = [tuple(layer.weight.shape) for layer in self.module.convolutions()]
            rows = zip(done["layer_name"], done["tensor_location"], self.outputs, strict=True)
            for name, location, output in rows:
                if name in self.names:
                    layer = self.names.index(name)
                    element = int(np.ravel_multi_index(location, shapes[layer]))
                    observer(Flip(layer, element, 31 - bit), output)
        return len(done["criterion_score"])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what the package prints for every layer, and its progress bars."""
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        yield


PEERS: tuple[type[Injector], ...] = (PyTorchFI, Mrfi, SeuInjection)
