"""The simulation and the C runtime side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.firmware.design import Firmware
from workbench.firmware.twins.twin import Machine, Twin
from workbench.healing.simulation import SimulationResult
from workbench.memory.faults.events import Event


def assert_same(
    machine: Machine,
    firmware: Firmware,
    inputs: dict[str, np.ndarray],
    upsets: Sequence[Event],
    result: SimulationResult,
) -> None:
    """Same samples, same log, same bytes of all memory for the same upsets."""
    twin = Twin(machine, firmware)
    try:
        np.testing.assert_array_equal(twin.run(inputs, upsets), result.codes)
        assert (twin.log, twin.repeats) == (list(result.log), result.repeats)
        np.testing.assert_array_equal(twin.image().data, result.image.data)
    finally:  # flash outlives the twin
        flash = 8 * firmware.layout.sections["golden"].start
        twin.flip(upset.position for upset in upsets if upset.position >= flash)
