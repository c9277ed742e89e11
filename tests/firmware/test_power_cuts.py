"""Power cuts: the store in Python and in C do the same to the last bit, and keep what they promise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.cli import main
from workbench.firmware.exporting.store import STORE
from workbench.firmware.power_cuts.campaign import (
    CONFIRM,
    MOST_ATTEMPTS,
    RESET,
    ROLL_BACK,
    BrokenPromiseError,
    Device,
    Operation,
    Scenario,
    cut_power,
    install,
    scenarios,
    small_design,
)
from workbench.firmware.power_cuts.machines import (
    Act,
    Machine,
    MachineInC,
    MachineInPython,
    load_library,
)
from workbench.firmware.toolchain import package_texts
from workbench.versions.flash import Cut, Tear
from workbench.versions.store import Design
from workbench.versions.version import Status, version

_CORRECTS = pytest.mark.parametrize("corrects", [False, True], ids=["plain", "corrects"])
_NEWEST = 6
_CUTS = st.builds(
    Cut,
    st.integers(0, 40),
    st.sampled_from(Tear),
    st.integers(0, 260),
    st.integers(1, (1 << 32) - 1),
)
# What a session does, a number being a version to install, and where its power fails.
_SESSIONS = st.lists(
    st.tuples(st.none() | st.sampled_from(Act) | st.integers(1, _NEWEST), st.none() | _CUTS),
    max_size=12,
)


def _device(kind: type[MachineInC] | type[MachineInPython], *, corrects: bool) -> Device:
    def make(design: Design, factory: bytes) -> Machine:
        return kind(design, factory, corrects=corrects)

    return Device(make)


def _do(device: Device, what: Act | int | None) -> Status:
    if isinstance(what, int):
        return device.machine.install(device.versions[what])
    return Status.OK if what is None else device.machine.act(what)


@_CORRECTS
@given(sessions=_SESSIONS)
def test_python_equals_c(
    corrects: bool, sessions: Sequence[tuple[Act | int | None, Cut | None]]
) -> None:
    devices = [_device(kind, corrects=corrects) for kind in (MachineInPython, MachineInC)]
    python, c = (device.machine for device in devices)
    for what, cut in sessions:
        opened = python.power_on(cut)
        assert c.power_on(cut) is opened
        if opened is Status.OK:
            started = python.act(Act.START)
            assert c.act(Act.START) is started
            if started is Status.OK:
                assert python.content() == c.content()
            assert _do(devices[0], what) is _do(devices[1], what)
            assert python.state() == c.state()
            assert python.history() == c.history()
        assert python.operations() == c.operations()
        assert python.flash() == c.flash()
    c.refuse_misuse()


def _allowed(device: Device) -> list[Operation | None]:
    """What a device accepts in its next session."""
    if len(device.oracle.possible) > 1:
        return [None]
    (state,) = device.oracle.possible
    state = state.started(MOST_ATTEMPTS)
    operations: list[Operation | None] = [None, RESET]
    if state.active:
        operations.append(ROLL_BACK)
    if state.trial:
        operations.append(CONFIRM)
    elif state.floor < _NEWEST:
        operations.append(install(state.floor + 1))
    return operations


@_CORRECTS
@given(data=st.data())
def test_any_life_keeps_the_promises(corrects: bool, data: st.DataObject) -> None:
    device = _device(MachineInC, corrects=corrects)
    for cut in data.draw(st.lists(st.none() | _CUTS, max_size=25)):
        device.session(cut=cut, operation=data.draw(st.sampled_from(_allowed(device))))
    assert device.session()
    device.machine.refuse_misuse()


def test_a_cut_that_writes_nothing_is_none() -> None:
    """A prefix of no byte leaves the flash as a cut before the operation does."""
    for tear in (Tear.BEFORE, Tear.PREFIX):
        device = _device(MachineInC, corrects=False)
        for operation in (None, None, install(1)):
            device.session(operation=operation)
        device.session(cut=Cut(0, tear, 0))
        assert device.session()
        device.machine.refuse_misuse()


_EVERY = list(scenarios())


@_CORRECTS
@pytest.mark.parametrize("scenario", _EVERY[::9], ids=lambda each: each.name)
def test_every_operation_can_be_cut(scenario: Scenario, corrects: bool) -> None:
    def make(design: Design, factory: bytes) -> Machine:
        return MachineInC(design, factory, corrects=corrects)

    outcome = cut_power(make, scenario, seeds=2)
    assert not outcome.broken
    assert outcome.points > 100
    assert outcome.boots == 1


# Faults of the field, built into the store: scenarios that show it, file, text, text in its place. The first three are those of
# github.com/mcu-tools/mcuboot/issues/1966, 829 and 480.
_BROKEN = {
    "a torn mark ends in a state that nobody knows": (
        "third installation",
        "wb_journal.h",
        "    if (latest.index == sealed.index) { /* nothing later",
        "    if (latest.index == sealed.index) {\n        return -1;\n    }\n"
        "    if (latest.index == sealed.index) { /* nothing later",
    ),
    "what recovery needs is in RAM alone": (
        "roll back to a version",
        "wb_journal.h",
        "    wb_bytes_copy(bytes + 32, record->previous_tag, WB_RECORD_TAG);\n    wb_record_tag",
        "    wb_bytes_fill(bytes + 32, 0xff, WB_RECORD_TAG);\n    wb_record_tag",
    ),
    "a reset is taken for one more revert": (
        "last start",
        "wb_store.h",
        "wb_store_before(&record, WB_RECORD_REVERTED);",
        "wb_store_before(&record, WB_RECORD_REVERTED);\n        record.trial = 1;",
    ),
    "a half-programmed record is believed": (
        "confirmation",
        "wb_journal.h",
        "return sealed ? WB_PLACE_SEALED : WB_PLACE_OPEN;",
        "return WB_PLACE_SEALED;",
    ),
    "a version is forgotten after it is overwritten": (
        "third installation",
        "wb_install.h",
        "record.previous == slot) {",
        "record.previous == slot && record.floor == UINT32_MAX) {",
    ),
    "a sector that looks blank is taken for erased": (
        "third installation",
        "wb_install.h",
        "(!(offset % region->sector_bytes) && wb_flash_erase(flash, address))",
        "(!(offset % region->sector_bytes) && !wb_journal_blank(flash, address, (uint8_t[16]){0}, 16) &&"
        " wb_flash_erase(flash, address))",
    ),
}


@pytest.mark.parametrize("fault", _BROKEN)
def test_the_campaign_finds_faults_of_the_field(fault: str) -> None:
    shown_by, name, text, other = _BROKEN[fault]
    header = package_texts(STORE)[f"{STORE}/{name}"]
    assert header.count(text) == 1
    library = load_library({f"{STORE}/{name}": header.replace(text, other)})

    def make(design: Design, factory: bytes) -> Machine:
        return MachineInC(design, factory, corrects=False, library=library)

    shows = [each for each in _EVERY if each.name.startswith(shown_by)]
    assert any(cut_power(make, each, seeds=2, most_broken=1).broken for each in shows)


def _made(content: bytes = b"content", **more: Any) -> bytes:
    design = small_design()
    given = {"key": design.key, "product": design.product, "sequence": 3, **more}
    return version(content, **given)


_REFUSED = {
    Status.NOT_A_VERSION: b"x" + _made()[1:],
    Status.FORGED: _made(key=bytes(16)),
    Status.WRONG_PRODUCT: _made(product=b"another."),
    Status.WRONG_BOARD: _made(board=1),
    Status.TOO_OLD: _made(sequence=2),
    Status.TOO_LARGE: _made(bytes(449)),
    Status.TRUNCATED: _made()[:-1],
    Status.TOO_LONG: _made() + b".",
}


@pytest.mark.parametrize("reason", _REFUSED, ids=lambda each: each.name)
@pytest.mark.parametrize("kind", [MachineInPython, MachineInC])
def test_a_version_that_is_none_is_refused_and_nothing_is_lost(
    kind: type[MachineInC] | type[MachineInPython], reason: Status
) -> None:
    device = _device(kind, corrects=False)
    for operation in (install(1), CONFIRM, install(2), CONFIRM):
        device.session(operation=operation)
    assert device.session()
    before = device.machine.state()
    flash = device.machine.flash()
    assert device.machine.install(_REFUSED[reason]) is reason
    if reason not in (Status.TRUNCATED, Status.TOO_LONG):  # those are told from the header alone
        assert device.machine.flash() == flash
        assert device.machine.state() == before
    device.machine.act(Act.ABANDON)
    device.machine.power_on()
    assert device.machine.act(Act.START) is Status.OK
    assert device.machine.content() == device.contents[2]


@pytest.mark.parametrize("kind", [MachineInPython, MachineInC])
def test_operations_at_the_wrong_time_are_refused(
    kind: type[MachineInC] | type[MachineInPython],
) -> None:
    device = _device(kind, corrects=False)
    machine, versions = device.machine, device.versions
    machine.power_on()
    assert machine.install(versions[1]) is Status.NOT_RUNNING
    machine.act(Act.START)
    assert machine.act(Act.ROLL_BACK) is Status.NOTHING_BEFORE
    assert machine.act(Act.CONFIRM) is Status.NOTHING_TO_CONFIRM
    assert machine.install(versions[1][:-1]) is Status.TRUNCATED
    for act in (Act.CONFIRM, Act.ROLL_BACK, Act.RESET):
        assert machine.act(act) is Status.IN_PROGRESS
    assert machine.install(versions[1]) is Status.IN_PROGRESS
    machine.act(Act.ABANDON)
    assert machine.install(versions[1]) is Status.OK
    assert machine.act(Act.CONFIRM) is Status.NOT_RUNNING
    assert machine.install(versions[2]) is Status.UNCONFIRMED


@given(
    bits=st.lists(st.integers(0, 8 * 2560 - 1), min_size=1, max_size=6),
    kind=st.sampled_from([MachineInPython, MachineInC]),
)
def test_damaged_flash_never_runs_what_is_no_version(
    bits: list[int], kind: type[MachineInC] | type[MachineInPython]
) -> None:
    device = _device(kind, corrects=False)
    for operation in (install(1), CONFIRM, install(2), CONFIRM):
        device.session(operation=operation)
    flash = bytearray(device.machine.flash()[0])
    for bit in bits:
        flash[bit // 8] ^= 1 << bit % 8
    device.machine.damage(0, bytes(flash))
    assert device.machine.power_on() is Status.OK
    status = device.machine.act(Act.START)
    factory = small_design().slots[0]
    if status is Status.OK:
        assert device.machine.content() in device.contents
    else:
        assert status is Status.NOTHING_WHOLE
        hit = [bit // 8 for bit in bits]
        assert any(0 <= byte - factory.address < factory.size_bytes for byte in hit)


def test_command_prints_a_row_for_every_operation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    few = [each for each in _EVERY if each.title == "reset"][:2]
    monkeypatch.setattr("workbench.commands.cuts.scenarios", lambda: iter(few))
    assert main(["cuts", "--seeds", "1", "--json", "cuts.json"]) == 0
    (row,) = json.loads(Path("cuts.json").read_text())
    assert row["operation"] == "reset"
    assert row["starts"] == 1
    assert f"reset{row['cuts']:>35,}" in capsys.readouterr().out
    assert main(["cuts", "--seeds", "-1"]) == 2


def test_command_says_which_cut_breaks_a_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def broken(device: Device) -> None:
        raise BrokenPromiseError("it is on fire")

    monkeypatch.setattr(Device, "_look", broken)
    assert main(["cuts", "--seeds", "0"]) == 2
    assert "first installation, 0 records before, no cut: it is on fire" in capsys.readouterr().err
