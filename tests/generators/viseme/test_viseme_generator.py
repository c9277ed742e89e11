"""The generator `viseme`: sounds heard, visemes learnt, the whole chain from samples to shapes lowered exactly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from workbench.audio.hearing import HOP
from workbench.audio.mouth_shapes import BLENDSHAPES, SILENCE, VISEME_OF, VISEMES, shape_codes
from workbench.audio.sound_files import write_wav
from workbench.errors import WorkbenchError
from workbench.experiments.voices.feeding import feeding_of
from workbench.experiments.voices.outputs import compared, write_output
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.generators.speech.phones import SYMBOLS, without_stress
from workbench.generators.viseme import GENERATOR
from workbench.generators.viseme.configuration import LOOK_AHEAD, VisemeConfig, is_possible
from workbench.generators.viseme.lessons import FRAMES, aligned, lessons_of
from workbench.generators.viseme.network import VisemeLoss
from workbench.integer.ends import signal_in_front, through_front_end, without_front_end
from workbench.integer.lowered_generator import lower_generator, network_inputs
from workbench.integer.lowering.layer_check import disagreements
from workbench.integer.operators import Blend, MelBands
from workbench.integer.reference import run
from workbench.integer.smooth import run_smooth, smooth_parameters
from workbench.training.task import make_task
from workbench.training.train import calibrate, load_float_weights, train

TINY = VisemeConfig(channels=8)


@pytest.fixture(scope="module")
def shipped() -> Voice:
    return open_voice(generator="viseme")


def test_every_phone_has_a_viseme_and_every_viseme_a_shape() -> None:
    assert set(VISEME_OF) == {*without_stress(SYMBOLS), "SIL"}
    assert set(VISEME_OF.values()) == set(range(len(VISEMES)))
    assert shape_codes().shape == (len(VISEMES), len(BLENDSHAPES))
    assert len(np.unique(shape_codes(), axis=0)) == len(VISEMES)


@pytest.mark.parametrize("trunk_bits", [8, 4])
def test_samples_to_shapes_are_lowered_exactly(trunk_bits: int) -> None:
    config = replace(TINY, trunk_weight_bits=trunk_bits)
    model = GENERATOR.network(config, quantised=True)
    load_float_weights(model, GENERATOR.network(config, quantised=False).state_dict())
    inputs = network_inputs(GENERATOR, config, GENERATOR.tensors(config, ["3+8"]))
    calibrate(model, inputs)
    lowered = lower_generator(GENERATOR, model.eval(), check=True)
    program = lowered.program
    assert isinstance(program.operators[0], MelBands)
    assert isinstance(program.operators[-1], Blend)
    assert (program.frame_rate_hz, program.sample_rate_hz) == (100, 100)
    network = replace(lowered, program=without_front_end(program))
    assert not any(disagreements(model, network, inputs).values())
    heard = run(program, GENERATOR.encode(config, ["3+8"]))[network.program.inputs[0]]
    np.testing.assert_array_equal(network.codes(inputs)["bands"], heard)


def test_sounds_are_named_joined_or_files(tmp_path: Path) -> None:
    (one,) = GENERATOR.encode(TINY, ["7"]).values()
    (two,) = GENERATOR.encode(TINY, ["7+digits/7"]).values()
    assert one.shape[1] % HOP == two.shape[1] % HOP == 0
    assert abs(two.shape[1] - 2 * one.shape[1]) <= (LOOK_AHEAD + 2) * HOP
    assert GENERATOR.meant(TINY, "seven+phonetic/a_p") == "7+phonetic/a_p"
    assert GENERATOR.meant(TINY, "good morning") is None
    (minute,) = GENERATOR.encode(TINY, ["minute"]).values()
    assert minute.shape == (1, (6000 + LOOK_AHEAD) * HOP, 1)
    tone = 0.1 * np.sin(np.arange(4000))
    write_wav(tmp_path / "tone.wav", tone)
    path = str(tmp_path / "tone.wav")
    assert GENERATOR.meant(TINY, path) == path
    (codes,) = GENERATOR.encode(TINY, [path]).values()
    np.testing.assert_array_equal(codes[0, :4000, 0], np.rint(32768 * tone))


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.full(4000, 0.1), 8000, "sampled at 8000 Hz and 16000 Hz is needed; resample it"),
        (np.zeros(4000), 16_000, "is silent throughout"),
        (np.full(31 * 16_000, 0.1), 16_000, "lasts 31.0 s and at most 30 s is allowed"),
    ],
)
def test_recordings_that_cannot_be_heard_are_refused(
    tmp_path: Path, samples: np.ndarray, rate: int, message: str
) -> None:
    write_wav(tmp_path / "bad.wav", samples, rate)
    with pytest.raises(WorkbenchError, match=message):
        GENERATOR.encode(TINY, [str(tmp_path / "bad.wav")])


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="there is no sound file"):
        GENERATOR.encode(TINY, [str(tmp_path / "none.wav")])
    with pytest.raises(WorkbenchError, match=r"there is no sound 'hello'.*or name a WAV file"):
        GENERATOR.encode(TINY, ["hello"])
    with pytest.raises(WorkbenchError, match="one by one"):
        GENERATOR.encode(TINY, ["1", "1+1"])
    with pytest.raises(WorkbenchError, match="workbench data align"):
        GENERATOR.training_set(None)
    with pytest.raises(WorkbenchError, match="learns aligned recordings"):
        GENERATOR.configure({"7": np.zeros(100)}, GENERATOR.recipe("tiny"), {})


def test_visemes_come_after_the_sound() -> None:
    each = aligned(
        np.full(20 * HOP, 0.1), [("SIL", -2, 7), ("M", 5, 5), ("AA1", 10, 30), (",", 40, 3)]
    )
    first = 5 + LOOK_AHEAD
    assert (each.visemes[:first] == SILENCE).all()
    assert (each.visemes[first : first + 5] == VISEME_OF["M"]).all()
    assert (each.visemes[first + 5 :] == VISEME_OF["AA"]).all()
    assert len(each.visemes) == len(each.sound) // HOP == 20 + LOOK_AHEAD


def test_lessons_are_pieces_whose_beginning_is_learnt_once() -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 150 * HOP)
    each = aligned(sound, [("AA1", 0, 150)])
    pieces, visemes = lessons_of([each])
    assert pieces.shape == (6, FRAMES * HOP, 1)  # two pieces at three levels
    assert visemes.shape == (6, FRAMES)
    known = np.isfinite(visemes[:2]).sum()
    assert known == len(each.visemes)
    bands = through_front_end("melbands", pieces)
    assert bands.shape == (6, FRAMES, 32)
    quieter = bands[0, 5:90] - bands[2, 5:90]
    assert abs(np.median(quieter) - np.log2(1 / 0.6)) < 0.1


def test_the_loss_leaves_out_what_is_unknown() -> None:
    target = torch.full((1, 3), torch.nan)
    target[0, 1] = 4
    output = torch.rand(1, len(VISEMES), 3, requires_grad=True)
    VisemeLoss()(output, target).backward()
    assert output.grad is not None
    assert not output.grad[:, :, [0, 2]].any()
    assert output.grad[:, :, 1].all()


def test_training_learns_aligned_recordings(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    recordings = {
        f"word{n}": aligned(rng.normal(0, 0.1, 60 * HOP), [("AA1", 0, 60)]) for n in (0, 1)
    }
    recipe = replace(GENERATOR.recipe("tiny"), float_steps=2, qat_steps=1)
    task = make_task(GENERATOR, recordings, recipe=recipe)
    assert task.inputs["bands"].shape == (6, 32, FRAMES)
    train(task, tmp_path / "out", show=False)
    voice = open_voice(tmp_path / "out")
    assert voice.generator is GENERATOR
    assert voice.speak("seven").shape == (voice.frames("seven"), len(BLENDSHAPES))


def test_configurations_that_cannot_be_built_are_refused() -> None:
    for name, value in vars(TINY).items():
        assert is_possible(name, value), name
    for name, value in (
        ("sounds", ()), ("sounds", ("7", "7")), ("channels", 0), ("dilations", (0,)),
        ("trunk_weight_bits", 5), ("channels", 1 << 11),
    ):  # fmt: skip
        assert not is_possible(name, value), name


def test_the_shipped_face_opens_its_mouth_and_closes_it(shipped: Voice) -> None:
    face = shipped.speak("phonetic/p_p+1")  # "papa one"
    assert face.shape == (shipped.frames("phonetic/p_p+1"), len(BLENDSHAPES))
    jaw, closed = face[:, 0], face[:, 1]
    assert jaw.max() > 0.7
    assert closed.max() > 0.7
    assert jaw[closed > 0.7].max() < 0.3
    assert (face[-1] == shape_codes()[SILENCE] / 128).all()


def test_float_and_smooth_twins_are_near(shipped: Voice) -> None:
    exact, near = shipped.speak("7"), shipped.speak_in_float("7")
    assert compared(near, exact, shipped).error < 0.1
    program, inputs = shipped.program, shipped.inputs("7")
    scores = signal_in_front(program)
    smooth = run_smooth(program, smooth_parameters(program), inputs).detach().numpy()
    made = run(program, inputs)[scores.name]
    assert np.corrcoef(smooth.ravel(), made.ravel())[0, 1] > 0.99


def test_the_exported_readme_tells_of_shapes(shipped: Voice) -> None:
    assert "gives 5 shapes of a face, 40 ms after the sound." in feeding_of(shipped).notes


def test_a_face_is_written_with_its_times(shipped: Voice, tmp_path: Path) -> None:
    face = shipped.speak("7")
    write_output(tmp_path / "face.csv", face, shipped)
    head, *rows = (tmp_path / "face.csv").read_text().splitlines()
    assert head == "seconds," + ",".join(BLENDSHAPES)
    read = np.array([[float(cell) for cell in row.split(",")] for row in rows])
    np.testing.assert_allclose(read[:, 0], np.arange(len(face)) / 100 - 0.04, atol=1e-9)
    np.testing.assert_allclose(read[:, 1:], face, atol=1e-4)
