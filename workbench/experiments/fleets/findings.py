"""What healers of a fleet found: events followed to the log entries about them and to their repair."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from workbench.healing.devices.device import Device
from workbench.healing.log import Verdict


@dataclass
class Tally:
    """What is counted while devices run, of all of them together; as in `Fleet`."""

    detected: list[int] = field(default_factory=list)
    repaired: list[int] = field(default_factory=list)
    verdicts: dict[str, int] = field(default_factory=lambda: {v.name.lower(): 0 for v in Verdict})
    wrong_samples: int = 0
    audible_frames: int = 0
    hit: int = 0
    oscillations: int = 0
    false_positives: int = 0


def count_findings(device: Device, tally: Tally) -> None:
    """Follow the events of a device to the log entries about them and to their repair."""
    working = 8 * device.layout.working_bytes
    entries: dict[tuple[int, int], list[tuple[int, Verdict]]] = {}
    for at, entry in zip(device.trace.written, device.log, strict=True):
        tally.verdicts[entry.verdict.name.lower()] += 1
        entries.setdefault((entry.area, entry.unit), []).append((at, entry.verdict))
    times: dict[int, list[int]] = {}
    for at, bit in zip(*(each.tolist() for each in device.trace.changes()), strict=True):
        times.setdefault(bit, []).append(at)
    hits: dict[tuple[int, int], list[int]] = {}
    for frame, position in device.trace.hits:
        address = np.array([position >> 3])
        units = [
            (number, unit)
            for number, (_, watch) in enumerate(device.guards)
            for unit in watch.units_in(address)
        ]
        for unit in units:
            hits.setdefault(unit, []).append(frame)
        if position >= working or frame not in times.get(position, []):
            continue
        tally.hit += 1
        seen = [at for unit in units for at, _ in entries.get(unit, []) if at >= frame]
        if seen:
            tally.detected.append(min(seen) - frame)
        # The bit became wrong then; checksum rows put it right within the same frame.
        later = times[position][times[position].index(frame) + 1 :]
        if later:
            tally.repaired.append(later[0] - frame)
    for unit, written in entries.items():
        times_hit = hits.get(unit, [])
        healed = -1
        for at, verdict in written:
            if healed >= 0 and not any(healed < h <= at for h in times_hit):
                tally.oscillations += 1
            if verdict == Verdict.HEALED:
                healed = at
