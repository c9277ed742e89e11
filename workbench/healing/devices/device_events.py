"""What a plan does to simulated devices: its trials as events of each, and what these cannot have.

Codes that wait in buffers may flip in passing. Sums may not: checksum rows see them, and a simulated device has none.

A device is the trial of its number; frames count from its first. Layout: see `workbench.memory.faults.events`.
"""

from __future__ import annotations

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.faults.events import Events, merged
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import ACCUMULATORS, ACTIVATIONS, MONITORS, Sites
from workbench.memory.places import STATE


def device_events(plan: Plan, sites: Sites, devices: range, *, frames: int) -> Events:
    """Events of the devices, numbered from 0 as trials.

    devices: numbers of trials; where a plan has an end, they begin again there. frames: of each device.
    Raises WorkbenchError as `Plan.events`, and for what no simulated device has: sums, stuck cells in what
    is not stored or in histories, events after its last frame.
    """
    if plan.sections == (MONITORS,) and not sites.monitors:
        return merged([])  # a strategy without, beside others that have some
    _refuse_transients(plan, sites)
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


def _refuse_transients(plan: Plan, sites: Sites) -> None:
    """Raise WorkbenchError where a plan may hit sums, or have codes in passing stuck."""
    reached = plan.reach(sites)
    transient = reached[reached >= sites.transients.first]
    if transient.size:
        number, _, _ = sites.transients.locate(transient)
        sections = {sites.transients.places[n].section for n in np.unique(number)}
        if ACCUMULATORS in sections:
            raise WorkbenchError(
                f"a simulated device has no {ACCUMULATORS}, which the fault {plan} may hit; name other sections, as "
                "section=state+activations, or run it with `workbench campaign`"
            )
        if plan.model.sticks_histories:
            raise WorkbenchError(
                f"a simulated device has no stuck cells in {ACTIVATIONS}, which the fault {plan} may put there; name "
                "other sections, as section=weights+bias, or run it with `workbench campaign`"
            )


def _refuse_stuck_histories(plan: Plan, sites: Sites) -> None:
    """Raise WorkbenchError where a plan may force cells of histories, whatever its draws."""
    if plan.model.sticks_histories and sites.layout.sections[STATE].has(plan.reach(sites)).any():
        raise WorkbenchError(
            f"a simulated device has no stuck cells in histories, which the fault {plan} may put there; name "
            "other sections, as section=weights+bias, or run it with `workbench campaign`"
        )
