"""The synthesiser: right by floating-point arithmetic, the same in pieces, and forgetful of faults."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import seeds
from synthesisers import (
    HOP,
    RATE_HZ,
    any_controls,
    any_state,
    band_centres_hz,
    controls,
    spoken_in_float,
)

from workbench.errors import WorkbenchError
from workbench.experiments.bench.synthesis import synthesiser
from workbench.integer.frames import frames_of
from workbench.integer.operators import Conv
from workbench.integer.operators.synthesis import Synthesis
from workbench.integer.program import Program
from workbench.integer.reference import Stream, run
from workbench.integer.signals import Signal
from workbench.integer.storage import load_program, save_program
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.truth import play

FALLING = -4 - np.linspace(0, 4, 32)  # an envelope, log2


def spoken(codes: np.ndarray) -> np.ndarray:
    """Samples float64 [frames * 160]."""
    return run(synthesiser(), {"controls": codes})["samples"][0, :, 0] / 32768


@settings(max_examples=10, deadline=None)
@given(seed=seeds)
def test_speech_is_what_floating_point_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames = 12
    knots = rng.uniform(-9, -5, (4, 6))  # of an envelope that is smooth in frequency and time
    across = np.array([np.interp(np.arange(32), np.linspace(0, 31, 6), row) for row in knots])
    times = np.linspace(0, frames - 1, 4)
    envelope = np.array([np.interp(np.arange(frames), times, band) for band in across.T]).T
    share = np.repeat(rng.uniform(-0.5, 1.5, (frames // 4, 5)).clip(0, 1), 4, axis=0)
    pitch = np.interp(np.arange(frames), times, rng.uniform(80, 300, 4))
    codes = controls(frames, envelope=envelope + FALLING + 6, share=share, f0_hz=pitch)
    expected = spoken_in_float(codes[0])
    error = spoken(codes) - expected
    # 27 dB to 45; rounding counts for most where it is quiet.
    assert 10 * np.log10(np.sum(expected**2) / np.sum(error**2)) > 24


@pytest.mark.parametrize("f0_hz", [80, 127.5, 210, 440])
def test_harmonics_lie_at_multiples_of_f0_and_on_the_envelope(f0_hz: float) -> None:
    y = spoken(controls(70, envelope=FALLING, share=1.0, f0_hz=f0_hz))[10 * HOP :]
    window = np.hanning(len(y))
    exact = 2 ** (np.rint(2048 * np.log2(f0_hz)) / 2048)
    last = int(7600 / exact)
    for k in {1, 2, 3, 5, 10, last // 2, last}:
        hz = k * exact
        turns = np.arange(len(y)) * hz / RATE_HZ
        amplitude = 2 * abs(np.sum(y * window * np.exp(-2j * np.pi * turns))) / window.sum()
        level = np.interp(hz, band_centres_hz(32), FALLING)
        expected = 2 * 2**level * np.sqrt(exact / RATE_HZ)
        assert abs(20 * np.log10(amplitude / expected)) < 0.25, k
    power = np.abs(np.fft.rfft(y * window)) ** 2
    hz = np.fft.rfftfreq(len(y), 1 / RATE_HZ)
    near = np.abs(hz / exact - np.rint(hz / exact)) * exact < 8  # within 8 Hz of a multiple
    assert power[near].sum() > 0.999 * power.sum()


def test_noise_has_the_spectrum_of_the_envelope() -> None:
    envelope = -5 + 2 * np.sin(np.arange(32) / 4)
    y = spoken(controls(400, envelope=envelope, share=0.0))[2 * HOP :]
    pieces = np.lib.stride_tricks.sliding_window_view(y, 512)[::128] * np.hanning(512)
    power = np.mean(np.abs(np.fft.rfft(pieces)) ** 2, axis=0) / np.sum(np.hanning(512) ** 2)
    hz = np.fft.rfftfreq(512, 1 / RATE_HZ)
    centres = band_centres_hz(32)
    for band in range(2, 31):
        inside = (hz > centres[band - 1]) & (hz < centres[band + 1])
        expected = np.mean(4 ** np.interp(hz[inside], centres, envelope))
        assert abs(10 * np.log10(power[inside].mean() / expected)) < 0.3, band


def test_shares_divide_the_power_between_harmonics_and_noise() -> None:
    both, voice = (
        spoken(controls(300, envelope=-5.0, share=share, f0_hz=128.0))[2 * HOP :]
        for share in (0.5, 1.0)
    )
    period = RATE_HZ // 128
    periods = both[: len(both) // period * period].reshape(-1, period)
    repeated = np.mean(periods.mean(axis=0) ** 2)  # noise is gone in the mean of many periods
    np.testing.assert_allclose(repeated / np.mean(voice**2), 0.5, atol=0.03)
    np.testing.assert_allclose(np.mean(both**2) / np.mean(voice**2), 1, atol=0.03)


def test_the_lowest_controls_are_nearly_silence() -> None:
    assert np.abs(spoken(controls(5, envelope=-16.0, share=0.7))).max() <= 2**-13


@settings(max_examples=15, deadline=None)
@given(seed=seeds, cut=st.integers(1, 39))
def test_pieces_and_batches_are_the_whole(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    program = synthesiser()
    codes, past = any_controls(rng, 40), any_state(program, rng)
    whole, parts = Stream(program), Stream(program, batch=2)
    for name, values in past.items():
        whole.states[name] = values[None]
        parts.states[name] = np.stack([np.zeros_like(values), values])
    silent = run(program, {"controls": codes})["samples"]
    expected = np.concatenate([silent, whole.step({"controls": codes})["samples"]])
    both = np.repeat(codes, 2, axis=0)
    made = [parts.step({"controls": part})["samples"] for part in np.split(both, [cut], axis=1)]
    np.testing.assert_array_equal(np.concatenate(made, axis=1), expected)
    frames = frames_of(program)
    state = frames.state_of(past)
    for part, samples in zip(np.split(codes, [cut], axis=1), made, strict=True):
        heard, state = frames.step({"controls": part}, frames.changed({}), state)
        np.testing.assert_array_equal(heard["samples"], samples[1])


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_no_fault_of_the_state_outlives_a_change_of_voicing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    program = synthesiser()
    streams = [Stream(program), Stream(program)]
    streams[1].states = {name: x[None] for name, x in any_state(program, rng).items()}
    voiced = {"controls": controls(1, envelope=FALLING, share=0.8, f0_hz=rng.uniform(64, 500))}
    unvoiced = {"controls": controls(1, envelope=FALLING, share=0.1)}
    for frame in (voiced, voiced, unvoiced, voiced):
        samples = [stream.step(frame)["samples"] for stream in streams]
    assert (samples[0] != 0).any()
    samples = [stream.step(voiced)["samples"] for stream in streams]
    np.testing.assert_array_equal(*samples)
    for name, values in streams[0].states.items():
        np.testing.assert_array_equal(values, streams[1].states[name])


def test_every_bit_of_tables_and_state_is_a_fault_site() -> None:
    image = Image.of(synthesiser())
    places = {(p.section, p.tensor) for p in image.layout.places if p.operator == "voice"}
    tables = {"sine", "exponential", "level", "envelope_bin", "voicing_bin"}
    remembered = {"wave", "tail", "phase", "step", "noise"}
    for section, tensors in (("table", tables), ("golden", tables), ("state", remembered)):
        assert {tensor for where, tensor in places if where == section} == tensors
    inputs = {"controls": any_controls(np.random.default_rng(2), 5)}
    laboratory = Laboratory(image, inputs)
    assert laboratory.engine == "native"
    for fault in ("flips=3", "flips=30,section=state", "flips=2,section=activations"):
        events = Plan.parse(fault).events(Sites(image), np.arange(4))
        sounds = laboratory.sounds(events, 4)
        truths = [play(image, inputs, events.of_trials(n, n + 1)) for n in range(4)]
        np.testing.assert_array_equal(sounds, truths)
        assert (sounds != laboratory.clean).any()


@settings(max_examples=4, deadline=None)
@given(seed=seeds)
def test_trials_of_a_network_that_speaks_are_true(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes, samples = synthesiser().signals
    weight = rng.integers(-128, 128, (1, 38, 3, 4)).astype(np.int8)
    bias = rng.integers(-(2**14), 2**14, 38).astype(np.int32)
    shift = np.full(38, 2, np.int8)
    net = Conv("net", ("x",), codes.name, weight, bias, shift, -(2**15), 2**15 - 1)
    signals = Signal("x", 8, 4, 1, -7), codes, samples
    program = Program(
        "speaking", ("x",), samples.name, 100.0, signals, (net, *synthesiser().operators)
    )
    image, inputs = Image.of(program), {"x": rng.integers(-128, 128, (1, 6, 4))}
    laboratory = Laboratory(image, inputs)
    events = Plan.parse(f"flips=6,seed={seed % 1000}").events(Sites(image), np.arange(6))
    truths = [play(image, inputs, events.of_trials(n, n + 1)) for n in range(6)]
    np.testing.assert_array_equal(laboratory.sounds(events, 6), truths)


def test_files_keep_it(tmp_path: Path) -> None:
    save_program(synthesiser(), tmp_path / "p")
    read = load_program(tmp_path / "p")
    assert read.content_hash == synthesiser().content_hash
    assert isinstance(read.operators[0], Synthesis)


@pytest.mark.parametrize(
    ("number", "changes", "message"),
    [
        (0, {"channels": 37}, "reads one row of 38 controls"),
        (0, {"bits": 8}, "reads one row of 38 controls"),
        (0, {"exponent": -12}, "reads one row of 38 controls"),
        (0, {"rate": 2}, "reads one row of 38 controls"),
        (1, {"rate": 128}, "writes 160 samples a frame"),
        (1, {"channels": 2}, "writes 160 samples a frame"),
    ],
)
def test_signals_that_do_not_fit_are_refused(
    number: int, changes: dict[str, int], message: str
) -> None:
    program = synthesiser()
    signals: list[Signal] = list(program.signals)
    signals[number] = replace(signals[number], **changes)
    with pytest.raises(WorkbenchError, match=f"operator voice: {message}"):
        replace(program, signals=tuple(signals))


def test_tables_of_another_size_are_refused() -> None:
    program = synthesiser()
    level = program.operators[0].level[:-1]
    with pytest.raises(WorkbenchError, match=r"operator voice: needs level as int16 \[129\]"):
        program.with_parameters({("voice", "level"): level})
