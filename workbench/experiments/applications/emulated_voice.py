"""A voice that speaks on an emulated microcontroller, from the memory that a device has by then."""

from __future__ import annotations

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.voices.voice import Voice
from workbench.firmware.boards import Core
from workbench.firmware.emulation.emulate import emulate, emulated_machine, firmware_for
from workbench.healing.strategies.named import nothing
from workbench.integer.reference import run
from workbench.memory.image import Image


class EmulatedVoice:
    """Speaks on one core, and proves each sample.

    Args:
        voice: Whose firmware it is, without a healer: what a healer did is in the memory that is given.
        core: One of `CORES`.

    Attributes:
        samples: How many were equal to the simulation's, which is all of them.

    Raises:
        WorkbenchError: There is no compiler or emulator.
    """

    def __init__(self, voice: Voice, core: Core) -> None:
        self._voice, self._core = voice, core
        self._machine = emulated_machine([firmware_for(voice.image(), nothing())], core)
        self.samples = 0

    def speak(self, utterance: str, image: Image) -> np.ndarray:
        """As `Voice.speak`, from the working copy of any device of this voice.

        Raises:
            WorkbenchError: A sample differs from the simulation's, or the voice cannot say that.
        """
        working = image.flipped()[image.flipped() < 8 * image.layout.working_bytes]
        memory, inputs = self._voice.image().flip(working), self._voice.inputs(utterance)
        made = emulate(memory, self._core, inputs, machine=self._machine)
        program = image.to_program()
        if not np.array_equal(made.codes, run(program, inputs)[program.output][0]):
            raise WorkbenchError(
                f"the {self._core.title} says {utterance!r} otherwise than the simulation; please report this as a "
                "defect of the firmware"
            )
        self.samples += made.codes.size
        return program.rendered(made.codes)
