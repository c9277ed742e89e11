"""A worked example: an operator with a state of its own is a class, a registry entry and a C call."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from workbench.firmware.design import Firmware
from workbench.firmware.operators import CALLS, Call
from workbench.firmware.twins.host import host_machine
from workbench.firmware.twins.twin import Twin
from workbench.healing.strategies.named import nothing
from workbench.integer.changes import Change
from workbench.integer.engine import Engine
from workbench.integer.operators import OPERATORS, Operator, StateTensor
from workbench.integer.operators.operator import OnSums
from workbench.integer.operators.shifts import wrap_int32
from workbench.integer.program import Program
from workbench.integer.reference import Stream, run
from workbench.integer.reference_frames import ReferenceFrames
from workbench.integer.signals import Signal
from workbench.integer.storage import load_program, save_program
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.truth import play


@dataclass(frozen=True, eq=False, repr=False)
class Leak(Operator):
    """A leaky integrator: level += (256 x - level) >> rate, modulo 2**32; y = clamp(level >> 8).

    rate: int8 [1], clamped to 0..15 on use.
    """

    rate: np.ndarray

    PARAMETERS: ClassVar[Mapping[str, str]] = {"rate": "shift"}
    AXES: ClassVar[Mapping[str, tuple[str, ...]]] = {"level": ("channel",)}

    def check(self, sources: tuple[Signal, ...], target: Signal) -> None:
        self.need_codes(sources, target)
        self.need_same_shape(sources[0], target)
        self.need_array("rate", np.int8, (1,))

    def state(self, sources: tuple[Signal, ...]) -> tuple[StateTensor, ...]:
        return (StateTensor("level", 32, (sources[0].channels,)),)

    def step(
        self, sources: Sequence[np.ndarray], state: dict[str, np.ndarray], on_sums: OnSums
    ) -> np.ndarray:
        (x,) = sources
        rate, level = int(np.clip(self.rate[0], 0, 15)), state["level"]
        y = np.empty_like(x)
        for t in range(x.shape[1]):
            level[:] = wrap_int32(level + (wrap_int32(256 * x[:, t] - level) >> rate))
            y[:, t] = np.clip(level >> 8, -128, 127)
        return y


def _leak(call: Call) -> Iterator[str]:
    level, x, y = f"state->level_{call.name}", call.x[0], call.y
    yield "{"
    yield f"    const int8_t given = *{call.read('rate', 'int8_t')};"
    yield "    const int rate = given < 0 ? 0 : given > 15 ? 15 : given;"
    yield f"    for (uint32_t i = 0; i < {call.count}u; i++) {{"
    yield f"        int32_t *const at = {level} + i % {call.target.channels}u;"
    yield f"        const uint32_t far = 256u * (uint32_t)({x})[i] - (uint32_t)*at;"
    yield "        *at = (int32_t)((uint32_t)*at + (uint32_t)((int32_t)far >> rate));"
    yield "        const int32_t code = *at >> 8;"
    yield f"        ({y})[i] = (int8_t)(code < -128 ? -128 : code > 127 ? 127 : code);"
    yield "    }"
    yield "}"


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPERATORS, "leak", Leak)
    monkeypatch.setitem(CALLS, Leak, _leak)


def program() -> Program:
    signals = tuple(Signal(name, 8, 2, 3, -7) for name in ("x", "y"))
    leak = Leak("leak", ("x",), "y", rate=np.array([3], np.int8))
    return Program("smooth", ("x",), "y", 100.0, signals, (leak,))


def inputs(frames: int = 20) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {"x": rng.integers(-128, 128, (1, 3 * frames, 2))}


def test_frames_equal_the_whole_and_files_keep_it(tmp_path: Path) -> None:
    whole = run(program(), inputs())["y"]
    save_program(program(), tmp_path / "p")
    stream = Stream(load_program(tmp_path / "p"))
    parts = [stream.step({"x": inputs()["x"][:, 3 * f : 3 * f + 3]})["y"] for f in range(20)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)
    assert len(np.unique(whole)) > 20


def test_every_bit_of_parameter_and_state_is_a_fault_site() -> None:
    image = Image.of(program())
    assert {p.tensor for p in image.layout.places if p.operator == "leak"} == {"rate", "level"}
    laboratory = Laboratory(image, inputs())
    assert "leak" in str(laboratory.reason)
    for fault in ("flips=1", "flips=1,section=state"):
        plan = Plan.parse(fault)
        events = plan.events(Sites(image), np.arange(12))
        sounds = laboratory.sounds(events, 12)
        truths = [play(image, inputs(), events.of_trials(n, n + 1)) for n in range(12)]
        np.testing.assert_array_equal(sounds, truths)
        assert (sounds != laboratory.clean).any()


def test_the_batched_engine_runs_its_step() -> None:
    change = Change(np.array([1]), np.array([0]), np.array([5]))  # of the rate in trial 1
    stream = Engine(program()).stream(3)
    stream.write_states(
        {("leak", "level"): Change(np.array([2]), np.array([1]), np.array([2**30 + 1]))}
    )
    codes = stream.step(inputs(), {("leak", "rate"): change})
    other = program().with_parameters({("leak", "rate"): np.array([5], np.int8)})
    np.testing.assert_array_equal(codes[0], run(program(), inputs())["y"][0])
    np.testing.assert_array_equal(codes[1], run(other, inputs())["y"][0])
    wet = Stream(program())
    wet.states["leak", "level"][0, 1] = 2**30 + 1
    np.testing.assert_array_equal(codes[2], wet.step(inputs())["y"][0])
    np.testing.assert_array_equal(
        stream.read_state("leak", "level", 2), wet.states["leak", "level"][0]
    )


def test_the_c_runtime_computes_the_same_damaged_or_not() -> None:
    firmware = Firmware.of(Image.of(program()), strategy=nothing(), weights="ram", prefix="smooth")
    machine = host_machine([firmware])
    np.testing.assert_array_equal(Twin(machine, firmware).run(inputs()), run(program(), inputs())["y"][0])  # fmt: skip
    layout = firmware.layout
    for position in range(8 * layout.working_bytes):
        twin, damaged = Twin(machine, firmware), firmware.image.flip([position]).to_program()
        twin.flip([position])
        np.testing.assert_array_equal(twin.run(inputs(4)), run(damaged, inputs(4))["y"][0])


def test_a_state_outlives_frames_that_change_it_in_place() -> None:
    frames = ReferenceFrames(program())
    _, before = frames.step(inputs(4), program(), frames.silence())
    kept = frames.read_state(before, "leak", "level").copy()
    twice = [frames.step(inputs(5), program(), before)[0]["y"] for _ in range(2)]
    np.testing.assert_array_equal(*twice)
    np.testing.assert_array_equal(frames.read_state(before, "leak", "level"), kept)


def test_maps_and_traces_name_what_the_operator_says() -> None:
    layout = Image.of(program()).layout
    level = layout.place("leak", "level")
    assert (layout.axes(level), layout.channel_axis(level)) == (("channel",), 0)
    rate = layout.place("leak", "rate")
    assert (layout.axes(rate), layout.channel_axis(rate)) == ((), None)
    assert program().operators[0].shape_text == ""
