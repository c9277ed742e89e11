"""What `lower` compares before it returns: every code of every layer, on its own inputs and on given ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from random_modules import NETS_RATE_HZ, small_net
from torch import nn

from workbench.errors import WorkbenchError
from workbench.generators.challenge import GENERATOR
from workbench.generators.layers import Precision, quantise
from workbench.integer.lowered_generator import lower_generator
from workbench.integer.lowering.layer_check import random_inputs
from workbench.integer.lowering.lower import Lowered, Samples, lower
from workbench.training.checkpoint import load_checkpoint
from workbench.training.checkpoint_files import shipped_checkpoint

PRECISION = Precision(8, 8)


def _lower(net: nn.Module, **options: Any) -> Lowered:
    return lower(net, {"input": Samples(2)}, name="net", input_rate_hz=NETS_RATE_HZ, **options)


class Hidden(nn.Module):
    """Two quantisers, and something between them that tracing does not see."""

    def __init__(self, hidden: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.act, self.last, self.hidden = quantise(PRECISION), quantise(PRECISION), hidden

    def forward(self, input: torch.Tensor) -> Any:
        x = self.act(input)
        return self.last(x if isinstance(x, torch.fx.Proxy) else self.hidden(x.value))


def test_the_first_layer_that_differs_is_named() -> None:
    words = r"cannot lower layer last \(QuantIdentity\): [\d,]+ of its [\d,]+ codes differ"
    net = Hidden(lambda x: 2 * x).eval()
    with pytest.raises(WorkbenchError, match=words):
        _lower(net)
    assert _lower(net, check=False).program.operators


class Again(Hidden):
    """A quantiser that is called once more when nobody traces."""

    def forward(self, input: torch.Tensor) -> Any:
        x = self.act(input)
        return self.last(x if isinstance(x, torch.fx.Proxy) else self.act(x))


def test_a_forward_pass_that_calls_other_layers_than_it_seemed_is_refused() -> None:
    with pytest.raises(
        WorkbenchError, match="module Again: its forward pass called 4 layers and 3"
    ):
        _lower(Again(torch.relu).eval())


def test_own_inputs_are_compared_too() -> None:
    """A forward pass that is another one for an utterance that random inputs do not have."""
    module = Hidden(lambda x: -x if float(x.abs().sum()) == 0.25 else x).eval()
    _lower(module)
    _lower(module, check={"input": torch.zeros(1, 2, 5)})
    with pytest.raises(WorkbenchError, match=r"layer last \(QuantIdentity\): 1 of its 10 codes"):
        seen = torch.zeros(1, 2, 5)
        seen[0, 1, 3] = 0.25
        _lower(module, check={"input": seen})
    with pytest.raises(WorkbenchError, match="needs the input 'input' too"):
        _lower(module, check={"x": torch.zeros(1, 2, 5)})
    with pytest.raises(WorkbenchError, match="give numbers"):
        _lower(module, check={"input": torch.zeros(2, 5)})


def test_random_inputs_have_every_code_and_reach_back_past_the_start() -> None:
    lowered = _lower(small_net())
    inputs = random_inputs(lowered)
    codes = lowered.codes(inputs)["input"]
    assert (codes.min(), codes.max()) == (-128, 127)
    assert len(np.unique(codes)) > 200
    assert (inputs["input"] / 2.0 ** lowered.inputs["input"].exponent % 1 != 0).any()
    assert codes.shape[1] > max(operator.history for operator in lowered.program.operators)
    np.testing.assert_array_equal(codes, lowered.codes(random_inputs(lowered))["input"])


def test_the_shipped_checkpoint_lowers_to_the_program_it_always_was() -> None:
    model, _ = load_checkpoint(shipped_checkpoint())
    assert lower_generator(GENERATOR, model).program.content_hash.startswith("eb0724a4d099")
