"""What the synthesiser of speech costs on emulated cores, and that every sample is that of the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.firmware.boards import Core
from workbench.firmware.design import Firmware
from workbench.firmware.emulation.emulate import emulate
from workbench.healing.strategies.named import nothing
from workbench.integer.operators.synthesis import (
    CONTROL_EXPONENT,
    CONTROLS,
    ENVELOPE_BANDS,
    HOP,
    SAMPLE_RATE_HZ,
    Synthesis,
)
from workbench.integer.program import Program
from workbench.integer.reference import run
from workbench.integer.signals import Signal
from workbench.memory.image import Image
from workbench.memory.places import STATE

_FRAMES = 100
_SEED = 1


@dataclass(frozen=True)
class Cost:
    """Of one core.

    voiced, unvoiced: instructions of a frame, mean. most: in any frame. flash_bytes: code and tables, start-up
    included. stack_bytes: the deepest.
    """

    core: str
    voiced: float
    unvoiced: float
    most: int
    flash_bytes: int
    stack_bytes: int

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Memory:
    """Bytes of tables, of what is remembered, and of scratch memory within a frame, signals included."""

    table_bytes: int
    state_bytes: int
    scratch_bytes: int

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def synthesiser() -> Program:
    """A program that is nothing but the operator."""
    signals = (
        Signal("controls", 16, CONTROLS, 1, CONTROL_EXPONENT),
        Signal("samples", 16, 1, HOP, -15),
    )
    voice = Synthesis.standard("voice", "controls", "samples")
    return Program("synthesiser", ("controls",), "samples", SAMPLE_RATE_HZ / HOP, signals, (voice,))


def memory_of_synthesis() -> Memory:
    """What it occupies, the working copy of the tables once."""
    image = Image.of(synthesiser())
    firmware = Firmware.of(image, strategy=nothing(), weights="ram", prefix="model")
    layout = image.layout
    return Memory(
        layout.working_bytes, layout.sections[STATE].size_bytes, firmware.scratch.size_bytes
    )


def costs_of_synthesis(
    cores: list[Core], *, progress: Callable[[str], object] = lambda _: None
) -> Iterator[Cost]:
    """Speak a second on each core: voiced frames from 64 to 512 Hz, every other tenth of a second unvoiced.

    Raises WorkbenchError where a core differs from the reference, and without compiler or emulator.
    """
    program = synthesiser()
    inputs = {"controls": _controls()}
    expected = run(program, inputs)["samples"][0]
    voiced = inputs["controls"][0, :, ENVELOPE_BANDS] > 0
    for core in cores:
        progress(core.title)
        made = emulate(Image.of(program), core, inputs)
        if (made.codes != expected).any():
            raise WorkbenchError(
                f"the synthesiser on the {core.title} differs from the reference; please report it with the "
                "compiler's version"
            )
        yield Cost(
            core.name,
            float(made.instructions[voiced].mean()),
            float(made.instructions[~voiced].mean()),
            int(made.instructions.max()),
            made.flash_bytes,
            made.stack_bytes,
        )


def _controls() -> np.ndarray:
    """int16 [1, 100, 38]."""
    rng = np.random.default_rng(_SEED)
    one = 2.0**-CONTROL_EXPONENT
    frame = np.arange(_FRAMES)
    values = np.zeros((1, _FRAMES, CONTROLS))
    values[0, :, :ENVELOPE_BANDS] = rng.uniform(-10, -2, (_FRAMES, ENVELOPE_BANDS))
    values[0, :, ENVELOPE_BANDS:-1] = (0.9 * (frame // 10 % 2 == 0))[:, None]
    values[0, :, -1] = 6 + 3 * frame / _FRAMES
    return np.rint(one * values).astype(np.int16)
