"""The generator's own layers: they stream, round as the C code does, and train what they should."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workbench.generators.challenge import GENERATOR
from workbench.generators.challenge.configuration import ChallengeConfig
from workbench.generators.challenge.network import Challenge
from workbench.generators.generator import Measure
from workbench.generators.loss import WaveformLoss
from workbench.generators.mel_loss import MelLoss
from workbench.generators.quantisers import RoundHalfUp
from workbench.training.checkpoint_files import read_metadata

CONFIG = ChallengeConfig(words=("a", "b"), frames=24, channels=(8, 8, 4))


@given(st.lists(st.integers(-(2**20), 2**20), min_size=1))
def test_halves_are_rounded_up_and_gradients_pass(quarters: list[int]) -> None:
    x = torch.tensor(quarters, dtype=torch.float64, requires_grad=True)
    rounded = RoundHalfUp()(x / 4)
    assert rounded.tolist() == [(quarter + 2) // 4 for quarter in quarters]
    rounded.sum().backward()
    assert torch.equal(x.grad, torch.full_like(x, 0.25))


def test_what_comes_later_is_not_heard_before() -> None:
    torch.manual_seed(0)
    model = Challenge(CONFIG, quantised=False).double()
    one, other = GENERATOR.tensors(model.config, ["a"]), GENERATOR.tensors(model.config, ["b"])
    with torch.no_grad():
        before = model(**one)[0, 0]
        assert len(before) == CONFIG.frames * CONFIG.samples_per_frame
        for frame in range(CONFIG.frames):
            word = torch.cat([one["word"][:, :frame], other["word"][:, frame:]], dim=1)
            after = model(word, one["position"])[0, 0]
            first = frame * CONFIG.samples_per_frame
            assert torch.equal(before[:first], after[:first])
            assert not torch.equal(before[first:], after[first:])


def test_the_time_code_is_fixed_and_tells_every_frame_apart() -> None:
    model = Challenge(CONFIG, quantised=True)
    code = model.position.weight
    assert not code.requires_grad and model.word.weight.requires_grad
    assert code.abs().max() <= 1
    codes = np.round(code.numpy() * 127)  # as far as 8 bits can tell
    assert len(np.unique(codes, axis=0)) == CONFIG.frames
    again = Challenge(CONFIG, quantised=False).position.weight
    assert torch.equal(code, again)


@pytest.mark.parametrize("name", [each for each in GENERATOR.checkpoints if each != "safety"])
def test_what_ships_reaches_its_measures(name: str) -> None:
    measured = read_metadata(GENERATOR.checkpoint(name))["measured"]
    limits = [each for each in GENERATOR.measures if (each.at_least, each.at_most) != (None, None)]
    assert len(limits) == 4
    assert not [
        each.shortfall(measured[each.name])
        for each in limits
        if each.shortfall(measured[each.name])
    ]


def test_the_safety_voice_is_understood() -> None:
    measured = read_metadata(GENERATOR.checkpoint("safety"))["measured"]
    assert measured["recognised"] >= 0.8 and measured["nearest"] == 1.0


def test_a_table_of_positions_can_be_learned() -> None:
    config = replace(CONFIG, embedding=20, learned_positions=True)
    torch.manual_seed(0)
    model = Challenge(config, quantised=False)
    assert model.position.weight.shape == (24, 20) and model.position.weight.requires_grad
    fixed = Challenge(CONFIG, quantised=False).position.weight
    assert torch.equal(model.position.weight[:, :16], fixed)


def test_mel_bands_do_not_hear_phase_and_hear_what_they_resolve() -> None:
    torch.manual_seed(0)
    target = torch.randn(2, 4096)
    loss, time = MelLoss(), torch.arange(4096) / 16000
    assert loss(target, target) == 0 and loss(-target, target) == 0
    assert WaveformLoss()(-target, target) > 1
    tones = {hertz: torch.sin(2 * torch.pi * hertz * time)[None] for hertz in (1000, 1010, 2000)}
    near, far = (float(loss(tones[hertz], tones[1000])) for hertz in (1010, 2000))
    assert 0 < near < far / 2


def test_a_measure_says_what_it_misses() -> None:
    measure = Measure("pesq_nb", at_least=2.3, at_most=4.5)
    assert [measure.shortfall(value) for value in (None, 2.3, 4.5, 2.2, 4.6)] == [
        "", "", "", "at least 2.3", "at most 4.5",
    ]  # fmt: skip


def test_it_has_a_card() -> None:
    assert GENERATOR.card().startswith("# ") and "licence" in GENERATOR.card().lower()
