"""flite, a free synthesiser of other voices: it says any English text, and tells how long each phone lasts.

Black and Lenzo 2001, "Flite: a small fast run-time synthesis engine"; a Debian package.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.audio.debian_packages import run_program
from workbench.audio.sound_files import read_audio

VOICE = "slt"  # of a woman, US English, learnt from CMU's ARCTIC recordings
_CURE = "install it with `apt-get install flite`"
_PHONE = re.compile(r"([a-z]+):(\d+\.\d+)")


@dataclass(frozen=True)
class Spoken:
    """What it said.

    Args:
        samples: Float32 [samples] at 16 kHz.
        phones: flite's names of phones, as "ax"; "pau" is a pause.
        ends_s: When each ends, in seconds from the beginning.
    """

    samples: np.ndarray
    phones: tuple[str, ...]
    ends_s: tuple[float, ...]


def spoken(text: str) -> Spoken:
    """Let it say a text without a full stop inside.

    Raises:
        WorkbenchError: flite is missing, or fails.
    """
    with tempfile.TemporaryDirectory(prefix="flite-") as folder:
        path = Path(folder) / "said.wav"
        command = ["flite", "-voice", VOICE, "-psdur", "-t", text, "-o", str(path)]
        told = _PHONE.findall(run_program(command, cure=_CURE).decode())
        samples = read_audio(path)
    return Spoken(samples, tuple(name for name, _ in told), tuple(float(end) for _, end in told))
