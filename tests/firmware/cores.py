"""One machine of each family of kernels, and this one, for tests that run the same firmware on all of them."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.experiments.bench.kernels import compilers
from workbench.firmware.boards import CORES
from workbench.firmware.design import Firmware
from workbench.firmware.emulation.emulate import emulated_machine
from workbench.firmware.twins.host import host_machine
from workbench.firmware.twins.twin import Machine

# The cores of each family of kernels; others differ in nothing that kernels see.
BUILDS = [
    "host",
    *(
        (name, compiler)
        for name in ("m0plus", "m3", "m4", "rv32imc")
        for compiler in compilers(CORES[name])
    ),
]


def machine_of(build: str | tuple[str, str], firmwares: Sequence[Firmware]) -> Machine:
    """One of BUILDS with all of these models."""
    if isinstance(build, str):
        return host_machine(firmwares)
    core, compiler = build
    return emulated_machine(firmwares, CORES[core], compiler=compiler)
