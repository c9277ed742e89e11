"""The front end: right by floating-point arithmetic, the same in pieces, forgetful of faults, total."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listeners import HOP, RATE_HZ, any_sound, bands_in_float, ear, listener
from programs import seeds
from synthesisers import any_state

from workbench.errors import WorkbenchError
from workbench.integer.frames import frames_of
from workbench.integer.operators import Blend, MelBands
from workbench.integer.reference import Stream, run
from workbench.integer.signals import Signal
from workbench.integer.storage import load_program, save_program
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.truth import play


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_bands_are_what_floating_point_says(seed: int) -> None:
    sound = any_sound(np.random.default_rng(seed), 20)
    codes = run(ear(), {"sound": sound})["bands"][0]
    expected = bands_in_float(sound[0, :, 0].astype(np.float64))
    error = codes - expected
    # Magnitudes are up to 3 % off, a step is 4.4 %; near silence they are a few steps themselves.
    assert np.abs(error[expected > -110]).max() < 1.7
    assert np.abs(error).max() < 6
    assert abs(error.mean()) < 0.4


@pytest.mark.parametrize("hz", [200.0, 1000.0, 3000.0, 6000.0])
def test_a_tone_is_in_its_band_and_a_doubled_one_16_steps_higher(hz: float) -> None:
    tone = np.sin(2 * np.pi * hz * np.arange(10 * HOP) / RATE_HZ)
    quiet, loud = (
        run(ear(), {"sound": np.rint(a * tone).astype(np.int16)[None, :, None]})["bands"][0, 5:]
        for a in (4000, 8000)
    )
    mel = 2595 * np.log10(1 + np.array([80, 7600, hz]) / 700)
    place = (mel[2] - mel[0]) / (mel[1] - mel[0]) * 33 - 1
    assert (np.abs(loud.argmax(axis=1) - place) <= 1).all()
    np.testing.assert_allclose(loud.max(axis=1) - quiet.max(axis=1), 16, atol=1)


def test_silence_is_the_lowest_code() -> None:
    assert (run(ear(), {"sound": np.zeros((1, 800, 1), np.int16)})["bands"] == -128).all()


@settings(max_examples=15, deadline=None)
@given(seed=seeds, cut=st.integers(1, 19))
def test_pieces_and_batches_are_the_whole(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    program = listener(seed)
    sound, past = any_sound(rng, 20), any_state(program, rng)
    whole, parts = Stream(program), Stream(program, batch=2)
    for name, values in past.items():
        whole.states[name] = values[None]
        parts.states[name] = np.stack([np.zeros_like(values), values])
    silent = run(program, {"sound": sound})["face"]
    expected = np.concatenate([silent, whole.step({"sound": sound})["face"]])
    both = np.repeat(sound, 2, axis=0)
    pieces = np.split(both, [cut * HOP], axis=1)
    made = np.concatenate([parts.step({"sound": each})["face"] for each in pieces], axis=1)
    np.testing.assert_array_equal(made, expected)
    frames = frames_of(program)
    codes, _ = frames.step({"sound": sound}, frames.changed({}), frames.state_of(past))
    np.testing.assert_array_equal(codes["face"], expected[1])


@settings(max_examples=10, deadline=None)
@given(seed=seeds)
def test_no_fault_of_the_past_outlives_three_frames(seed: int) -> None:
    rng = np.random.default_rng(seed)
    streams = [Stream(ear()), Stream(ear())]
    streams[1].states = {name: x[None] for name, x in any_state(ear(), rng).items()}
    sound = any_sound(rng, 4)
    first, second = (stream.step({"sound": sound})["bands"][0] for stream in streams)
    assert (first[0] != second[0]).any()
    np.testing.assert_array_equal(first[3], second[3])


def test_every_bit_of_tables_and_state_is_a_fault_site() -> None:
    image = Image.of(listener())
    places = {(p.section, p.operator, p.tensor) for p in image.layout.places}
    tables = {("ear", field) for field in MelBands.PARAMETERS}
    tables |= {("mix", field) for field in Blend.PARAMETERS}
    for section in ("table", "golden"):
        assert tables <= {
            (operator, tensor) for where, operator, tensor in places if where == section
        }
    assert ("state", "ear", "past") in places


@settings(max_examples=6, deadline=None)
@given(
    seed=seeds,
    section=st.sampled_from(["", ",section=table", ",section=state", ",section=activations"]),
)
def test_trials_of_a_network_that_hears_are_true(seed: int, section: str) -> None:
    rng = np.random.default_rng(seed)
    image, inputs = Image.of(listener(seed)), {"sound": any_sound(rng, 8)}
    laboratory = Laboratory(image, inputs)
    events = Plan.parse(f"flips=12,seed={seed % 1000}{section}").events(Sites(image), np.arange(6))
    truths = [play(image, inputs, events.of_trials(n, n + 1)) for n in range(6)]
    np.testing.assert_array_equal(laboratory.sounds(events, 6), truths)


def test_files_keep_it(tmp_path: Path) -> None:
    save_program(listener(), tmp_path / "p")
    assert load_program(tmp_path / "p").content_hash == listener().content_hash


@pytest.mark.parametrize(
    ("number", "changes", "message"),
    [
        (0, {"channels": 2}, "ear: reads 160 samples a frame"),
        (0, {"bits": 8}, "ear: reads 160 samples a frame"),
        (0, {"rate": 80}, "ear: reads 160 samples a frame"),
        (1, {"channels": 40}, "ear: writes one row of 32 bands"),
        (1, {"exponent": -3}, "ear: writes one row of 32 bands"),
        (3, {"bits": 16}, "mix: reads and writes int8 codes only"),
        (3, {"rate": 2}, "mix: keeps the rate"),
        (3, {"channels": 4}, r"mix: needs shapes as int8 \[6, 4\]"),
    ],
)
def test_signals_that_do_not_fit_are_refused(
    number: int, changes: dict[str, int], message: str
) -> None:
    program = listener()
    signals: list[Signal] = list(program.signals)
    signals[number] = replace(signals[number], **changes)
    with pytest.raises(WorkbenchError, match=f"operator {message}"):
        replace(program, signals=tuple(signals))


def test_tables_of_another_size_are_refused() -> None:
    place = listener().operators[0].place[:-1]
    with pytest.raises(WorkbenchError, match=r"operator ear: needs place as int16 \[257\]"):
        listener().with_parameters({("ear", "place"): place})
