"""The workload of a fleet: which utterances its devices say, and which faults happen to them.

Faults are plans as those of campaigns, and a device is the trial of its number. Faults of the working copy
and the histories are the same for every strategy, bit for bit: these lie at the same addresses in all
images. What a strategy adds, its checks, copies and variables, is hit by faults of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError, expect, nearest, whole_number
from workbench.experiments.fleets.drifts import DRIFTS, given_inputs
from workbench.healing.devices.device_events import device_events
from workbench.integer.program import Program
from workbench.integer.reference import Codes
from workbench.memory.faults.events import Events, merged
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.sampling import counter_stream

# What a single arrival does, by the short names of `workbench lifetime --kind`.
KINDS = {"single": "flips=1", "mbu": "square=2", "burst": "burst=8", "stuck": "stuck=1"}


@dataclass(frozen=True)
class Workload:
    """devices: how many. utterances: that each of them says, one after the other, drawn by the seed.

    faults: that happen to every device, all of them; each a Plan or its text, without `seed` or `frames`
    for those of the workload: "poisson=1Hz,of=burst=8", "ber=1e-5", "bits=7+12". Kept as texts. Frames
    count from a device's first. drift: how the data that devices are given change, a name of DRIFTS; "" for not.
    Raises WorkbenchError for what cannot be.
    """

    devices: int
    utterances: int
    faults: tuple[str, ...] = ()
    seed: int = 0
    drift: str = ""

    def __post_init__(self) -> None:
        given: Any = self.faults
        faults: Sequence[Any] = [given] if isinstance(given, str | Plan) else given
        expect(faults, Sequence, "the faults of a workload", 'their texts, as ["ber=1e-5"]')
        for fault in faults:
            expect(fault, (str, Plan), "a fault of a workload", 'a Plan or its text, as "ber=1e-5"')
        object.__setattr__(self, "faults", tuple(map(str, faults)))
        for name in ("devices", "utterances"):
            value = whole_number(getattr(self, name), f"a workload's {name}")
            object.__setattr__(self, name, value)
            if not 1 <= value < 1e9:
                raise WorkbenchError(
                    f"a workload's {name} cannot be {value}; it is at least 1 and less than 1e9"
                )
        object.__setattr__(self, "seed", whole_number(self.seed, "a workload's seed"))
        if self.drift and self.drift not in DRIFTS:
            raise WorkbenchError(
                f"data cannot change by {self.drift!r}; {nearest(str(self.drift), DRIFTS)}"
            )
        self.plans(frames=1)

    def script(self, vocabulary: int) -> np.ndarray:
        """What every device says: indices of its vocabulary drawn by the seed, int64 [utterances]."""
        # The label decides what is drawn: another one would change every earlier result.
        drawn = counter_stream(f"mission words,seed={self.seed}", 0).random_raw(self.utterances)
        return (drawn % vocabulary).astype(np.int64)

    def plans(self, frames: int) -> tuple[Plan, ...]:
        """The plans of faults for devices that run `frames` frames; WorkbenchError where one is no plan."""
        return tuple(Plan.parse(text, seed=self.seed, frames=frames) for text in self.faults)

    def events(self, sites: Sites, devices: range, *, frames: int) -> Events:
        """What happens to these devices, numbered from 0 as trials, in so many frames.

        sites: of the strategy's image. Raises WorkbenchError as `device_events`.
        """
        parts = [device_events(plan, sites, devices, frames=frames) for plan in self.plans(frames)]
        return merged(parts)

    def given(self, program: Program, inputs: Codes, starts: Sequence[int] = (0,)) -> Codes:
        """What devices are given where they should be given these inputs of words; starts: first frame of each."""
        words = [
            {
                name: codes[:, start * rate : None if end is None else end * rate]
                for name, codes in inputs.items()
                for rate in (program.signal(name).rate,)
            }
            for start, end in zip(starts, (*starts[1:], None), strict=True)
        ]
        made = [given_inputs(program, word, self.drift) for word in words]
        return {name: np.concatenate([word[name] for word in made], axis=1) for name in inputs}
