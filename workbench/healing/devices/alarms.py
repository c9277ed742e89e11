"""What follows an alarm of a monitor.

Checksum rows point at a unit, whose ladder is climbed at once. Behaviour points nowhere: at realistic upset rates nearly
all of its alarms are false, so that an alarm touches nothing by itself. It makes all guards look at memory, in their
order, and what they find they treat as ever. Where all is sound, it was something in passing: histories and monitors are
reset, or left alone where the ladder has nothing; where it happens again soon, golden inputs are asked, and at last the
inputs are taken for unknown ones, which no remedy follows. A check of the inputs says so at once: its own alarm asks
nobody, or memory alone where it sees them by that, and until it has forgotten it, an alarm of another monitor that memory does not explain is taken for the same.
Where it is silent, what comes again is in the computing. A gain of the input that is wrong is corrected where golden
inputs, if there are any, show that the network is sound. The C of `workbench/firmware/runtime/wb_behaviour.h` does the
same, statement by statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from workbench.healing.devices.backoff import WELL, Backoff
from workbench.healing.devices.evidence import diagnose
from workbench.healing.devices.fading import Fading
from workbench.healing.devices.variables import time_of
from workbench.healing.log import CLIMBS, Diagnosis, LogEntry, Remedy, Verdict
from workbench.healing.remedies import State
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.watches.behaviour import Behaviour, BehaviourKind
from workbench.memory.watches.watch import Watch

MOST_FOUND = 16  # units that are treated after one alarm; the log of a frame has room for them


class Alarmed(Protocol):
    """What an alarm needs of a device; see `workbench.healing.devices.device.Device`."""

    strategy: Strategy
    data: np.ndarray
    backoff: Backoff
    fading: Fading
    suspect: list[set[int]]

    @property
    def guards(self) -> Sequence[tuple[Guard, Watch]]:
        """Guards and where they watch."""

    def state_of_frame(self) -> State:
        """The healer's variables, voted once in the frame."""

    def settle(self) -> None:
        """Stuck cells take their values back."""

    def act(self, number: int, guard: Guard, watch: Watch, unit: int, state: State) -> None:
        """Diagnose a unit that is wrong, apply remedies, and write it down."""

    def climb(self, guard: Guard, watch: Watch, unit: int, state: State) -> tuple[Remedy, Verdict]:
        """Try the rungs of a ladder until one helps."""

    def report(self, entry: LogEntry) -> bool:
        """Write a finding down, unless it was before."""


def follow_alarm(device: Alarmed, number: int, unit: int) -> bool:
    """A unit of monitor `number` raised an alarm; tell whether the frame is to be computed again."""
    state = device.state_of_frame()
    if not device.backoff.due(number, unit, state["frame"]):
        device.backoff.alarmed(number, unit)
        device.settle()
        return False
    guard, watch = device.guards[number]
    if isinstance(watch, Behaviour):
        _look_at_memory(device, number, guard, watch, state)
        return False
    diagnosis, remedy, verdict = Diagnosis.COMPUTE, Remedy.NONE, Verdict.UNHEALED
    repeats, frame = Remedy.REPEAT in guard.ladder, time_of(state, device.strategy)
    if watch.wrong(device.data, unit):
        diagnosis = diagnose(device.guards, number, device.data, unit)
    if diagnosis in CLIMBS:
        remedy, verdict = device.climb(guard, watch, unit, state)
    elif diagnosis == Diagnosis.COMPUTE and repeats:
        remedy, verdict = Remedy.REPEAT, Verdict.HEALED
    device.report(LogEntry(frame, number, unit, diagnosis, remedy, verdict))
    return remedy != Remedy.NONE and repeats


def _look_at_memory(
    device: Alarmed, number: int, guard: Guard, watch: Behaviour, state: State
) -> None:
    diagnosis, remedy, verdict = Diagnosis.CHECK, Remedy.NONE, Verdict.UNHEALED
    sound = not watch.wrong(device.data, 0)  # else what it compares with is damaged
    kinds = [each.area.kind for each, _ in device.guards]
    memory = [n for n, k in enumerate(kinds) if not (k.stream or k.validates or k.flash)]
    if sound and _judges_inputs(watch):
        diagnosis, found, unhealed = Diagnosis.DATA, 0, 0
        if watch.reads_memory:
            found, unhealed = _pass(device, state, memory)
        if found:
            diagnosis, remedy = Diagnosis.MEMORY, Remedy.SCRUB
            verdict = Verdict.UNHEALED if unhealed else Verdict.HEALED
        elif not guard.area.kind.corrects_inputs:
            watch.be_wary(device.data)
        elif guard.ladder:
            diagnosis, remedy, verdict = _recalibrate(device, guard, watch, state)
    elif sound:
        judges = [each for _, each in device.guards if _is_asked(each)]
        unknown = any(isinstance(each, Behaviour) and each.is_wary(device.data) for each in judges)
        again = watch.is_wary(device.data)
        found, unhealed = _pass(device, state, memory)
        if not found and again and not unknown:
            found, unhealed = _pass(device, state, (n for n, k in enumerate(kinds) if k.validates))
        if found or not again:  # what was heard is explained, and passes
            device.fading.begin()
        if found:
            diagnosis, remedy = Diagnosis.MEMORY, Remedy.SCRUB
            verdict = Verdict.UNHEALED if unhealed else Verdict.HEALED
        elif again or unknown:  # where inputs were checked and are known ones, it is not they
            diagnosis = Diagnosis.COMPUTE if judges and not unknown else Diagnosis.DATA
        else:
            diagnosis = Diagnosis.MOMENTARY
            watch.be_wary(device.data)
            device.settle()
            verdict = Verdict.HEALED  # it passes by itself
            if guard.ladder:
                remedy, _ = device.climb(guard, watch, 0, state)
    frame = time_of(state, device.strategy)
    device.report(LogEntry(frame, number, 0, diagnosis, remedy, verdict))


def _recalibrate(
    device: Alarmed, guard: Guard, watch: Behaviour, state: State
) -> tuple[Diagnosis, Remedy, Verdict]:
    """Correct inputs within the budget, unless golden inputs show that it is not they; then those heal."""
    policy = device.strategy.policy
    found, unhealed = _pass(
        device, state, (n for n, (each, _) in enumerate(device.guards) if each.area.kind.validates)
    )
    if found:
        verdict = Verdict.UNHEALED if unhealed else Verdict.HEALED
        return Diagnosis.MEMORY, Remedy.SCRUB, verdict
    if policy.heals and state["spent"] >= policy.heals:
        return Diagnosis.DATA, Remedy.NONE, Verdict.DEFERRED
    remedy, verdict = device.climb(guard, watch, 0, state)
    state["spent"] += 1 if policy.heals and remedy != Remedy.NONE else 0
    return Diagnosis.DATA, remedy, verdict


def _is_asked(watch: Watch) -> bool:
    """Whether other monitors ask it for what it knows of the inputs."""
    return _judges_inputs(watch) and not watch.area.kind.corrects_inputs


def _judges_inputs(watch: Watch) -> bool:
    kind = watch.area.kind
    return isinstance(kind, BehaviourKind) and kind.judges_inputs


def _pass(device: Alarmed, state: State, numbers: Iterable[int]) -> tuple[int, int]:
    """Look at all units of some guards, MOST_FOUND wrong ones at most; (how many are wrong, how many stay so)."""
    found = unhealed = 0
    for number in numbers:
        guard, watch = device.guards[number]
        for unit in range(watch.units):  # what is done about one may put others right as well
            if found == MOST_FOUND:
                return found, unhealed
            if not device.backoff.due(number, unit, state["frame"]):
                continue
            if unit in device.suspect[number]:
                device.act(number, guard, watch, unit, state)
                found += 1
                unhealed += unit in device.suspect[number]
            elif device.backoff.level(number, unit):
                device.backoff.put(number, unit, WELL)
                device.settle()
    return found, unhealed
