"""The check of inputs: against a plain loop, on changes of the data, and what a device then says."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given
from programs import random_inputs, random_program, seeds
from voices import voice
from watching_strategies import FRAMES, random_inputs_check

from workbench.errors import WorkbenchError
from workbench.experiments.monitors.calibration import (
    Calibration,
    alarming_kinds,
    calibrate,
    monitor_kinds,
)
from workbench.experiments.monitors.data_changes import changed_inputs, changes_of
from workbench.experiments.monitors.streams import laid_out
from workbench.experiments.voices.voice import open_voice
from workbench.healing.log import Diagnosis, Remedy
from workbench.healing.simulation import simulate
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.memory.faults.events import Event
from workbench.memory.layout import Layout
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.input_check import InputWatch
from workbench.memory.watches.input_codes import numbers_of


def _plain_scores(watch: InputWatch, data: np.ndarray, numbers: list[list[int]]) -> list[int]:
    """Frame by frame; brings what it remembers up to date in `data`'s place."""
    levels = watch.levels
    pairs, steps = (
        [int(each) & 255 for each in read_tensor(data, watch.place(name))]
        for name in ("pairs", "steps")
    )
    longest = int(read_tensor(data, watch.place("longest"))[0])
    past = read_tensor(data, watch.place("past")).tolist()
    same = int(read_tensor(data, watch.place("same"))[0])

    def seen(bits: list[int], start: int, a: int, b: int, rows: int, columns: int) -> bool:
        if not (0 <= a < rows and 0 <= b < columns):
            return False
        bit = a * columns + b
        return bool(bits[start + bit // 8] >> bit % 8 & 1)

    scores = []
    for now in numbers:
        score, start = 0, 0
        for i, k in combinations(range(len(levels)), 2):
            score += not seen(pairs, start, now[i], now[k], levels[i], levels[k])
            start += -(-levels[i] * levels[k] // 8)
        start = 0
        for i, rows in enumerate(levels):
            if same > 0:
                score += not seen(steps, start, past[i], now[i], rows, rows)
            start += -(-rows * rows // 8)
        same = min(max(same, 0) + 1, 32767) if same > 0 and now == past else 1
        score += 8 if same > longest else 0
        score += 0 if all(0 <= n < most for n, most in zip(now, levels, strict=True)) else 1000
        past = now
        scores.append(min(score, 1023))
    return scores


@given(seed=seeds)
def test_scores_are_those_of_a_plain_loop_whatever_memory_has_become(seed: int) -> None:
    program, rng = random_program(seed), np.random.default_rng(seed)
    layout = Layout(program, areas=(random_inputs_check(rng, program),))
    assume(layout.working_bytes)  # nothing is watched of a program without parameters
    (watch,) = layout.watches
    assert isinstance(watch, InputWatch)
    data = np.zeros(layout.size_bytes, np.uint8)
    watch.sign(data, 0)
    inputs = {n: each[0] for n, each in random_inputs(program, seed, FRAMES).items()}
    inputs = {n: np.concatenate([each, each]) if seed % 2 else each for n, each in inputs.items()}
    measures = watch.measures(data, inputs)
    for _ in range(2):
        assert watch.scores(data, watch.recalled(data), measures).tolist() == _plain_scores(
            watch, data, measures.tolist()
        )
        parts = watch.recalled(data)
        at = int(rng.integers(len(measures) + 1))  # in two goes as in one
        split = [
            watch.scores(data, parts, each).tolist() for each in (measures[:at], measures[at:])
        ]
        assert split[0] + split[1] == _plain_scores(watch, data, measures.tolist())
        first = watch.place("past").start
        hit = rng.integers(first, len(data), 20)
        data[hit] ^= rng.integers(1, 256, 20).astype(np.uint8)


def test_numbers_of_a_sound_are_those_of_its_samples() -> None:
    viseme = open_voice(generator="viseme")
    codes = np.zeros((160, 1), np.int16)
    codes[:, 0] = np.resize([100, -100], 160)
    loud, moved, crossed = numbers_of(viseme.program, ["sound"], {"sound": codes})[0].tolist()
    assert (loud, moved, crossed) == (29, 31, 15)  # 14 and 15 bits with the second set; 159 of 160
    assert numbers_of(viseme.program, ["sound"], {"sound": 0 * codes})[0].tolist() == [0, 0, 0]


@pytest.fixture(scope="module")
def speech_check() -> Calibration:
    return calibrate(open_voice(generator="speech"), "input-check", frames=60_000, mean_frames=1e4)


def test_other_data_are_found_and_clean_ones_are_not(speech_check: Calibration) -> None:
    speech, rng = speech_check.voice, np.random.default_rng(0)
    watch, data = laid_out(speech, speech_check.area)
    clean = speech.inputs("the quick brown fox jumps over the lazy dog")
    found = {}
    for change in changes_of(speech.program):
        made = changed_inputs(speech.program, clean, change, rng)
        assert {n: each.shape for n, each in made.items()} == {n: e.shape for n, e in clean.items()}
        data[:] = 0
        watch.sign(data, 0)
        codes = {name: each[0] for name, each in made.items()}
        found[change] = watch.first_alarm(data, watch.measures(data, codes)) is not None
    assert found["another language"] and found["codes out of range"] and found["frozen stream"]
    data[:] = 0
    watch.sign(data, 0)
    codes = {name: each[0] for name, each in clean.items()}
    assert watch.first_alarm(data, watch.measures(data, codes)) is None


def test_where_little_was_learned_the_drift_is_larger_and_false_alarms_stay_few() -> None:
    made = calibrate(open_voice(generator="speech"), "input-check", frames=10_000, mean_frames=1e3)
    assert made.area.drift > 1 and made.false.alarms < 100


def test_changes_of_a_sound_keep_its_length_and_change_it() -> None:
    viseme, rng = open_voice(generator="viseme"), np.random.default_rng(1)
    clean = viseme.inputs("7")
    for change in changes_of(viseme.program):
        made = changed_inputs(viseme.program, clean, change, rng)["sound"]
        assert made.shape == clean["sound"].shape and made.dtype == np.int32, change
        assert np.abs(made).max() <= 2**15 and not np.array_equal(made, clean["sound"]), change
    with pytest.raises(WorkbenchError, match="no changes of the data are known for challenge"):
        changes_of(voice().program)


@pytest.fixture(scope="module")
def word_check() -> Calibration:
    return calibrate(voice(), "input-check")


def test_it_says_data_and_what_others_then_find_is_data_too(word_check: Calibration) -> None:
    """Only the inputs are unknown: nothing is reset and no golden input is asked."""
    markers = calibrate(voice()).area
    guards = [Guard(each, ladder=(Remedy.RESET,)) for each in (word_check.area, markers)]
    strategy = Strategy("both", tuple(guards))
    inputs = {name: each.copy() for name, each in voice().inputs("7").items()}
    image = strategy.image(voice().program)
    assert not simulate(image, inputs, (), strategy).log
    inputs["position"][0, 30:] = 5  # it stays where it is
    log = simulate(image, inputs, (), strategy).log
    assert 30 <= log[0].frame <= 33 and {(e.diagnosis, e.remedy) for e in log} == {
        (Diagnosis.DATA, Remedy.NONE)
    }
    alone = Strategy("alone", tuple(guards[1:]))
    other = simulate(alone.image(voice().program), inputs, (), alone).log
    assert not other or other[0].diagnosis == Diagnosis.MOMENTARY


def test_memory_is_found_even_while_inputs_are_unknown(word_check: Calibration) -> None:
    markers = calibrate(voice())
    guards = (Guard(word_check.area, ladder=(Remedy.RESET,)), *markers.strategy.guards)
    strategy = Strategy("all", guards)
    image, inputs = strategy.image(voice().program), voice().inputs("7")
    inputs = {name: each.copy() for name, each in inputs.items()}
    inputs["position"][0, 10:12] = 90
    hit = image.layout.position("trunk.0.mix", "bias", (3,), 14)
    log = simulate(image, inputs, [Event(20, hit)], strategy).log
    assert Diagnosis.DATA in {e.diagnosis for e in log}
    assert (Diagnosis.PRESUMED, Remedy.RESTORE) in {(e.diagnosis, e.remedy) for e in log}


def test_it_is_no_strategy_by_itself(word_check: Calibration) -> None:
    assert "input-check" in monitor_kinds() and "input-check" not in alarming_kinds()
    assert [guard.area.code for guard in word_check.strategy.guards] == ["input-check"]
    with pytest.raises(
        WorkbenchError, match="watches the signal 'up2', which is no input of challenge"
    ):
        calibrate(voice(), "input-check", signals=("up2",))
