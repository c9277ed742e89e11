"""What a plan does to simulated devices: its trials as events of each, and what these cannot have.

A device is the trial of its number; frames count from its first. Layout: see `workbench.memory.faults.events`.
"""

from __future__ import annotations

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.faults.events import Events
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.places import STATE


def device_events(plan: Plan, sites: Sites, devices: range, *, frames: int) -> Events:
    """Events of the devices, numbered from 0 as trials.

    devices: numbers of trials; where a plan has an end, they begin again there. frames: of each device.
    Raises WorkbenchError as `Plan.events`, and for what no simulated device has: transient bits, stuck
    cells in histories, events after its last frame.
    """
    refuse_transients(plan, sites)
    _refuse_stuck_histories(plan, sites)
    numbers = np.arange(devices.start, devices.stop)
    size = plan.size(sites)
    events = plan.events(sites, numbers if size is None else numbers % size)
    late = events.frame[events.frame >= frames]
    if late.size:
        raise WorkbenchError(
            f"the fault {plan} has an event at frame {late.min():,} and a device lives {frames:,} frames; "
            "choose an earlier frame, or let it live longer"
        )
    return events


def refuse_transients(plan: Plan, sites: Sites) -> None:
    """Raise WorkbenchError where a plan may hit bits that are not stored."""
    reached = plan.reach(sites)
    transient = reached[reached >= sites.transients.first]
    if transient.size:
        number, _, _ = sites.transients.locate(transient[:1])
        section = sites.transients.places[int(number[0])].section
        raise WorkbenchError(
            f"a simulated device has no {section}, which the fault {plan} may hit; name stored sections, as "
            f"section=state, or run it with `workbench campaign`"
        )


def _refuse_stuck_histories(plan: Plan, sites: Sites) -> None:
    """Raise WorkbenchError where a plan may force cells of histories, whatever its draws."""
    if plan.model.sticks_histories and sites.layout.sections[STATE].has(plan.reach(sites)).any():
        raise WorkbenchError(
            f"a simulated device has no stuck cells in histories, which the fault {plan} may put there; name "
            "other sections, as section=weights+bias, or run it with `workbench campaign`"
        )
