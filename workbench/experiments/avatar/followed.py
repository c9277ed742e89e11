"""What a voice says as a file that a face can follow."""

from __future__ import annotations

from pathlib import Path

from workbench.audio.hearing import SAMPLE_RATE_HZ
from workbench.audio.sound_files import write_wav
from workbench.errors import WorkbenchError
from workbench.experiments.voices.voice import Voice, need_sound

FACE_GENERATOR = "viseme"  # whose shipped checkpoint follows voices
SAID_FILE = "said.wav"


def said_file(speaker: Voice, text: str, folder: Path) -> Path:
    """Write what a voice says, from intact memory, to a WAV file in a folder; returns its path.

    Raises:
        WorkbenchError: The voice makes no sound, or of another rate than a face hears, or cannot say that.
    """
    need_sound(speaker)
    if speaker.sample_rate_hz != SAMPLE_RATE_HZ:
        raise WorkbenchError(
            f"the generator {speaker.generator.name} makes {speaker.sample_rate_hz:,} samples a second and a face "
            f"follows {SAMPLE_RATE_HZ:,}; choose another voice, as speech"
        )
    write_wav(folder / SAID_FILE, speaker.speak(text))
    return folder / SAID_FILE
