"""Seeing a face that follows a sound, in a notebook."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from workbench.errors import expect
from workbench.experiments.avatar.followed import FACE_GENERATOR, said_file
from workbench.experiments.avatar.page import avatar_frame
from workbench.experiments.avatar.takes import Takes, takes_of
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.face.shown import Shown
from workbench.face.working import working
from workbench.generators.generator import FACE
from workbench.healing.strategies.strategy import Strategy


def avatar(
    voice: Voice,
    sound: str,
    fault: str = "flips=100",
    *,
    healer: str | Strategy = "crc-scrub",
    trial: int = 0,
) -> Shown:
    """Faces that follow a sound: clean, under a fault, and healed, side by side with a player.

    Args:
        voice: A generator that shapes a face, as `wb.load("viseme")`; or a voice, which the shipped one follows.
        sound: One that it knows, as "3+1+4", or the file of a recording at 16 kHz in one channel; or what the voice says.
        fault: Text of a plan for the memory of the face.
        healer: A strategy, its name or its file; "none" leaves the healed face out.
        trial: Number of the trial of the plan.

    Raises:
        WorkbenchError: There is no such sound, plan or strategy, they do not fit, or the voice cannot say that.
    """
    expect(voice, Voice, "whose face is shown", "a Voice, as wb.load('viseme')")
    with working("Letting faces follow the sound"), TemporaryDirectory() as folder:
        if voice.generator.output != FACE:
            sound = str(said_file(voice, sound, Path(folder)))
            voice = open_voice(generator=FACE_GENERATOR)
        takes = takes_of(voice, sound, fault, healer=healer, trial=trial)
    return Shown(avatar_frame(takes), _lines(takes))


def _lines(takes: Takes) -> str:
    return "\n".join(
        f"{take.title}: {take.metrics.in_words if take.metrics else take.caption}"
        for take in takes.takes
    )
