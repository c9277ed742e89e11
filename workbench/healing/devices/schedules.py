"""Schedules: the events of simulated devices, checked and put in the order in which they happen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from workbench.errors import WorkbenchError, described, expect
from workbench.memory.faults.events import CLEAR, FLIP, SET, Event
from workbench.memory.faults.transients import TransientSites
from workbench.memory.layout import Layout
from workbench.memory.places import STATE


def checked_schedule(schedule: Iterable[Event]) -> tuple[Event, ...]:
    """The events of a device by frame; WorkbenchError for what is no list of events."""
    cure = "a list of events, as [Event(frame=0, position=4711)]"
    expect(schedule, Iterable, "what happens to a device", cure)
    events = tuple(schedule)
    for event in events:
        expect(event, Event, "one of the events of a device", "Event(frame, position)")
        for name, value in (("frame", event.frame), ("position", event.position)):
            expect(value, (int, np.integer), f"the {name} of an event", "a whole number")
        if event.action not in (FLIP, CLEAR, SET):
            raise WorkbenchError(
                f"the action of an event is {described(event.action)}; give FLIP, CLEAR or SET"
            )
    return tuple(sorted(events, key=lambda event: event.frame))


def arrivals_by_frame(
    schedules: Sequence[Sequence[Event]], layout: Layout, *, frames: int
) -> dict[int, list[list[Event]]]:
    """Frame -> what happens before it, of each device.

    Raises WorkbenchError for events outside of the image and of codes in passing, or of the run, and for stuck cells
    in histories and in passing.
    """
    arrivals: dict[int, list[list[Event]]] = {}
    bits, state = 8 * layout.size_bytes, layout.sections[STATE]
    passing = TransientSites(layout.program, layout)
    for number, schedule in enumerate(schedules):
        for event in schedule:
            if event.action != FLIP and state.start <= event.position >> 3 < state.stop:
                raise WorkbenchError(
                    "a simulated device has no stuck cells in histories; run such a fault with "
                    "`workbench campaign`"
                )
            passes = event.action == FLIP and passing.is_code(event.position)
            if not (0 <= event.frame < frames and (passes or 0 <= event.position < bits)):
                raise WorkbenchError(
                    f"the event at bit {event.position}, frame {event.frame} lies outside of the image "
                    f"of {bits} bits or the run of {frames} frames"
                )
            arrivals.setdefault(event.frame, [[] for _ in schedules])[number].append(event)
    return arrivals
