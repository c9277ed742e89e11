"""The voice of an input: against a plain loop, another speaker, and tables that were damaged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import random_inputs, random_program
from voices import voice
from watching_strategies import random_voice

from workbench.errors import WorkbenchError
from workbench.experiments.monitors.calibration import Calibration, calibrate
from workbench.experiments.monitors.data_changes import changed_inputs
from workbench.experiments.monitors.streams import CHECK, Stream, laid_out
from workbench.experiments.voices.voice import open_voice
from workbench.healing.log import Diagnosis, Remedy, Verdict
from workbench.healing.simulation import simulate
from workbench.integer.reference import run
from workbench.memory.faults.events import Event
from workbench.memory.image import flip_bits
from workbench.memory.layout import Layout
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.input_voice import InputVoice, VoiceWatch

HEARING = [n for n in range(60) if InputVoice("input-voice").watchable(random_program(n))]


def _plain(
    watch: VoiceWatch, data: np.ndarray, means: list[int], codes: list[list[int]]
) -> list[int]:
    """Frame by frame, as the C has it; brings `means` up to date."""
    usual = read_tensor(data, watch.place("usual")).tolist()
    ranges = read_tensor(data, watch.place("range")).tolist()
    (gate,) = read_tensor(data, watch.place("gate")).tolist()
    scores = []
    for frame in codes:
        beyond = 0
        if sum(frame) > gate:
            for k, (low, high) in enumerate(ranges):
                d = 256 * (frame[k + 1] - frame[k] - usual[k])
                means[k] = min(max(means[k] + (d - means[k]) // 16, -(2**15)), 2**15 - 1)
                beyond += max(means[k] - high, low - means[k], 0)
        scores.append(min(beyond // 64, 1023))
    return scores


@given(st.sampled_from(HEARING), st.integers(0, 2**32 - 1), st.booleans(), st.integers(1, 12))
def test_scores_are_those_of_a_plain_loop(
    program_seed: int, seed: int, damaged: bool, frames: int
) -> None:
    program, rng = random_program(program_seed), np.random.default_rng(seed)
    layout = Layout(program, areas=(random_voice(rng, program),))
    (watch,) = layout.watches
    assert isinstance(watch, VoiceWatch)
    data = np.zeros(layout.size_bytes, np.uint8)
    watch.sign(data, 0)
    means = np.zeros(watch.memories()["mean"][1], np.int64)
    if damaged:
        first, last = watch.sealed()
        flip_bits(data, rng.integers(8 * first, 8 * last, 5))
        means = rng.integers(-(2**15), 2**15, means.shape)
    signals = {n: c[0] for n, c in run(program, random_inputs(program, seed, frames)).items()}
    codes = watch.measures(data, signals)
    signal = program.signal(watch.signals[0])
    whole = signals[signal.name].reshape(frames, -1).astype(np.int64)
    assert codes.tolist() == (whole // 2 ** (signal.bits - 8)).tolist()
    plain, memory, scores = means.tolist(), {"mean": means.copy()}, []
    cut = int(rng.integers(frames + 1))
    for part in (codes[:cut], codes[cut:]):
        scores += watch.scores(data, memory, part).tolist()
    assert scores == _plain(watch, data, plain, codes.tolist())
    assert memory["mean"].tolist() == plain


@pytest.fixture(scope="module")
def made() -> Calibration:
    """Of the shipped network that hears."""
    return calibrate(open_voice(generator="viseme"), "input-voice", frames=40_000, mean_frames=1e6)


def test_another_speaker_is_found_within_four_seconds(made: Calibration) -> None:
    """Of recordings that nothing was learned from; three fifths within one."""
    viseme, rng, delays = made.voice, np.random.default_rng(3), []
    texts = Stream(viseme, CHECK, 0, 11).texts()
    for _ in range(10):
        watch, data = laid_out(viseme, made.area)
        before = viseme.inputs(next(texts))
        parts = [before]
        while sum(len(each["sound"][0]) for each in parts[1:]) < 400 * 160:
            parts.append(
                changed_inputs(viseme.program, viseme.inputs(next(texts)), "another speaker", rng)
            )
        sound = {"sound": np.concatenate([each["sound"] for each in parts], axis=1)}
        bands = {"bands": run(viseme.program, sound)["bands"][0]}
        alarm = watch.first_alarm(data, watch.measures(data, bands))
        assert alarm is not None
        delays.append(alarm - len(before["sound"][0]) // 160)
    assert min(delays) >= 0 and max(delays) < 400 and np.mean(np.array(delays) < 100) >= 0.6


def test_damaged_tables_are_no_other_data(made: Calibration) -> None:
    """The bands of all frames are wrong: with a golden copy memory is found to be, and healed."""
    viseme, strategy = made.voice, made.strategy
    image = strategy.image(viseme.program)
    sound = viseme.inputs("7+3+5+1+9+2+7")
    place = next(each for each in image.layout.places if each.tensor == "place")
    upsets = [Event(40, 8 * (place.start + 2 * at) + 9) for at in range(60)]
    log = simulate(image, sound, upsets, strategy).log
    first = next(entry for entry in log if strategy.areas[entry.area].code == "input-voice")
    assert (first.diagnosis, first.remedy) == (Diagnosis.MEMORY, Remedy.SCRUB)
    assert first.verdict == Verdict.HEALED
    assert Diagnosis.DATA not in {entry.diagnosis for entry in log}
    rng = np.random.default_rng(1)
    other = changed_inputs(viseme.program, viseme.inputs("7+3+5+1+9+2+7"), "another speaker", rng)
    (entry, *_) = simulate(image, other, [], strategy).log
    assert (entry.diagnosis, entry.remedy) == (Diagnosis.DATA, Remedy.NONE)


def test_what_has_no_front_end_is_refused(made: Calibration) -> None:
    with pytest.raises(WorkbenchError, match="bands of a front end and challenge has none"):
        calibrate(voice(), "input-voice")
    with pytest.raises(WorkbenchError, match="which is no target of an operator"):
        calibrate(made.voice, "input-voice", frames=2000, signals=("conv_in",))
