"""What happened to devices before they speak: so many upsets at once, or years at a rate, with a healer at work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.fleets.workload import Workload
from workbench.experiments.voices.voice import Voice
from workbench.healing.devices.device import Device
from workbench.healing.memory_simulation import memory_changes, memory_tells_all
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.faults.arrivals import SECONDS_PER_DAY, read_rate
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image

YEAR_S = 365.25 * SECONDS_PER_DAY
_SETTLED_S = 60.0  # between upsets that come at once and the speech


@dataclass(frozen=True)
class Exposure:
    """Faults of a device, and how long it ran until it speaks.

    Args:
        title: In tables.
        fault: As text of a plan; "" for none.
        seconds: From its first frame to the one before it speaks.
    """

    title: str
    fault: str
    seconds: float


def exposures(upsets: Sequence[int], years: Sequence[float], rate: str) -> list[Exposure]:
    """No fault at all, upsets of the working copy at once, and years of single upsets in all memory.

    Args:
        upsets: Numbers of bits that flip together, a minute before the speech.
        years: That devices run.
        rate: Of upsets, as `workbench lifetime` takes it.

    Raises:
        WorkbenchError: A number that cannot be, or an unknown rate.
    """
    per_day = read_rate(rate)
    for count in upsets:
        if count < 1:
            raise WorkbenchError(f"{count} upsets cannot be accumulated; give at least 1")
    for age in years:
        if not 0 < age <= 100:
            raise WorkbenchError(
                f"devices cannot run {age:g} years here; give more than 0, at most 100"
            )
    return [
        Exposure("no upset", "", _SETTLED_S),
        *(
            Exposure(f"{count:,} upset{'s' * (count > 1)}", f"flips={count}", _SETTLED_S)
            for count in upsets
        ),
        *(
            Exposure(
                f"{age:g} year{'s' * (age != 1)}, {rate}", f"poisson={per_day!r}", age * YEAR_S
            )
            for age in years
        ),
    ]


def exposed(
    voice: Voice, strategy: str | Strategy, exposure: Exposure, *, devices: int, seed: int
) -> Iterator[Image]:
    """The memory of each device at the moment at which it speaks; see `exposed_devices`."""
    for image, _ in exposed_devices(voice, strategy, exposure, devices=devices, seed=seed):
        yield image


def exposed_devices(
    voice: Voice, strategy: str | Strategy, exposure: Exposure, *, devices: int, seed: int
) -> Iterator[tuple[Image, bool]]:
    """The memory of each device at the moment at which it speaks, and whether its healer knows of unrepaired damage.

    Args:
        voice: That all of them have.
        strategy: The healer, as `Voice.healer` takes it.
        exposure: What happened to them.
        devices: How many; different faults for each.
        seed: Another one draws other faults.

    Raises:
        WorkbenchError: The healer depends on what is said, so that its memory alone tells nothing, or the faults
            do not fit.
    """
    healer, program = voice.healer(strategy)
    image = healer.image(program)
    sites, first = Sites(image), Device(image, healer, image.data)
    if not memory_tells_all(first):
        raise WorkbenchError(
            f"what {healer.name} heals depends on what is said; choose a strategy that checks memory alone"
        )
    frames = max(1, round(exposure.seconds / voice.frame_s))
    workload = Workload(devices, 1, (exposure.fault,) if exposure.fault else (), seed)
    for number in range(devices):
        device = Device(image, healer, image.data, like=first)
        (events,) = workload.events(sites, range(number, number + 1), frames=frames).rows(1)
        memory_changes(device, events, frames)
        yield image.flip(np.asarray(device.wrong, np.int64)), device.backoff.any()
