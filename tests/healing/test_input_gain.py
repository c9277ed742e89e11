"""The gain of an input: an estimate that is total, follows what comes in, and is given up again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import random_inputs, random_program
from voices import voice
from watching_strategies import random_gain

from workbench.errors import WorkbenchError
from workbench.experiments.monitors.calibration import calibrate
from workbench.experiments.monitors.streams import CHECK, Stream
from workbench.experiments.voices.voice import open_voice
from workbench.healing.log import Diagnosis, Remedy, Verdict
from workbench.healing.simulation import simulate
from workbench.healing.strategies.strategy import Guard, Policy, Strategy
from workbench.healing.strategies.watching import recalibrating
from workbench.integer.program import Program
from workbench.integer.reference import run
from workbench.memory.faults.events import Event
from workbench.memory.image import flip_bits
from workbench.memory.layout import Layout
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.areas import Area
from workbench.memory.watches.behaviour_area import BehaviourArea
from workbench.memory.watches.input_gain import FACTORS, MOST_GAIN, GainWatch

_HELD = st.tuples(*[st.integers(-(2**15), 2**15 - 1)] * 3)


def _hearing() -> Program:
    """A random program that is given a sound."""
    return next(
        program for program in map(random_program, range(100))
        if random_gain(np.random.default_rng(0), program).code == "input-gain"
    )  # fmt: skip


def _watch(program: Program, area: BehaviourArea) -> tuple[GainWatch, np.ndarray]:
    layout = Layout(program, areas=(area,))
    (watch,) = layout.watches
    assert isinstance(watch, GainWatch)
    data = np.zeros(layout.size_bytes, np.uint8)
    watch.sign(data, 0)
    return watch, data


@given(
    st.integers(0, 2**32 - 1), _HELD, st.lists(st.integers(0, 1024), min_size=1, max_size=60), st.data()
)  # fmt: skip
def test_any_state_has_a_meaning_and_frames_may_be_taken_in_parts(
    seed: int, held: tuple[int, ...], loudness: list[int], data: st.DataObject
) -> None:
    program, rng = _hearing(), np.random.default_rng(seed)
    watch, memory = _watch(program, random_gain(rng, program))
    first, last = watch.sealed()
    flip_bits(memory, rng.integers(8 * first, 8 * last, 3))
    whole, parts = ({"held": np.array(held)} for _ in range(2))
    scores = watch.scores(memory, whole, np.array(loudness))
    cut = data.draw(st.integers(0, len(loudness)))
    taken = [watch.scores(memory, parts, np.array(x)) for x in (loudness[:cut], loudness[cut:])]
    assert np.concatenate(taken).tolist() == scores.tolist()
    assert whole["held"].tolist() == parts["held"].tolist()
    assert scores.min() >= 0 and scores.max() <= 1023
    offset, gain, follows = whole["held"].tolist()
    assert abs(gain) <= MOST_GAIN and 0 <= follows < 2**15 and -(2**15) <= offset < 2**15


@given(st.integers(-MOST_GAIN, MOST_GAIN), st.integers(0, 2**32 - 1))
def test_codes_are_scaled_by_half_bits_and_kept_within_their_range(gain: int, seed: int) -> None:
    program = _hearing()
    watch, data = _watch(program, random_gain(np.random.default_rng(seed), program))
    inputs = random_inputs(program, seed, 3)
    place = watch.place("held")
    data[place.start + 2 : place.start + 4] = np.array([gain], "<i2").view(np.uint8)
    made = watch.corrected(data, inputs)
    (name,), bits = watch.signals, program.signal(watch.signals[0]).bits
    exact = (
        inputs[name] * (2.0 ** (gain / 2))
        if gain % 2 == 0
        else inputs[name] * FACTORS[gain + 8] / 128
    )
    most = 2 ** (bits - 1)
    wanted = np.clip(np.floor(exact + 0.5), -most, most - 1)
    assert np.array_equal(made[name], wanted) and made[name].dtype == inputs[name].dtype
    assert all(made[other] is inputs[other] for other in inputs if other != name)


@pytest.fixture(scope="module")
def heard() -> tuple[BehaviourArea, dict[str, np.ndarray]]:
    """Calibrated on the shipped face, and twenty seconds of recordings that it has not seen."""
    face = open_voice(generator="viseme")
    area = calibrate(face, "input-gain", frames=20_000, mean_frames=1e5).area
    parts = list(Stream(face, CHECK, 2000, 7).codes(face.program.inputs))
    sound = np.concatenate([part["sound"] for part in parts])[None].astype(np.int32)
    return area, {"sound": sound}


def test_a_quiet_input_is_corrected_and_a_loud_one_again(
    heard: tuple[BehaviourArea, dict[str, np.ndarray]],
) -> None:
    area, clean = heard
    program = open_voice(generator="viseme").program
    quiet = np.trunc(clean["sound"] / 4).astype(np.int32)
    inputs = {"sound": np.concatenate([quiet, clean["sound"]], axis=1)}
    wanted = run(program, {"sound": np.concatenate([clean["sound"]] * 2, axis=1)})[program.output][
        0
    ]
    frames, strategy = len(wanted), recalibrating(area)
    image = strategy.image(program)
    result, left = (simulate(image, inputs, (), each) for each in (strategy, Strategy("none")))
    (gain,) = (each for each in image.layout.watches if isinstance(each, GainWatch))
    entries = [(e.diagnosis, e.remedy, e.verdict) for e in result.log]
    assert set(entries) == {(Diagnosis.DATA, Remedy.RECALIBRATE, Verdict.HEALED)}
    assert any(e.frame < frames // 4 for e in result.log)
    assert any(frames // 2 < e.frame for e in result.log)
    assert gain.gain(result.image.data) == 0, "what has passed is corrected no more"
    late = slice(frames // 4, frames // 2)

    def harm(codes: np.ndarray) -> float:
        error = codes[late].astype(float) - wanted[late]
        return float((error**2).sum() / (wanted[late].astype(float) ** 2).sum())

    assert harm(result.codes) < harm(left.codes) / 4
    calm = simulate(image, clean, (), strategy)
    assert not calm.log and np.array_equal(calm.codes, wanted[: len(calm.codes)])
    working = result.image.layout.working_bytes
    assert np.array_equal(result.image.data[:working], image.data[:working]), (
        "nothing is written over"
    )


def test_golden_inputs_come_first(heard: tuple[BehaviourArea, dict[str, np.ndarray]]) -> None:
    """Damage that they show is healed instead, and the gain stays; within the budget, or later."""
    area, clean = heard
    program = open_voice(generator="viseme").program
    inputs = {"sound": np.trunc(clean["sound"][:, : 160 * 800] / 4).astype(np.int32)}
    strategy = recalibrating(area)
    image = strategy.image(program)
    hit = image.layout.position("conv_in", "bias", (3,), 12)
    first = simulate(image, inputs, [Event(1, hit)], strategy).log[:3]
    assert [e.remedy for e in first] == [Remedy.RESTORE, Remedy.SCRUB, Remedy.RECALIBRATE]
    scan = Guard(Area("crc32"), 1)
    spent = Strategy("no budget", (strategy.guards[0], scan), Policy(heals=1, refill_frames=2**20))
    image = spent.image(program)
    log = simulate(image, inputs, [Event(1, hit)], spent).log
    assert {e.verdict for e in log if e.area == 0} == {Verdict.DEFERRED}
    (gain,) = (each for each in image.layout.watches if isinstance(each, GainWatch))
    assert read_tensor(image.data, gain.place("held")).tolist() == [0, 0, 0]


def test_what_has_no_sound_is_refused() -> None:
    with pytest.raises(WorkbenchError, match="challenge is given rows of tables"):
        calibrate(voice(), "input-gain")
    with pytest.raises(WorkbenchError, match="only input-gain can RECALIBRATE"):
        Guard(Area("crc32"), ladder=(Remedy.RECALIBRATE,))
    with pytest.raises(WorkbenchError, match="a gain of the input can RECALIBRATE"):
        Guard(random_gain(np.random.default_rng(0), _hearing()), ladder=(Remedy.RESET,))
