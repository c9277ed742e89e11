"""Rhythm of the inputs: against a plain loop, and another rhythm of phones that are all known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import random_program
from voices import voice
from watching_strategies import random_rhythm

from workbench.errors import WorkbenchError
from workbench.experiments.monitors.calibration import calibrate
from workbench.experiments.monitors.data_changes import changed_inputs
from workbench.experiments.monitors.streams import CHECK, Stream, laid_out
from workbench.experiments.voices.voice import open_voice
from workbench.integer.program import Program
from workbench.memory.image import flip_bits
from workbench.memory.layout import Layout
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.input_rhythm import RhythmWatch


def _told() -> Program:
    """A random program with an input that chooses rows."""
    return next(
        program for program in map(random_program, range(100))
        if random_rhythm(np.random.default_rng(0), program).code == "input-rhythm"
    )  # fmt: skip


def _plain(
    watch: RhythmWatch, data: np.ndarray, held: list[list[int]], asked: list[list[int]]
) -> list[int]:
    """Frame by frame, as the C has it; brings `held` up to date."""
    usual = read_tensor(data, watch.place("usual")).tolist()
    ranges = read_tensor(data, watch.place("range")).tolist()
    table = read_tensor(data, watch.place("log2")).tolist()
    scores = []
    for frame in asked:
        score, first = 0, 0
        for (low, high), state, row, rows in zip(ranges, held, frame, watch.rows, strict=True):
            past, run, mean = state[0], max(state[1], 0), state[2]
            if run and past != row:
                if 0 <= past < rows:
                    bits = run.bit_length() - 1
                    logarithm = 32 * bits + table[(run * 32 >> bits) % 32]
                    z = logarithm - usual[first + past]
                    mean = min(max(mean + (z * 256 - mean) // 4, -(2**15)), 2**15 - 1)
                    score = max(score, mean // 256 - high, low - mean // 256)
                run = 0
            state[:] = [row, min(run + 1, 2**15 - 1), mean]
            first += rows
        scores.append(min(score, 1023))
    return scores


@given(st.integers(0, 2**32 - 1), st.booleans(), st.integers(1, 40))
def test_scores_are_those_of_a_plain_loop(seed: int, damaged: bool, frames: int) -> None:
    program, rng = _told(), np.random.default_rng(seed)
    layout = Layout(program, areas=(random_rhythm(rng, program),))
    (watch,) = layout.watches
    assert isinstance(watch, RhythmWatch)
    data = np.zeros(layout.size_bytes, np.uint8)
    watch.sign(data, 0)
    held = np.zeros((len(watch.rows), 3), np.int64)
    if damaged:
        first, last = watch.sealed()
        flip_bits(data, rng.integers(8 * first, 8 * last, 5))
        held = rng.integers(-(2**15), 2**15, held.shape)
    asked = rng.integers(-1, 1 + np.minimum(watch.rows, rng.integers(1, 4)), (frames, len(held)))
    plain, memory, scores = held.tolist(), {"held": held.copy()}, []
    cut = int(rng.integers(frames + 1))
    for part in (asked[:cut], asked[cut:]):
        scores += watch.scores(data, memory, part).tolist()
    assert scores == _plain(watch, data, plain, asked.tolist())
    assert memory["held"].tolist() == plain


def test_a_reset_leaves_what_is_known_of_the_inputs() -> None:
    """They go on while histories of the network are silenced."""
    program, rng = _told(), np.random.default_rng(5)
    layout = Layout(program, areas=(random_rhythm(rng, program),))
    (watch,) = layout.watches
    assert isinstance(watch, RhythmWatch)
    data = np.zeros(layout.size_bytes, np.uint8)
    watch.sign(data, 0)
    asked = {name: rng.integers(0, 2, (20, 1)) for name in watch.needs}
    watch.advance(data, watch.measures(data, asked))
    before = data.copy()
    watch.reset(data)
    assert before.any() and watch.recalled(data)["held"].any()
    np.testing.assert_array_equal(data, before)
    watch.start_up(data, 0)
    assert not watch.recalled(data)["held"].any()


def test_another_rhythm_is_found_within_two_seconds() -> None:
    """Of texts that nothing was learned from; at both tempos of the change."""
    speech = open_voice(generator="speech")
    area = calibrate(speech, "input-rhythm", frames=60_000, mean_frames=1e5).area
    rng = np.random.default_rng(3)
    texts = Stream(speech, CHECK, 0, 11).texts()
    delays, calm = [], 0
    for _ in range(8):
        watch, data = laid_out(speech, area)
        for _ in range(2):
            clean = speech.inputs(next(texts))
            seen = {name: codes[0] for name, codes in clean.items()}
            calm += watch.advance(data, watch.measures(data, seen))
        parts = [changed_inputs(speech.program, speech.inputs(next(texts)), "another rhythm", rng)]
        while sum(len(each["phone"][0]) for each in parts) < 400:
            parts.append(parts[0])
        codes = {name: np.concatenate([each[name][0] for each in parts]) for name in clean}
        alarm = watch.first_alarm(data, watch.measures(data, codes))
        assert alarm is not None
        delays.append(alarm)
    assert calm == 0 and max(delays) < 200


def test_what_is_given_no_rows_is_refused() -> None:
    with pytest.raises(WorkbenchError, match="viseme is given none; leave it out"):
        calibrate(open_voice(generator="viseme"), "input-rhythm")
    assert calibrate(voice(), "input-rhythm").false.alarms == 0
