"""The generator `speech`: texts encoded, trained, lowered exactly, and made sound of by its synthesiser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from workbench.audio.speech_controls import CONTROL_EXPONENT, CONTROLS, HOP
from workbench.errors import WorkbenchError
from workbench.experiments.maps.worst_bits import worst_bits
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.generators.speech import GENERATOR
from workbench.generators.speech.configuration import SpeechConfig, is_possible
from workbench.generators.speech.network import DEVIATION, MEAN, ControlLoss
from workbench.generators.speech.prompts import Prompt
from workbench.generators.speech.timeline import PHONES, PLACES, Timeline
from workbench.integer.ends import signal_in_front, with_ends
from workbench.integer.lowered_generator import lower_generator
from workbench.integer.operators import Conv, Synthesis
from workbench.integer.reference import run
from workbench.integer.smooth import run_smooth, smooth_parameters
from workbench.training.task import make_task
from workbench.training.train import calibrate, load_float_weights, train

TINY = SpeechConfig(channels=8, dilations=(1, 2))
ROWS = {name: len(PHONES) for name in ("before", "phone", "after")}
ROWS |= dict.fromkeys(("since", "until", "begun", "left"), PLACES)


@pytest.fixture(scope="module")
def shipped() -> Voice:
    return open_voice(generator="speech")


def test_a_text_becomes_rows_of_every_embedding() -> None:
    codes = GENERATOR.encode(TINY, ["CRC-32 heals 2.5 mV, doesn't it?"])
    assert set(codes) == set(ROWS)
    for name, rows in codes.items():
        assert rows.dtype == np.int32
        assert rows.shape == (1, rows.size, 1)
        assert 0 <= rows.min() <= rows.max() < ROWS[name]
    assert GENERATOR.samples(TINY) == HOP * max(
        GENERATOR.encode(TINY, [text])["phone"].size for text in TINY.texts
    )


def test_texts_that_cannot_be_said_are_refused() -> None:
    with pytest.raises(WorkbenchError, match="can be said"):
        GENERATOR.encode(TINY, ["..."])
    with pytest.raises(WorkbenchError, match="one by one"):
        GENERATOR.encode(TINY, ["one", "one hundred and twenty"])
    with pytest.raises(WorkbenchError, match="workbench data analyse"):
        GENERATOR.training_set(None)
    with pytest.raises(WorkbenchError, match="learns prompts"):
        GENERATOR.configure({"7": np.zeros(100)}, GENERATOR.recipe("tiny"), {})


@pytest.mark.parametrize("trunk_bits", [8, 4])
def test_a_network_is_lowered_exactly_with_its_synthesiser(trunk_bits: int) -> None:
    config = replace(TINY, trunk_weight_bits=trunk_bits)
    model = GENERATOR.network(config, quantised=True)
    load_float_weights(model, GENERATOR.network(config, quantised=False).state_dict())
    calibrate(model, GENERATOR.tensors(config, ["seven"]))
    lowered = lower_generator(GENERATOR, model.eval(), check=True)
    program = lowered.program
    *_, last, vocoder = program.operators
    assert isinstance(last, Conv)
    assert isinstance(vocoder, Synthesis)
    controls = program.signal(last.target)
    assert (controls.bits, controls.exponent) == (16, CONTROL_EXPONENT)
    trunk = [o for o in program.operators if isinstance(o, Conv) and o.name.startswith("trunk")]
    assert {operator.weight_bits for operator in trunk} == {trunk_bits}
    assert program.sample_rate_hz == GENERATOR.sample_rate_hz
    with pytest.raises(WorkbenchError, match="no back end"):
        with_ends(program, back_end="vocal cords")


def test_a_fresh_network_begins_at_the_mean() -> None:
    model = GENERATOR.network(TINY, quantised=False)
    with torch.no_grad():
        output = model(**GENERATOR.tensors(TINY, ["seven"]))[0].numpy()
    assert output.shape[0] == CONTROLS
    assert (np.abs(output.mean(axis=1) - MEAN) < 3 * DEVIATION).all()


def test_the_loss_leaves_out_what_is_unknown() -> None:
    target = torch.full((1, CONTROLS, 3), torch.nan)
    target[:, :, 1] = 0.5
    output = torch.rand(1, CONTROLS, 3, requires_grad=True)
    ControlLoss()(output, target).backward()
    assert output.grad is not None
    assert not output.grad[:, :, [0, 2]].any()
    assert output.grad[:, :, 1].all()


def test_training_learns_prompts(tmp_path: Path) -> None:
    timeline = Timeline(("SIL", "S", "EH1", "V", "SIL"), (10, 20, 30, 20, 10))
    prompts = {f"word{n}": Prompt(timeline, np.tile(MEAN, (90, 1)) + np.float32(n)) for n in (0, 1)}
    recipe = replace(GENERATOR.recipe("tiny"), float_steps=2, qat_steps=1)
    task = make_task(GENERATOR, prompts, recipe=recipe)
    assert task.config.channels == 8
    assert len(task.targets) == 4  # two pieces each
    train(task, tmp_path / "out", show=False)
    voice = open_voice(tmp_path / "out")
    assert voice.generator is GENERATOR
    assert len(voice.speak("seven")) == HOP * voice.frames("seven")


def test_configurations_that_cannot_be_built_are_refused() -> None:
    for name, value in vars(TINY).items():
        assert is_possible(name, value), name
    for name, value in (
        ("texts", ()), ("texts", ("a", "a")), ("texts", (1,)), ("trunk_weight_bits", 3), ("channels", 1 << 20), ("dilations", ()), ("dilations", 3),
        ("phone_channels", 0),
    ):  # fmt: skip
        assert not is_possible(name, value), name


def test_the_shipped_voice_says_any_text(shipped: Voice) -> None:
    sound = shipped.speak("Blood pressure 120/80.")
    assert len(sound) == HOP * shipped.frames("Blood pressure 120/80.")
    assert 0.02 < np.abs(sound).std() < 0.3
    assert shipped.utterances == shipped.generator.utterances(shipped.config)
    assert set(shipped.utterances) <= set(shipped.recordings)


def test_the_float_twin_speaks_through_the_synthesiser(shipped: Voice) -> None:
    one, other = shipped.speak_in_float("seven"), shipped.speak("seven")
    assert one.shape == other.shape
    levels = [20 * np.log10(np.std(each)) for each in (one, other)]
    assert abs(levels[0] - levels[1]) < 3


def test_the_smooth_twin_ends_in_front_of_the_synthesiser(shipped: Voice) -> None:
    program, inputs = shipped.program, shipped.inputs("one")
    front = signal_in_front(program)
    smooth = run_smooth(program, smooth_parameters(program), inputs).detach().numpy()
    exact = run(program, inputs)[front.name]
    assert smooth.shape == exact.shape
    assert np.corrcoef(smooth[0, :, :32].ravel(), exact[0, :, :32].ravel())[0, 1] > 0.95
    (step,) = worst_bits(shipped.image(), {"one": inputs}, np.arange(800, 816), bits=1)
    assert 800 <= step.position < 816


def test_a_text_without_recording_is_refused_where_one_is_needed(shipped: Voice) -> None:
    with pytest.raises(WorkbenchError, match="no recording of 'hello' to compare with"):
        shipped.recording("hello")


def test_the_card_ships() -> None:
    assert "speech" in GENERATOR.card()
