"""All results of the demonstration, as data: what the page shows and summary.json holds.

Sounds are float32 [samples] in [-1, 1] at `Demonstration.sample_rate_hz`. A value that does not exist is None, and a
sentence beside it says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.audio.scales import Scale
from workbench.audio.sound_metrics import SoundMetrics
from workbench.memory.places import Section


@dataclass(frozen=True, eq=False)
class Clip:
    """One sound of the page.

    clean, recording: metrics against the clean quantised voice and the recording; None against
    itself. heard: what the recogniser understood in each of its presentations, () without one.
    positions: the flipped bits of the image that spoke. by_section: how many fell where.
    trial: the identifier from which it can be repeated.
    """

    key: str
    title: str
    caption: str
    samples: np.ndarray
    clean: SoundMetrics | None
    recording: SoundMetrics | None
    heard: tuple[str, ...]
    positions: tuple[int, ...] = ()
    by_section: dict[str, int] = field(default_factory=dict)
    trial: str = ""


@dataclass(frozen=True)
class LogLine:
    """One finding of the healer, in words. holds: names of the tensors on the page."""

    frame: int
    page: int
    holds: tuple[str, ...]
    diagnosis: str
    remedy: str
    verdict: str


@dataclass(frozen=True, eq=False)
class Course:
    """How one device fared. damaged_bits: int64 [frames], wrong bits of the working copy after each
    frame. error_db: float64 [frames], level of the error against that of the clean voice."""

    samples: np.ndarray
    snr_db: float
    word_snr_db: tuple[float, ...]
    damaged_bits: np.ndarray
    error_db: np.ndarray


@dataclass(frozen=True, eq=False)
class Simulation:
    """The voice speaks several words while upsets arrive, without and with the healer.

    words, spoken: as the generator has them, and as they sound. starts: first frame of each. upsets: (frame,
    bit position) in order of arrival. sites: their names.
    """

    words: tuple[str, ...]
    spoken: tuple[str, ...]
    starts: tuple[int, ...]
    frames: int
    frame_s: float
    pages: int
    page_bytes: int
    pages_per_frame: int
    upsets_per_s: float
    upsets: tuple[tuple[int, int], ...]
    sites: tuple[str, ...]
    clean: np.ndarray
    none: Course
    healed: Course
    log: tuple[LogLine, ...]


@dataclass(frozen=True)
class CoreRecord:
    """What the exported firmware costs on one emulated core, on a named board.

    instructions_per_frame: on average, `healer_instructions` of them the healer's. budget: what the
    board's clock allows a frame, at one instruction a cycle. ram_bytes: with the deepest stack.
    samples, equal: how many were compared with the reference, and how many of them were equal.
    """

    core: str
    board: str
    clock_hz: float
    instructions_per_frame: float
    healer_instructions: float
    budget: float
    flash_bytes: int
    flash_size_bytes: int
    ram_bytes: int
    ram_size_bytes: int
    samples: int
    equal: int

    @property
    def share_of_clock(self) -> float:
        """Instructions of a frame by those that fit at one a cycle: the least that the load can be."""
        return self.instructions_per_frame / self.budget

    @property
    def cycles_per_instruction(self) -> float:
        """The most cycles that an instruction may take for the board to keep up; below 1 it cannot."""
        return self.budget / self.instructions_per_frame


@dataclass(frozen=True)
class DeviceRecord:
    """The emulated devices: costs of each core, and the log that `core` wrote under the same upsets.

    samples, equal: of the healed run, compared with the simulation.
    """

    cores: tuple[CoreRecord, ...]
    core: str
    log: tuple[LogLine, ...]
    samples: int
    equal: int


@dataclass(frozen=True)
class Healing:
    """How the image of the `healed` clip was repaired, while the word was spoken."""

    flips: int
    frames: int
    seconds: float
    pages: int
    pages_restored: int


@dataclass(frozen=True, eq=False)
class Demonstration:
    """The whole demonstration. device is None where the firmware could not be built: device_absent says why.

    answer: of a recogniser that understands the word. scale: of the classes of damage. sections: of the working copy. metadata: of the checkpoint, as label -> text. hashes: name
    -> hexadecimal digest. commands: (figure, the command that makes it).
    """

    version: str
    command: str
    word: str
    spoken: str
    answer: str
    seed: int
    scale: Scale
    clips: tuple[Clip, ...]
    sections: tuple[Section, ...]
    healing: Healing
    simulation: Simulation
    device: DeviceRecord | None
    device_absent: str
    recogniser_absent: str
    metadata: dict[str, Any]
    hashes: dict[str, str]
    commands: tuple[tuple[str, str], ...]
    macs_per_frame: int
    frame_s: float
    sample_rate_hz: int

    def clip(self, key: str) -> Clip:
        """The clip called `key`."""
        return next(clip for clip in self.clips if clip.key == key)
