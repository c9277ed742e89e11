"""Refusals say the way out, and the way out leads out."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import brevitas.nn as qnn
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from random_modules import CALIBRATION_STEPS, NETS_RATE_HZ, Quick
from torch import nn

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.generators.layers import CausalConv1d, CausalConvTranspose1d, quantise
from workbench.generators.quantisers import Bias32, WeightInt8, WeightInt8PerTensor
from workbench.integer.lowering.lower import Lowered, Samples, lower

PRECISION = Quick(8, 8)


class Net(nn.Module):
    """Quantise, do what `body` does, quantise."""

    def __init__(self, body: Callable[[Any], Any]) -> None:
        super().__init__()
        self.first, self.body, self.last = quantise(PRECISION), body, quantise(PRECISION)

    def forward(self, input: torch.Tensor) -> Any:
        return self.last(self.body(self.first(input)))


def _lower(net: nn.Module) -> Lowered:
    return lower(net.eval(), {"input": Samples(4)}, name="net", input_rate_hz=NETS_RATE_HZ)


LAYERS: dict[str, tuple[nn.Module, str]] = {
    "batch norm": (nn.BatchNorm1d(4), r"fold it .* with convolution\.merge_bn_in\(norm\)"),
    "instance norm": (nn.InstanceNorm1d(4), "it divides by what it measures"),
    "group norm": (nn.GroupNorm(2, 4), "it divides by what it measures"),
    "layer norm": (nn.LayerNorm(8), "it divides by what it measures"),
    "float convolution": (nn.Conv1d(4, 4, 1), "use CausalConv1d with a Precision"),
    "float transposed": (nn.ConvTranspose1d(4, 4, 1), "use CausalConvTranspose1d"),
    "float linear": (nn.Linear(8, 8), r"use brevitas\.nn\.QuantLinear"),
    "images": (qnn.QuantConv2d(1, 1, 1), "sounds have one axis; use CausalConv1d"),
    "prelu": (nn.PReLU(), "its slope is a parameter; use nn.LeakyReLU"),
    "recurrent": (nn.GRU(4, 4), "nothing recurrent is known; use dilated CausalConv1d"),
    "quantised recurrent": (qnn.QuantLSTM(4, 4), "nothing recurrent is known"),
    "average": (nn.AvgPool1d(2), "depthwise CausalConv1d with a stride"),
    "maximum": (nn.MaxPool1d(2), "CausalConv1d with a stride"),
    "upsampling": (nn.Upsample(scale_factor=2), "use CausalConvTranspose1d"),
    "padding": (nn.ConstantPad1d((2, 0), 0.0), r"F\.pad\(x, \(rows, 0\)\)"),
    "softmax": (nn.Softmax(1), "leave it to whoever reads"),
    "fold": (nn.Unfold(2), r"see help\('workbench\.integer\.lowering\.lower'\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", LAYERS)
def test_an_unknown_layer_is_refused_with_what_to_use_instead(case: str) -> None:
    layer, words = LAYERS[case]
    with pytest.raises(WorkbenchError, match=rf"layer body \({type(layer).__name__}\): .*{words}"):
        _lower(Net(layer))


def _branches(x: Any) -> Any:
    return x if x.sum() > 0 else -x


def _loops(x: Any) -> Any:
    return torch.stack([2 * row for row in x])


def _misspelt(x: Any) -> Any:
    return F.relu(x, inplce=True)


FUNCTIONS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "view": (lambda x: x.view(1, 4, 8), r"view in .*values stay \[batch, channel, time\]"),
    "mean": (lambda x: x - x.mean(), "mean in .*nothing may be measured"),
    "where": (lambda x: torch.where(x > 0, x, -x), "gt in .* use torch.relu"),
    "matmul": (lambda x: torch.matmul(x, x), "matmul in .*QuantLinear"),
    "shape": (lambda x: x[..., : x.shape[-1] // 2], "getattr in .* may not depend on a shape"),
    "slice": (lambda x: x[:, :2], "getitem in .* use a stride, or groups"),
    "round": (lambda x: torch.round(x), "round in .*a quantiser rounds"),
    "norm": (lambda x: F.batch_norm(x, None, None, training=True), "batch_norm in .*fold it into"),
    "as_tensor": (torch.as_tensor, r"module Net: its forward pass cannot be followed at line \d+"),
    "as_tensor in a line": (
        lambda x: torch.as_tensor(x), r"at line \d+, 'lambda x: torch\.as_tensor\(x\).*use torch functions of whole"),
    "inside of Python": (lambda x: x * statistics.fmean(x), r"at line \d+, '.*statistics\.fmean"),
    "a tensor of one value": (lambda x: x * torch.tensor(2.0), "or a Python number in place of a tensor with one"),
    "numpy": (lambda x: np.tanh(x), "use torch functions of whole tensors, and no NumPy"),
    "float": (lambda x: x * float(x.mean()), "and no NumPy, float"),
    "length": (lambda x: x[: len(x)], "and no NumPy, float"),
    "loop": (_loops, "it must call the same layers whatever the data and its shape"),
    "if": (_branches, r"at line \d+, 'return x if x\.sum\(\) > 0 else -x'; it must call the same"),
    "a mistake": (_misspelt, r"at line \d+, 'return F\.relu\(x, inplce=True\)' \(relu\(\) got .*; mend that line"),
}  # fmt: skip


@pytest.mark.parametrize("case", FUNCTIONS)
def test_an_unknown_function_is_refused_with_what_to_do(case: str) -> None:
    body, words = FUNCTIONS[case]
    with pytest.raises(WorkbenchError, match=words) as refusal:
        _lower(Net(body))
    for internal in ("__", "Proxy", "torch.fx", "\n", str(__file__)):
        assert internal not in str(refusal.value)


class _Direct(Net):
    def forward(self, input: torch.Tensor) -> Any:
        return self.last(self.body.forward(self.first(input)))


class _Named(Net):
    def forward(self, input: torch.Tensor) -> Any:
        return self.last(self.body(x=self.first(input)))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (_Direct, r"call the layer itself, as layer\(x\), and not its forward"),
        (_Named, r"layer body \(CausalConv1d\): .*call it with one tensor alone, as layer\(x\)"),
    ],
)
def test_a_layer_that_is_called_in_another_way_is_refused_with_the_usual_one(
    kind: type[Net], words: str
) -> None:
    with pytest.raises(WorkbenchError, match=words):
        _lower(kind(CausalConv1d(4, 4, 1, precision=PRECISION)))


@pytest.mark.parametrize("bias", [False, True])
def test_a_folded_batch_norm_lowers(bias: bool) -> None:
    torch.manual_seed(0)
    conv, norm = CausalConv1d(4, 4, 3, bias=bias, precision=PRECISION), nn.BatchNorm1d(4)
    body = nn.Sequential(conv, norm)
    x = torch.randn(2, 4, 32)
    with torch.no_grad():
        for _ in range(CALIBRATION_STEPS + 1):
            norm(2 * x + 1)
        norm.eval()
        expected = norm(F.conv1d(F.pad(x, (2, 0)), conv.weight, conv.bias))
    net = Net(body)
    conv.merge_bn_in(norm)
    body[1] = nn.Identity()
    output = F.conv1d(F.pad(x, (2, 0)), conv.weight, conv.bias)
    torch.testing.assert_close(output, expected)
    for _ in range(CALIBRATION_STEPS + 1):
        net(x)
    _lower(net)


def test_a_grouped_transposed_convolution_names_its_quantisers() -> None:
    """The usual ones raise inside Brevitas as soon as it runs."""
    more = {"stride": 2, "groups": 2, "bias_quant": Bias32, "return_quant_tensor": True}
    wrong = Net(qnn.QuantConvTranspose1d(4, 4, 2, weight_quant=WeightInt8, **more))
    with pytest.raises(
        WorkbenchError, match=r"layer body .* groups need WeightInt8PerTensor or WeightInt4PerT"
    ):
        _lower(wrong)
    right = Net(qnn.QuantConvTranspose1d(4, 4, 2, weight_quant=WeightInt8PerTensor, **more))
    ours = Net(CausalConvTranspose1d(4, 4, 5, stride=2, groups=2, precision=PRECISION))
    for net in (right, ours):
        for _ in range(CALIBRATION_STEPS + 1):
            net(torch.randn(2, 4, 16))
        assert _lower(net).program.operators[0].groups == 2  # type: ignore[attr-defined]


def test_a_mistyped_option_value_gets_the_nearest_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words, near in (
        (["flip", "challenge", "--section", "wieghts"], "--section: there is no 'wieghts'; did you mean weights?"),
        (["flip", "chalenge"], "there is no generator 'chalenge'; did you mean challenge?"),
        (["compare", "challenge", "--strategy", "crc_scrub"], "did you mean crc-scrub?"),
        (["flip", "challenge", "--section", "WEIGHT"], "did you mean weights? See `workbench flip --help`"),
        (["export", "challenge", "--board", "STM32"], "did you mean STM32F4DISCOVERY? See"),
        (["emulate", "challenge", "--core", "M4"], "did you mean m4? See"),
        (["trian"], "there is no 'trian'; did you mean train?"),
    ):  # fmt: skip
        with pytest.raises(SystemExit):
            main(words)
        assert near in capsys.readouterr().err
