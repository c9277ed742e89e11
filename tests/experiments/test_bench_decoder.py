"""The benchmark's decoder: its size, and that its two forms are one network."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from workbench.experiments.bench.decoder import FRAMES, MACS, SAMPLES, WEIGHTS, Decoder, decoder
from workbench.integer import reference
from workbench.integer.operators import Conv
from workbench.integer.signals import code_range


@pytest.fixture(scope="module")
def subject() -> Decoder:
    return decoder()


def test_it_has_the_size_that_is_told(subject: Decoder) -> None:
    convolutions = [each for each in subject.program.operators if isinstance(each, Conv)]
    assert sum(conv.weight.size for conv in convolutions) == WEIGHTS == 149_728
    assert subject.program.macs_per_frame() * FRAMES == MACS == 12_959_744
    assert sum(layer.weight.numel() for layer in subject.module.convolutions()) == WEIGHTS
    assert subject.module(subject.x).shape == (1, 1, SAMPLES)
    assert all(conv.weight.dtype == np.int8 for conv in convolutions)
    assert subject.program.signal(subject.program.output).bits == 16


def test_both_forms_say_the_same(subject: Decoder) -> None:
    program = subject.program
    codes = reference.run(program, subject.inputs)[program.output][0]
    sound = subject.module(subject.x)[0, 0].numpy()
    exponent = program.signal(program.output).exponent
    assert exponent is not None
    samples = np.ldexp(codes[:, 0].astype(np.float64), exponent)
    assert np.corrcoef(samples, sound)[0, 1] > 0.99
    assert 0.9 < samples.std() / sound.std() < 1.1


def test_both_forms_have_the_same_weights(subject: Decoder) -> None:
    """The codes of an output channel, times one power of two, are the weights of the module."""
    convolutions = [each for each in subject.program.operators if isinstance(each, Conv)]
    for conv, layer in zip(convolutions, subject.module.convolutions(), strict=True):
        codes = conv.weight.astype(np.float64)
        weight = layer.weight.numpy().astype(np.float64)
        if isinstance(layer, torch.nn.ConvTranspose1d):
            # Output row u of position t hears position t - k by the kernel's element u + 4 k.
            there = np.stack([weight[:, :, 4:], weight[:, :, :4]], axis=2)  # [in, out, tap, up]
            there = there.transpose(3, 1, 2, 0)
        else:
            there = weight.transpose(0, 2, 1)[None]
        for channel in range(conv.out_channels):
            stored, weights = codes[:, channel], there[:, channel]
            scale = np.abs(weights).max() / np.abs(stored).max()
            assert np.log2(scale) % 1 == 0
            np.testing.assert_array_equal(stored * scale, weights)


def test_codes_use_their_range_and_are_neither_saturated_nor_dead(subject: Decoder) -> None:
    values = reference.run(subject.program, subject.inputs)
    for operator in subject.program.operators:
        signal, codes = subject.program.target(operator), values[operator.target]
        low, high = code_range(signal.bits)
        assert np.abs(codes.astype(np.int64)).max() > high // 4, operator.name
        assert ((codes == low) | (codes == high)).mean() < 0.01, operator.name
        assert (codes == 0).mean() < 0.6, operator.name


def test_the_seed_decides(subject: Decoder) -> None:
    assert decoder().program.content_hash == subject.program.content_hash
    assert decoder(1).program.content_hash != subject.program.content_hash
