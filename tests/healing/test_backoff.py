"""Units that nothing helps are reported once and tried more and more rarely; counts outlive their wrap."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_program, seeds
from random_strategies import random_strategy

from workbench.errors import WorkbenchError
from workbench.experiments.fleets.fleet_run import simulate_fleet
from workbench.experiments.fleets.workload import KINDS, Workload
from workbench.experiments.voices.voice import open_voice
from workbench.healing.devices.backoff import Backoff
from workbench.healing.devices.device import Device
from workbench.healing.devices.scrub_schedule import Looks
from workbench.healing.log import Diagnosis, Verdict
from workbench.healing.strategies.strategy import Guard, Policy, Strategy
from workbench.healing.strategies.variants import strategy_variant, strategy_variants
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area

PROGRAM = next(p for p in map(random_program, range(99)) if Image.of(p).layout.working_bytes > 600)


def _pages() -> Device:
    """Pages of 64 bytes of PROGRAM, two a frame."""
    strategy = Strategy("one", (Guard(Area("crc32", unit_bytes=64), 2),))
    image = strategy.image(PROGRAM)
    return Device(image, strategy, image.data)


def _sums(name: str) -> tuple[Device, int]:
    """A strategy with checksum rows, and a bit of a row of their operator 2 in flash, which is damaged."""
    strategy, program = strategy_variant(name, open_voice().program, {})
    image = strategy.image(program)
    row = 8 * image.layout.place(image.layout.watches[0].label, "rows_2").start
    device = Device(image, strategy, image.data)
    device.flip([row])
    return device, row


def test_an_unhealable_unit_is_tried_again_more_and_more_rarely() -> None:
    device = _pages()
    check = 8 * device.layout.sections["check"].start
    scan = -(-device.layout.watches[0].units // 2)
    device.flip([check + 3])
    tries, before = [], 0
    for frame in range(300 * scan):
        device.heal()
        now = len(device.log) + device.repeats
        tries += [frame] * (now > before)
        before = now
    scans = np.diff(tries) // scan
    assert len(device.log) == 1 and (np.diff(scans) >= 0).all()
    assert scans[0] <= 2 and (scans[-2:] == 64).all() and len(scans) > 6
    device.flip([check + 3])  # flash was written anew: the unit is well, and watched as before
    device.wait(65 * scan)
    device.flip([7])
    device.wait(scan)
    assert [e.verdict for e in device.log] == [Verdict.UNHEALED, Verdict.HEALED]


def test_a_stuck_cell_fills_no_log() -> None:
    device = _pages()
    device.stick(5, 1 - (int(device.data[0]) >> 5 & 1))
    device.wait(45_000)
    assert [e.verdict for e in device.log] == [Verdict.UNHEALED]
    assert device.repeats < 45_000 // (64 * -(-device.layout.watches[0].units // 2)) + 9


def test_a_damaged_checksum_row_slows_a_few_frames() -> None:
    """It once slowed every frame, and filled the log."""
    device, _ = _sums("abft-crc")
    for _ in range(2048):
        for unit in sorted(device.suspect[0]):
            assert not device.alarm(0, unit)
        device.heal()
    (entry,) = device.log
    assert (entry.area, entry.unit, entry.diagnosis) == (0, 2, Diagnosis.CHECK)
    assert 3 < device.repeats < 12


def test_an_operator_whose_sums_are_right_again_is_watched_again() -> None:
    device, row = _sums("abft")
    device.alarm(0, 2)
    device.flip([row])
    device.wait(200)
    weight = 8 * int(device.layout.watches[0].addresses(2)[0])
    device.flip([weight])
    assert device.alarm(0, 2)
    assert [e.verdict for e in device.log] == [Verdict.UNHEALED, Verdict.HEALED]


@settings(max_examples=20, deadline=None)
@given(
    seed=seeds,
    short=st.integers(0, 300),
    frames=st.integers(0, 700),
    flips=st.lists(st.integers(0, 10**6), max_size=4),
)
def test_waiting_is_healing_frame_by_frame_over_the_wrap_too(
    seed: int, short: int, frames: int, flips: list[int]
) -> None:
    program = random_program(seed)
    if not Image.of(program).layout.working_bytes:
        return
    strategy = random_strategy(seed, program)
    image = strategy.image(program)
    if not image.layout.watches:
        return
    place = image.layout.place("healer", "frame")
    start = image.data.copy()
    start[place.start : place.start + 12].view("<u4")[:] = strategy.frame_modulus - 1 - short
    ends = []
    for waits in (True, False):
        device = Device(Image(program, image.layout, start), strategy, image.data)
        device.flip([f % (8 * image.layout.size_bytes) for f in flips])
        if waits:
            device.wait(frames)
        else:
            for _ in range(frames):
                device.heal()
        ends.append((device.data.tobytes(), device.log, device.repeats))
    assert ends[0] == ends[1]


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_tries_that_change_nothing_are_counted_as_if_made(data: st.DataObject) -> None:
    """Of units that nothing helps, and of others that are hit and healed meanwhile; over the wrap too."""
    size = data.draw(st.sampled_from([64, 128, 256]))
    guards = [Guard(Area("crc32", unit_bytes=size), data.draw(st.integers(1, 4)))]
    guards += [Guard(Area("xor", ("weights",), 64, keep="ram"), 3, (), every_frames=2)]
    strategy = Strategy("waits", tuple(guards[: data.draw(st.integers(1, 2))]))
    image = strategy.image(PROGRAM)
    place, check = image.layout.place("healer", "frame"), image.layout.sections["check"]
    start = image.data.copy()
    short = data.draw(st.integers(1, 4000))
    start[place.start : place.start + 12].view("<u4")[:] = strategy.frame_modulus - short
    damaged = data.draw(st.lists(st.integers(8 * check.start, 8 * check.stop - 1), max_size=3))
    later, frames = data.draw(st.integers(0, 3000)), data.draw(st.integers(1, 4000))
    ends = []
    for waits in (True, False):
        device = Device(Image(PROGRAM, image.layout, start), strategy, image.data)
        device.stick(9, 1 - (int(start[1]) >> 1 & 1))
        for hits, count in ((damaged, later), ([8 * 70, 8 * 700], frames)):
            device.flip(hits)
            if waits:
                device.wait(count)
            else:
                for _ in range(count):
                    device.heal()
        ends.append((device.data.tobytes(), device.log, device.repeats, device.trace.now))
    assert ends[0] == ends[1]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_looks_at_a_unit_are_those_of_a_walk(data: st.DataObject) -> None:
    small = st.integers(1, 9)
    units, every, scans = data.draw(small), data.draw(small), data.draw(st.integers(1, 5))
    per_frame = data.draw(st.integers(1, units))
    first, ahead = data.draw(st.integers(0, 50)), data.draw(st.integers(0, units - 1))
    looks = Looks(first, ahead, units, per_frame, every, 0)
    scan, stop, wanted = -(-units // per_frame) * every, data.draw(st.integers(0, 3000)), []
    for number in range(first, first + 3000):
        for place in range(per_frame):
            if ((number - first) * per_frame + place - ahead) % units == 0:
                wanted.append(number * every)
    wanted = [frame for frame in wanted if frame >= looks.frame(0)]
    assert [looks.frame(n) for n in range(20)] == wanted[:20]
    assert looks.before(stop) == sum(frame < stop for frame in wanted)
    due = [frame for frame in wanted if frame // scan % scans == 0]
    assert looks.due(scan, scans) == due[0]
    assert looks.due_before(stop, scan, scans) == sum(frame < stop for frame in due)


def test_a_century_of_waiting_is_counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    device, tries = _pages(), 0
    act = device.act

    def counted(*args: Any) -> None:
        nonlocal tries
        tries += 1
        act(*args)

    monkeypatch.setattr(device, "act", counted)
    device.flip([8 * device.layout.sections["check"].start])
    frames = 100 * 365 * 86_400 * 125
    device.wait(frames)
    scan = -(-device.layout.watches[0].units // 2)
    assert tries < 99 and len(device.log) == 1
    assert device.repeats == pytest.approx(frames / (64 * scan), abs=99)


def test_periods_go_on_over_the_wrap_and_so_do_times() -> None:
    """397 days at 125 frames a second; a guard that looks after every 7th frame goes on doing so."""
    strategy = Strategy("one", (Guard(Area("crc32", unit_bytes=64), 2, every_frames=7),))
    image = strategy.image(PROGRAM)
    scan = 7 * -(-image.layout.watches[0].units // 2)
    place = image.layout.place("healer", "frame")
    start = image.data.copy()
    start[place.start : place.start + 12].view("<u4")[:] = strategy.frame_modulus - 5 * scan
    device = Device(Image(PROGRAM, image.layout, start), strategy, image.data)
    for _ in range(10):
        device.flip([9])
        device.wait(scan)
    frames = np.array([entry.frame for entry in device.log])
    assert len(frames) == 10 and (np.diff(frames) == scan).all() and (frames % 7 == 0).all()
    assert frames[0] < strategy.frame_modulus < frames[-1] < 2**48


def test_persistence_beyond_the_looks_of_a_scan_heals_a_unit_that_waited() -> None:
    """All units are seen in one frame, and two looks must find a unit damaged."""
    area = Area("crc32", unit_bytes=64)
    units = Strategy("one", (Guard(area),)).image(PROGRAM).layout.watches[0].units
    for persistence, looks in ((2, units), (3, -(-units // 2))):
        strategy = Strategy("one", (Guard(area, looks),), Policy(persistence=persistence))
        image = strategy.image(PROGRAM)
        device = Device(image, strategy, image.data)
        waits = 8 * image.layout.sections["backoff"].start
        device.flip([5, waits + 1, waits + 2])  # unit 0 waits as if it had failed
        device.wait(70 * 64)
        assert [entry.verdict for entry in device.log] == [Verdict.HEALED]
        assert not len(device.wrong)


@pytest.mark.parametrize("refill", [128, 256, 1024])
def test_a_hopeless_unit_leaves_budget_and_time_to_the_others(refill: int) -> None:
    area = Area("crc32", unit_bytes=64)
    units = Strategy("one", (Guard(area),)).image(PROGRAM).layout.watches[0].units
    for policy in (Policy(heals=1, refill_frames=refill), Policy(cool_down_frames=2 * units)):
        strategy = Strategy("one", (Guard(area, 1),), policy)
        image = strategy.image(PROGRAM)
        device = Device(image, strategy, image.data)
        device.stick(5, 1 - (int(image.data[0]) >> 5 & 1))
        device.wait(20_000)
        device.flip([8 * 64 * 5 + 3])
        device.wait(70 * 64 * units)
        assert [position >> 9 for position in device.wrong] == [0]


def test_a_scan_that_takes_years_is_refused() -> None:
    slow = Guard(Area("crc32", unit_bytes=8), every_frames=2**20)
    with pytest.raises(WorkbenchError, match=r"would check its .* units once in .* frames"):
        Strategy("slow", (slow,)).image(open_voice().program)


def test_waiting_does_less_harm_where_a_remedy_cannot_repair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A restart interrupts the sound and leaves a stuck cell as it is; remedies that sign anew never wait."""
    program = open_voice().program
    inputs = {word: open_voice().inputs(word) for word in open_voice().utterances[:2]}
    faults = {"reboot": "stuck", "radar": "mbu", "parity-zero": "burst"}
    harm: dict[str, list[float]] = {name: [] for name in faults}
    for waits in (True, False):
        if not waits:
            monkeypatch.setattr(Backoff, "scans", lambda self, number, unit: 1)
        for name, fault in faults.items():
            ((_, strategy, _),) = strategy_variants([name], program, inputs)
            workload = Workload(4, 10, (f"poisson=0.5Hz,of={KINDS[fault]}",))
            fleet = simulate_fleet(program, inputs, strategy, workload, jobs=1)
            harm[name].append(float(fleet.harm.mean()))
    waited, tried = harm["reboot"]
    assert 0 < waited < tried
    assert all(harm[name][0] == harm[name][1] > 0 for name in ("radar", "parity-zero"))
