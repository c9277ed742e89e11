"""A campaign over flash: which share of its damage is found, how soon, and under which diagnosis.

Nothing needs the damaged bytes meanwhile, and the working copy is whole: without a guard of flash, damage of the golden
copy would show only when it is restored from. Memory alone is simulated, from event to event.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.experiments.estimates.statistics import wilson
from workbench.healing.devices.device import Device
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program
from workbench.memory.places import CHECK, GOLDEN

WEIGHTS = "weights"  # where they lie in flash


@dataclass
class Campaign:
    """Faults of one part of flash under one strategy.

    frames: from each fault that was found to the entry in the log. diagnoses: of the first entry of each.
    """

    strategy: str
    part: str
    flips: int
    trials: int
    frames: list[int] = field(default_factory=list)
    diagnoses: Counter[str] = field(default_factory=Counter)

    def plain(self) -> dict[str, Any]:
        """Its fields as JSON has them."""
        return {**vars(self), "diagnoses": dict(self.diagnoses)}

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Campaign:
        """The inverse of `plain`."""
        return cls(**{**plain, "diagnoses": Counter(plain["diagnoses"])})

    @property
    def interval(self) -> tuple[float, float]:
        """Of the share that is found, at 95 %."""
        low, high = wilson(len(self.frames), self.trials)
        return float(low), float(high)

    def hours(self, share: float, frame_rate_hz: float) -> float:
        """Within which this share of what is found was found; NaN where nothing was."""
        if not self.frames:
            return float("nan")
        return float(np.quantile(self.frames, share)) / frame_rate_hz / 3600


def bench_flash(
    program: Program,
    strategy: Strategy,
    *,
    trials: int,
    flips: int = 1,
    in_flash: bool = False,
    seed: int = 17,
) -> list[Campaign]:
    """`flips` neighbouring bits of one part of flash flip, at a random moment; two scans are waited for.

    in_flash: weights lie in flash, where the strategy looks at them, and a golden copy only if it reads one.
    """
    image, rng = strategy.image(program), np.random.default_rng(seed)
    fresh = Device(image, strategy, image.data)
    scan = max(
        -(-watch.units // max(1, guard.per_frame)) * guard.every_frames
        for guard, watch in fresh.guards
    )
    campaigns = []
    sections, reads = image.layout.sections, any(guard.reads_golden for guard in strategy.guards)
    spans = {
        **({WEIGHTS: (0, image.layout.working_bytes)} if in_flash else {}),
        **({GOLDEN: (sections[GOLDEN].start, sections[GOLDEN].stop)} if reads or not in_flash else {}),
        CHECK: (sections[CHECK].start, sections[CHECK].stop),
    }  # fmt: skip
    for part, (start, stop) in spans.items():
        campaign = Campaign(strategy.name, part, flips, trials)
        for _ in range(trials):
            device = Device(image, strategy, image.data, like=fresh)
            device.skip(int(rng.integers(scan)))
            first = int(rng.integers(8 * start, 8 * stop - flips + 1))
            device.flip(range(first, first + flips))
            hit = device.trace.now
            _until_found(device, hit + 2 * scan)
            if device.log:
                campaign.frames.append(device.trace.written[0] - hit)
                campaign.diagnoses[device.log[0].diagnosis.name] += 1
        campaigns.append(campaign)
    return campaigns


def _until_found(device: Device, stop: int) -> None:
    while not device.log and device.trace.now < stop:
        quiet, left = device.quiet_frames(), stop - device.trace.now
        if quiet is None or quiet >= left:
            return
        device.skip(quiet)
        device.heal()
