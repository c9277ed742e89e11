"""What the steps of a device return, `wb_status`: of a simulated device, by its log and the units that wait."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from itertools import pairwise

from workbench.healing.devices.event_trace import EventTrace
from workbench.healing.log import Diagnosis, LogEntry, Verdict

_SOUND = (Diagnosis.MOMENTARY, Diagnosis.DATA, Diagnosis.LATENT)  # memory in RAM is


class StepStatus(IntEnum):
    """The worst that is known when a frame is done."""

    OK = 0
    HEALED = 1
    DEGRADED = 2
    UNHEALABLE = 3


def status_of(entry: LogEntry) -> StepStatus:
    """Of a step that wrote this entry alone."""
    if entry.verdict == Verdict.HEALED:
        return StepStatus.HEALED
    known = entry.verdict == Verdict.DEFERRED or entry.diagnosis in _SOUND
    return StepStatus.DEGRADED if known else StepStatus.UNHEALABLE


def status_runs(
    trace: EventTrace, log: Sequence[LogEntry], frames: int
) -> list[tuple[StepStatus, int]]:
    """(status, for how many frames) of the first `frames` frames of a device, in order."""
    found: dict[int, StepStatus] = {}
    for at, entry in zip(trace.written, log, strict=True):
        found[at] = max(found.get(at, StepStatus.OK), status_of(entry))
    waits = dict(trace.waits)  # of several changes in a frame, the last
    marks = sorted({0, *found, *(at + 1 for at in found), *waits})
    marks = [*(mark for mark in marks if mark < frames), frames]
    runs, waiting = [], False
    for start, stop in pairwise(marks):
        waiting = waits.get(start, waiting)
        known = StepStatus.DEGRADED if waiting else StepStatus.OK
        runs.append((max(known, found.get(start, StepStatus.OK)), stop - start))
    return runs
