"""The fast engine is the truth: every trial equals its events on the plain reference (promise 3)."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from devices import DEVICES
from fault_plans import MAKERS, random_plan, trials_of
from hypothesis import given, settings
from kernels import KERNELS_HERE
from programs import random_inputs, seeds
from trial_cases import FRAMES, check_against_the_truth, random_case, random_events, small_program

from workbench.errors import WorkbenchError
from workbench.integer import reference
from workbench.integer.native import build as native_build
from workbench.integer.native.model import unsupported
from workbench.integer.native.trials import SparseRun
from workbench.integer.operators import Rescale
from workbench.integer.program import Program
from workbench.integer.signals import Signal
from workbench.memory.faults.events import FLIP, SET, Events, sorted_events
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials import laboratory, native_faults
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.truth import play


@pytest.mark.kernels
@settings(max_examples=80, deadline=None)
@given(seed=seeds)
def test_the_native_engine_is_the_truth(seed: int) -> None:
    image, inputs, events, trials = random_case(seed)
    check_against_the_truth(Laboratory(image, inputs, engine="native"), events, trials)


@pytest.mark.parametrize("kernels", KERNELS_HERE)
@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_so_it_is_with_all_kernels_that_run_here(kernels: str, seed: int) -> None:
    image, inputs, events, trials = random_case(seed)
    lab = Laboratory(image, inputs, engine="native", kernels=kernels)
    assert lab.kernels == kernels and lab._native
    # Parameters are changed in place for many faults at once; here also for any number and for none.
    usual = lab._native._model.struct.changes_per_dot
    lab._native._model.struct.changes_per_dot = (0, usual, 2**30)[seed % 3]
    check_against_the_truth(lab, events, trials)


@pytest.mark.parametrize("device", DEVICES)
@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_the_torch_engine_is_the_truth(device: str, seed: int) -> None:
    image, inputs, events, trials = random_case(seed)
    lab = Laboratory(image, inputs, device=device)
    assert (lab.engine, lab.kernels) == ("torch", device)
    check_against_the_truth(lab, events, trials)


@pytest.mark.parametrize("model", MAKERS)
@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_trials_of_every_fault_model_are_the_truth(model: str, seed: int) -> None:
    image = Image.of(small_program(seed))
    inputs = random_inputs(image.program, seed, FRAMES)
    sites = Sites(image)
    plan = random_plan(np.random.default_rng(seed), sites, model)
    indexes, events = trials_of(plan, sites, 3)
    check_against_the_truth(Laboratory(image, inputs, engine="native"), events, len(indexes))


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_reached_is_the_last_operator_that_differs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = Image.of(small_program(seed))
    inputs = random_inputs(image.program, seed, FRAMES)
    working = 8 * image.layout.working_bytes
    if not working:
        return
    positions = rng.integers(0, working, 8)
    trials = len(positions)
    events = sorted_events(np.arange(trials), np.zeros(trials), positions, np.full(trials, FLIP))
    reached = Laboratory(image, inputs, engine="native").outcomes(events, trials)["reached"]
    clean = reference.run(image.program, inputs)
    for trial, position in enumerate(events.position):
        faulty = reference.run(image.flip([position]).to_program(), inputs)
        differ = [
            number
            for number, operator in enumerate(image.program.operators)
            if (faulty[operator.target] != clean[operator.target]).any()
        ]
        assert reached[trial] == max(differ, default=-1)


def test_many_trials_and_one_at_a_time_agree() -> None:
    image, inputs, _, _ = random_case(5)
    lab = Laboratory(image, inputs)
    events = random_events(Sites(image), np.random.default_rng(5), 40)
    together = lab.outcomes(events, 40)
    alone = [lab.outcomes(events.of_trials(t, t + 1), 1)[0] for t in range(40)]
    np.testing.assert_array_equal(together, np.array(alone))
    backwards = [lab.outcomes(events.of_trials(t, t + 1), 1)[0] for t in reversed(range(40))]
    np.testing.assert_array_equal(together, np.array(backwards[::-1]))


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_many_faults_in_parts_are_the_truth(seed: int) -> None:
    image, inputs, events, trials = random_case(seed)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(native_faults, "_FAULTS_AT_ONCE", 1 + seed % 40)
        check_against_the_truth(Laboratory(image, inputs, engine="native"), events, trials)


def test_stuck_histories_need_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are forced again in every frame; cut by events alone, they would be 100 times as many."""
    program = small_program(5)
    image, inputs = Image.of(program), random_inputs(program, 5, 100)
    state = image.layout.sections["state"]
    position = np.arange(8 * state.start, 8 * state.start + 40)
    assert 8 * state.stop > position[-1]
    trials = 50
    events = Events(
        np.repeat(np.arange(trials), 40),
        np.zeros(trials * 40, np.int64),
        np.tile(position, trials),
        np.full(trials * 40, SET, np.uint8),
    )
    monkeypatch.setattr(native_faults, "_FAULTS_AT_ONCE", 10_000)
    parts = list(Laboratory(image, inputs)._translator.parts(events, trials))
    assert sum(len(offsets) - 1 for _, offsets in parts) == trials
    assert all(len(faults) <= 10_000 + 40 * 100 for faults, _ in parts)
    assert sum(len(faults) for faults, _ in parts) == trials * 40 * 100


def test_no_compiler_falls_back_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> list[str]:
        raise WorkbenchError("there is no C compiler")

    image, inputs, events, trials = random_case(11)
    expected = Laboratory(image, inputs, engine="native").sounds(events, trials)
    native_build.native_library.cache_clear()
    monkeypatch.setattr(native_build, "host_compiler", missing)
    try:
        lab = Laboratory(image, inputs)
        assert lab.engine == "torch" and lab.macs is None
        assert lab.reason == "there is no C compiler"
        np.testing.assert_array_equal(lab.sounds(events, trials), expected)
        with pytest.raises(WorkbenchError, match="no C compiler"):
            Laboratory(image, inputs, engine="native")
    finally:
        native_build.native_library.cache_clear()


@settings(max_examples=10, deadline=None)
@given(seed=seeds)
def test_a_laboratory_serves_other_images_of_its_program(seed: int) -> None:
    image, inputs, events, trials = random_case(seed)
    made = Laboratory(Image.of(image.program), inputs)
    check_against_the_truth(made.of(native_faults.FaultTranslator(image, FRAMES)), events, trials)


def test_a_laboratory_of_another_program_is_refused() -> None:
    image, inputs, *_ = random_case(1)
    other = native_faults.FaultTranslator(random_case(2)[0], FRAMES)
    with pytest.raises(WorkbenchError, match="the clean run of another program than"):
        Laboratory(image, inputs).of(other)


def test_an_engine_that_is_chosen_is_no_fall_back() -> None:
    image, inputs, _, _ = random_case(11)
    for options in ({}, {"engine": "native"}, {"engine": "torch"}, {"device": "cpu"}):
        assert Laboratory(image, inputs, **options).reason is None  # type: ignore[arg-type]


def test_a_native_engine_that_disagrees_is_never_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    image, inputs, _, _ = random_case(11)
    library = native_build.native_library()
    lie = SimpleNamespace(wb_prepare=lambda model: 0, wb_layout=library.wb_layout)
    monkeypatch.setattr("workbench.integer.native.trials.native_library", lambda kernels: lie)
    for engine in (None, "native"):
        with pytest.raises(WorkbenchError, match="disagrees with the reference in"):
            Laboratory(image, inputs, engine=engine)


def test_a_compiler_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_build, "_sources", lambda: {"trial.c": "#error no\n"})
    native_build.native_library.cache_clear()
    try:
        with pytest.raises(WorkbenchError, match=r"refuses the native engine.*#error no"):
            native_build.native_library()
    finally:
        native_build.native_library.cache_clear()


def test_what_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    image, inputs, _, _ = random_case(5)
    with pytest.raises(WorkbenchError, match="native, torch"):
        Laboratory(image, inputs, engine="cuda")
    with pytest.raises(WorkbenchError, match="cannot compute on 'gpu'"):
        Laboratory(image, inputs, device="gpu")
    with pytest.raises(WorkbenchError, match="the native engine has no device 'cpu'"):
        Laboratory(image, inputs, engine="native", device="cpu")
    lab = Laboratory(image, inputs)
    end = Sites(image).size

    def one(trial: int, frame: int, position: int) -> Events:
        columns = (np.array([value]) for value in (trial, frame, position, FLIP))
        return Events(*columns)

    for events, message in (
        (one(1, 0, 0), "no trial 1"),
        (one(0, -1, 0), "no frame -1"),
        (one(0, 0, end), f"no bit position {end}"),
    ):
        for engine in laboratory.ENGINES:
            with pytest.raises(WorkbenchError, match=message):
                Laboratory(image, inputs, engine=engine).outcomes(events, 1)
    with pytest.raises(WorkbenchError, match="is missing"):
        Laboratory(image, {})
    assert len(lab.outcomes(one(0, FRAMES, 0), 1)) == 1  # after the end: nothing happens


@pytest.mark.parametrize("engine", laboratory.ENGINES)
def test_no_trials_and_trials_without_events(engine: str) -> None:
    image, inputs, events, _ = random_case(5)
    nothing = events.of_trials(0, 0)
    lab = Laboratory(image.flip(image.flipped()), inputs, engine=engine)
    assert len(lab.outcomes(nothing, 0)) == 0 and lab.sounds(nothing, 0).shape[0] == 0
    assert (lab.outcomes(nothing, 3)["first"] == -1).all()


@pytest.mark.parametrize("engine", laboratory.ENGINES)
def test_no_time_to_speak_in(engine: str) -> None:
    image, inputs, events, trials = random_case(5)
    lab = Laboratory(image, {name: x[:, :0] for name, x in inputs.items()}, engine=engine)
    assert (lab.outcomes(events, trials)["first"] == -1).all()
    sounds = lab.sounds(events, trials)
    truth = play(image, lab.inputs, events.of_trials(0, 1))
    assert sounds.dtype == truth.dtype == play(image, inputs, events.of_trials(0, 1)).dtype
    assert sounds.shape == (trials, *truth.shape)


@pytest.mark.parametrize("engine", laboratory.ENGINES)
def test_two_utterances_at_once_are_refused(engine: str) -> None:
    image, inputs, events, _ = random_case(5)
    two = {name: np.concatenate([x, x]) for name, x in inputs.items()}
    with pytest.raises(WorkbenchError, match="holds 2 utterances; fault trials take one"):
        Laboratory(image, two, engine=engine)
    with pytest.raises(WorkbenchError, match="holds 2 utterances"):
        play(image, two, events.of_trials(0, 1))
    with pytest.raises(WorkbenchError, match="holds 2 utterances"):
        SparseRun(image.program, two)


def test_a_signal_that_nobody_writes_changes_nothing() -> None:
    program = small_program(5)
    lonely = replace(program, signals=(Signal("lonely", 8, 3, 2, -7), *program.signals))
    image, inputs = Image.of(lonely), random_inputs(lonely, 5, FRAMES)
    events = random_events(Sites(image), np.random.default_rng(5), 4)
    check_against_the_truth(Laboratory(image, inputs, engine="native"), events, 4)


def test_operators_that_the_native_engine_does_not_know_are_named() -> None:
    class Louder(Rescale):
        """Of somebody's own."""

    codes = Signal("x", 8, 1, 1, -7), Signal("y", 8, 1, 1, -6)
    louder = Louder("louder", ("x",), "y", np.ones(1, np.int8), -128, 127)
    program = Program("own", ("x",), "y", 100.0, codes, (louder,))
    assert unsupported(program) == "louder is of the kind 'louder'"
