"""Instructions a multiply-accumulate of every layer on every emulated core, beside plain C and other libraries."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.bench.kernel_layers import M55, PEERS, Layer
from workbench.firmware.boards import Core
from workbench.firmware.design import RAM, Firmware
from workbench.firmware.emulation.emulate import emulated_machine
from workbench.firmware.emulation.emulator import EmulatedMachine
from workbench.firmware.emulation.qemu import has_qemu, run_on_m55
from workbench.firmware.toolchain import GCC, ZIG
from workbench.firmware.twins.twin import Twin, frames_of
from workbench.healing.strategies.named import nothing
from workbench.integer.reference import run
from workbench.memory.image import Image

TUNED, PLAIN = "tuned", "plain"
_PLAIN_MACRO = "WB_PLAIN_KERNELS"
_FRAMES = 3
RELU_ZEROS = 0.5  # half of the codes behind a ReLU are zero


@dataclass(frozen=True)
class Measurement:
    """One layer on one core.

    compiler: "zig" or "gcc". kernels: "tuned" for what the firmware uses on this core, "plain" for the C that
    defines them. bits: of weights. instructions_per_mac: of a whole step, copies of input and output included, all
    inputs drawn uniformly. after_relu: the same where half of the inputs are zero. cycles_per_mac: estimated with
    the core's timing, memory that never waits; None on a Cortex-M55. peer: instructions a multiply-accumulate of CMSIS-NN; None where
    none was published.
    """

    core: str
    compiler: str
    kernels: str
    layer: str
    bits: int
    instructions_per_mac: float
    after_relu: float
    cycles_per_mac: float | None
    peer: float | None

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def compilers(core: Core) -> list[str]:
    """Those that are installed and know the core."""
    return [ZIG, *([GCC] if core.gcc_cpu and shutil.which("arm-none-eabi-gcc") else [])]


def kernel_builds(
    cores: Sequence[Core], layers: Sequence[Layer]
) -> Mapping[str, Callable[[], list[Measurement]]]:
    """What is compiled and run, by name: all layers with every compiler, tuned and plain, on every core.

    The last are on QEMU's Cortex-M55, of which there are no cycles; none where QEMU or GCC is not installed. Each raises
    WorkbenchError where a code differs from the reference, and without compiler or emulator.
    """
    builds = {
        f"{core.title} {compiler} {kernels}": partial(_on, core, layers, compiler, kernels)
        for core in cores
        for compiler in compilers(core)
        for kernels in (TUNED, PLAIN)
    }
    on_m55 = (ZIG, GCC) if has_qemu() and shutil.which("arm-none-eabi-gcc") else ()
    return builds | {
        f"Cortex-M55 {compiler} {kernels}": partial(_on_m55, layers, compiler, kernels)
        for compiler in on_m55
        for kernels in (TUNED, PLAIN)
    }


def _on_m55(layers: Sequence[Layer], compiler: str, kernels: str) -> list[Measurement]:
    firmwares = _firmwares(layers)
    defines = [_PLAIN_MACRO] if kernels == PLAIN else []
    means = []
    for zeros in (0.0, RELU_ZEROS):
        inputs = [layer.inputs(_FRAMES, zeros=zeros) for layer in layers]
        runs = run_on_m55(firmwares, inputs, compiler=compiler, defines=defines)
        for layer, firmware, given, made in zip(layers, firmwares, inputs, runs, strict=True):
            _refuse_difference(layer, firmware, given, made.codes)
        macs = [firmware.program.macs_per_frame() for firmware in firmwares]
        means.append(
            [float(made.instructions.mean()) / m for made, m in zip(runs, macs, strict=True)]
        )
    return [
        Measurement(
            core=M55,
            compiler=compiler,
            kernels=kernels,
            layer=layer.name,
            bits=layer.bits,
            instructions_per_mac=dense,
            after_relu=sparse,
            cycles_per_mac=None,
            peer=PEERS[M55].get(layer.name),
        )
        for layer, dense, sparse in zip(layers, *means, strict=True)
    ]


def _firmwares(layers: Sequence[Layer]) -> list[Firmware]:
    return [
        Firmware.of(
            Image.of(layer.program()), strategy=nothing(), weights=RAM, prefix=f"layer{number}"
        )
        for number, layer in enumerate(layers)
    ]


def _on(core: Core, layers: Sequence[Layer], compiler: str, kernels: str) -> list[Measurement]:
    firmwares = _firmwares(layers)
    defines = [_PLAIN_MACRO] if kernels == PLAIN else []
    machine = emulated_machine(firmwares, core, compiler=compiler, defines=defines)
    rows = []
    for layer, firmware in zip(layers, firmwares, strict=True):
        macs = firmware.program.macs_per_frame()
        instructions, cycles = _step(machine, firmware, layer, zeros=0.0)
        sparse, _ = _step(machine, firmware, layer, zeros=RELU_ZEROS)
        rows.append(
            Measurement(
                core=core.name,
                compiler=compiler,
                kernels=kernels,
                layer=layer.name,
                bits=layer.bits,
                instructions_per_mac=instructions / macs,
                after_relu=sparse / macs,
                cycles_per_mac=cycles / macs,
                peer=PEERS.get(core.name, {}).get(layer.name),
            )
        )
    return rows


def _step(
    machine: EmulatedMachine, firmware: Firmware, layer: Layer, *, zeros: float
) -> tuple[float, float]:
    """Instructions and estimated cycles of a frame, mean, once the history is full."""
    inputs = layer.inputs(_FRAMES, zeros=zeros)
    twin = Twin(machine, firmware)
    instructions, cycles, heard = [], [], []
    for codes in frames_of(firmware, inputs):
        heard.append(twin.step(codes))
        instructions.append(machine.instructions)
        cycles.append(machine.cycles)
    _refuse_difference(layer, firmware, inputs, np.concatenate(heard))
    return float(np.mean(instructions)), float(np.mean(cycles))


def _refuse_difference(
    layer: Layer, firmware: Firmware, inputs: dict[str, np.ndarray], heard: np.ndarray
) -> None:
    """Raise WorkbenchError unless output codes [frames * rate, channels] are those of the reference."""
    if (heard != run(firmware.program, inputs)["y"][0]).any():
        raise WorkbenchError(
            f"{layer.title} on an emulated core differs from the reference; please report it with the "
            "compiler's version"
        )
