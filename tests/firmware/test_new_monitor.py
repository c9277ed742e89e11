"""A worked example: a monitor of a stream is a kind, its watch, and an entry in each implementation."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from batches import random_upsets
from programs import random_inputs, random_program
from twins import assert_same

from workbench.errors import WorkbenchError
from workbench.experiments.fleets.device_sound import hear_device
from workbench.experiments.fleets.fleet_run import simulate_fleet
from workbench.experiments.fleets.workload import Workload
from workbench.firmware.design import Firmware
from workbench.firmware.guards.guard_registry import KINDS_IN_C
from workbench.firmware.guards.in_c import Guarded, InC
from workbench.firmware.operators import Call
from workbench.firmware.twins.host import host_machine
from workbench.firmware.writing.source import model_sources
from workbench.healing.devices.device import Device
from workbench.healing.log import Diagnosis, Remedy, Verdict
from workbench.healing.simulation import SimulationResult, simulate, simulate_many
from workbench.healing.strategies.strategy import Guard, Policy, Strategy
from workbench.healing.strategies.strategy_file import load_strategy, save_strategy, summary
from workbench.integer.program import Program
from workbench.memory.faults.events import Event
from workbench.memory.image import Image
from workbench.memory.places import Place, Places, Tensor
from workbench.memory.tensors import read_tensor, write_tensor
from workbench.memory.watches.areas import KINDS, Area
from workbench.memory.watches.monitor import Frame, Monitor, MonitorKind


@dataclass(frozen=True)
class LevelArea(Area):
    """signal: that is observed. limit: of its level, 0 .. 2^31 - 1."""

    signal: str = ""
    limit: int = 0


class LevelWatch(Monitor):
    """Level of a signal: level - (level >> 3) + the sum of its codes' sizes, modulo 2^32.

    The level lies in RAM, its limit in flash; a level above the limit is an alarm, which is the fault of
    the parameters where these differ from the golden copy.
    """

    def __init__(self, area: Area, layout: Places, label: str) -> None:
        assert isinstance(area, LevelArea)
        super().__init__(area, layout, label)
        self.start, self.stop, self.units = 0, layout.working_bytes, 1
        self.signal, self.limit = area.signal, area.limit

    def tensors(self) -> list[tuple[str, Tensor]]:
        return [
            ("ram_check", (self.label, "level", 32, (1,))),
            ("check", (self.label, "limit", 32, (1,))),
        ]

    def addresses(self, unit: int) -> slice:
        return slice(self.start, self.stop)

    def units_in(self, addresses: np.ndarray) -> set[int]:
        golden = self.layout.sections["golden"]
        copied = (addresses >= golden.start) & (addresses < golden.stop)
        return super().units_in(np.where(copied, addresses - golden.start, addresses))

    def units_of(self, addresses: np.ndarray) -> np.ndarray:
        return np.zeros(len(addresses), np.int64)

    def units_checked(self, place: Place, offset: np.ndarray) -> np.ndarray:
        return np.zeros(len(offset), np.int64)

    def wrong(self, data: np.ndarray, unit: int, *, golden: bool = False) -> bool:
        return not golden and not self.same_as_golden(data, unit)

    def sign(self, data: np.ndarray, unit: int) -> None:
        write_tensor(data, self._place("limit"), np.array([self.limit]))

    def after_frame(self, data: np.ndarray, frame: Frame) -> list[int]:
        past, limit = (
            int(read_tensor(data, self._place(n))[0]) % 2**32 for n in ("level", "limit")
        )
        size = int(np.abs(frame.signals[self.signal].astype(np.int64)).sum())
        level = (past - (past >> 3) + size) % 2**32
        write_tensor(data, self._place("level"), np.array([(level + 2**31) % 2**32 - 2**31]))
        return [0] if level > limit else []

    def _place(self, tensor: str) -> Place:
        return self.layout.place(self.label, tensor)


@dataclass(frozen=True)
class Level(MonitorKind):
    """What is true of it."""

    watch: ClassVar = LevelWatch
    remedies: ClassVar[tuple[str, ...] | None] = ("RESTORE", "REBOOT")
    ladder_rule: ClassVar[str] = "a level can RESTORE all, or REBOOT"

    @property
    def record(self) -> type[Area]:
        return LevelArea


class LevelInC(InC):
    """The same as C: a sum after the operator, the level after the frame."""

    remedies: ClassVar[Mapping[Remedy, str]] = {Remedy.RESTORE: "wb_restore_all"}

    def fields(self, guarded: Guarded) -> dict[str, object]:
        return {
            "wrong": "wb_golden_wrong",
            "same": "wb_page_same",
            "unit_bytes": f"{guarded.watch.stop}u",
            **({"witnesses": "wb_golden_says"} if guarded.guard.golden_is_witness else {}),
        }

    def locals(self, guarded: Guarded) -> list[str]:
        return [f"uint32_t size_{guarded.number} = 0;"]

    def after_operator(self, guarded: Guarded, call: Call) -> list[str]:
        if call.target.name != guarded.watch.signal:  # type: ignore[attr-defined]
            return []
        return [
            f"for (uint32_t i = 0; i < {call.count}u; i++) {{",
            f"    const int32_t code = ({call.y})[i];",
            f"    size_{guarded.number} += (uint32_t)(code < 0 ? -code : code);",
            "}",
        ]

    def after_frame(self, guarded: Guarded) -> list[str]:
        return [
            "{",
            f"    wb_byte *const at = memory.ram_checks + {guarded.ram_offset('level')}u;",
            f"    const uint32_t past = wb_word(at), level = past - (past >> 3) + size_{guarded.number};",
            "    wb_put_bytes(at, level, 4);",
            f"    if (level > wb_word((const wb_byte *){guarded.in_flash('limit')})) {{",
            f"        (void)wb_alarm(&memory, {guarded.number}u, 0u);",
            "    }",
            "}",
        ]


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "level", Level("level"))
    monkeypatch.setitem(KINDS_IN_C, Level, LevelInC())


FRAMES = 20


def level_area(program: Program, signal: str, seed: int) -> LevelArea:
    """With the highest level of a clean run as its limit."""
    silent = Strategy("silent", (Guard(LevelArea("level", signal=signal, limit=2**31 - 1)),))
    image = silent.image(program)
    result = simulate(image, random_inputs(program, seed, FRAMES), (), silent)
    place = image.layout.place("level_0", "level")
    last = int(read_tensor(result.image.data, place)[0])
    return LevelArea("level", signal=signal, limit=last + last // 8 + 1)


def strategies(program: Program, seed: int) -> list[Strategy]:
    """Of the output; of a hidden signal, rebooting; and of both kinds of monitors beside pages."""
    output, hidden = program.output, program.operators[0].target
    of_output = Guard(level_area(program, output, seed))
    of_hidden = Guard(level_area(program, hidden, seed), ladder=(Remedy.REBOOT,))
    sums = Guard(Area("abft"), ladder=(Remedy.RESTORE, Remedy.REPEAT))
    pages = Guard(Area("crc32", unit_bytes=64), 1, (), every_frames=4)
    return [
        Strategy("output", (of_output,)),
        Strategy("hidden", (of_hidden, pages), Policy(persistence=2)),
        Strategy("both", (sums, of_output, pages)),
    ]


def programs() -> list[tuple[Program, int]]:
    """Four that checksum rows can watch."""
    chosen: list[tuple[Program, int]] = []
    for seed in range(400):
        program = random_program(seed)
        try:
            for strategy in strategies(program, seed):
                strategy.image(program)
        except WorkbenchError:
            continue
        layout = strategy.image(program).layout
        if layout.watches and layout.watches[0].units > 1 and layout.working_bytes > 64:
            chosen.append((program, seed))
        if len(chosen) == 4:
            break
    return chosen


def test_both_implementations_tell_the_same_under_faults_of_everything() -> None:
    firmwares = [
        (Firmware.of(s.image(p), strategy=s, weights="ram", prefix=f"{s.name}_{seed}"), seed)
        for p, seed in programs()
        for s in strategies(p, seed)
    ]
    machine, seen = host_machine([firmware for firmware, _ in firmwares]), set()
    for firmware, seed in firmwares:
        for number in range(4):
            stuck = number == 3
            upsets = random_upsets(firmware.image, number, frames=FRAMES, count=25, stuck=stuck)
            inputs = random_inputs(firmware.program, seed, FRAMES)
            result = simulate(firmware.image, inputs, upsets, firmware.strategy)
            assert_same(machine, firmware, inputs, upsets, result)
            for entry in result.log:
                kind = firmware.strategy.areas[entry.area].code
                seen.add((firmware.strategy.name, kind, entry.diagnosis, entry.remedy))
    memory, computed = Diagnosis.MEMORY, Diagnosis.COMPUTE
    assert {
        ("output", "level", memory, Remedy.RESTORE),
        ("output", "level", computed, Remedy.NONE),
        ("hidden", "level", memory, Remedy.REBOOT),
        ("both", "abft", memory, Remedy.RESTORE),
        ("both", "level", computed, Remedy.NONE),
    } <= seen


def test_the_state_lies_in_the_image_and_every_bit_of_it_counts() -> None:
    program, seed = programs()[0]
    strategy = strategies(program, seed)[0]
    image, inputs = strategy.image(program), random_inputs(program, seed, FRAMES)
    clean = simulate(image, inputs, (), strategy)
    assert not clean.log
    first = image.layout.position("level_0", "level", (0,), 0)
    logs = []
    for bit in range(32):
        result = simulate(image, inputs, [Event(3, first + bit)], strategy)
        np.testing.assert_array_equal(result.codes, clean.codes)
        entries = {(entry.diagnosis, entry.remedy, entry.verdict) for entry in result.log}
        assert entries <= {(Diagnosis.COMPUTE, Remedy.NONE, Verdict.UNHEALED)}
        logs.append(len(result.log))
    assert logs[31] and not logs[0]
    assert str(image.site(first)) == "level_0.level[0] bit 0"


def test_a_fleet_is_as_its_devices_one_by_one() -> None:
    program, seed = programs()[1]
    strategy = strategies(program, seed)[2]
    image, inputs = strategy.image(program), random_inputs(program, seed, FRAMES)
    schedules = [random_upsets(image, n, frames=FRAMES, count=20) for n in range(3)]
    fleet = simulate_many(image, inputs, schedules, strategy)
    for schedule, together in zip(schedules, fleet, strict=True):
        alone = simulate(image, inputs, schedule, strategy)
        np.testing.assert_array_equal(together.codes, alone.codes)
        np.testing.assert_array_equal(together.image.data, alone.image.data)
        assert together.log == alone.log


def test_frames_are_skipped_where_every_monitor_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    program, seed = programs()[0]
    strategy = strategies(program, seed)[0]
    image = strategy.image(program)
    assert Device(image, strategy, image.data).may_alarm()  # it sees every frame
    sums = Strategy("sums", (Guard(Area("abft")),))
    device = Device(sums.image(program), sums, sums.image(program).data)
    assert not device.may_alarm()
    device.flip([8 * int(device.watches[0].addresses(0)[0])])
    assert device.may_alarm()


def test_files_keep_it(tmp_path: Path) -> None:
    program, seed = programs()[0]
    for strategy in strategies(program, seed):
        for name in ("mine.json", "mine.toml"):
            save_strategy(strategy, tmp_path / name)
            assert load_strategy(tmp_path / name) == strategy
        strategy.image(program).save(tmp_path / "own.image")
        assert Image.load(tmp_path / "own.image").layout.areas == strategy.areas
    assert summary(strategies(program, seed)[0]) == "level: restore"


def test_what_it_cannot_do_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    program, seed = programs()[0]
    area = level_area(program, program.output, seed)
    for wrong, message in (
        (lambda: Guard(area, ladder=(Remedy.REPEAT,)), "level sees a frame when it is final; only abft"),
        (lambda: Guard(area, ladder=(Remedy.CORRECT,)), "level cannot CORRECT anything"),
        (lambda: Guard(area, ladder=(Remedy.RELOCATE,)), "a level can RESTORE all, or REBOOT"),
        (lambda: Guard(area, every_frames=2), "leave out every_frames"),
        (lambda: Strategy("two", (Guard(area), Guard(area))), "one guard of level sees it all"),
        (lambda: Strategy("slow", (Guard(area),), Policy(persistence=3)), "know no policy"),
        (lambda: Area("nolevel"), "there is no code 'nolevel'; did you mean level"),
    ):  # fmt: skip
        with pytest.raises(WorkbenchError, match=message):
            wrong()
    monkeypatch.delitem(KINDS_IN_C, Level)
    strategy = Strategy("one", (Guard(area),))
    image = strategy.image(program)
    with pytest.raises(WorkbenchError, match="the guard level has no C"):
        model_sources(Firmware.of(image, strategy=strategy, weights="ram", prefix="one"))


def test_a_fleet_lets_it_see_every_word() -> None:
    program, seed = programs()[0]
    words, frames = 6, 4
    inputs = random_inputs(program, seed, frames)
    whole = {name: np.concatenate([codes] * words, axis=1) for name, codes in inputs.items()}
    starts = range(0, words * frames, frames)

    def alone(limit: int) -> tuple[Strategy, SimulationResult]:
        area = LevelArea("level", signal=program.output, limit=limit)
        strategy = Strategy("risen", (Guard(area, ladder=()),))
        return strategy, simulate(strategy.image(program), whole, (), strategy, word_starts=starts)

    place = alone(2**31 - 1)[1].image.layout.place("level_0", "level")
    last = int(read_tensor(alone(2**31 - 1)[1].image.data, place)[0])
    strategy, result = alone(last * 3 // 4)  # it rises from word to word, and no byte is wrong
    assert result.log[0].frame > frames
    workload = Workload(1, words)
    fleet = simulate_fleet(program, {"a": inputs}, strategy, workload, jobs=1)
    assert fleet.verdicts["unhealed"] == len(result.log)
    _, word = hear_device(program, {"a": inputs}, strategy, workload, device=0, word=words - 1)
    assert word.log == result.log
    np.testing.assert_array_equal(word.image.data, result.image.data)


def test_two_monitors_that_compute_one_operator_in_c_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program, seed = programs()[0]
    strategy = strategies(program, seed)[2]
    monkeypatch.setattr(LevelInC, "operator", lambda *_: ["mine();"])
    firmware = Firmware.of(strategy.image(program), strategy=strategy, weights="ram", prefix="two")
    with pytest.raises(WorkbenchError, match="abft and level both compute the operator"):
        model_sources(firmware)
