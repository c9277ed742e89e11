"""Seeing a face that follows a sound, in a notebook."""

from __future__ import annotations

from workbench.experiments.avatar.page import avatar_frame
from workbench.experiments.avatar.takes import Takes, takes_of
from workbench.experiments.voices.voice import Voice
from workbench.face.shown import Shown
from workbench.face.working import working
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
        voice: A generator that shapes a face, as `wb.load("viseme")`.
        sound: One that it knows, as "3+1+4", or the file of a recording at 16 kHz in one channel.
        fault: Text of a plan.
        healer: A strategy, its name or its file; "none" leaves the healed face out.
        trial: Number of the trial of the plan.

    Raises:
        WorkbenchError: The generator shapes no face, there is no such sound, plan or strategy, or they do not fit.
    """
    with working("Letting faces follow the sound"):
        takes = takes_of(voice, sound, fault, healer=healer, trial=trial)
    return Shown(avatar_frame(takes), _lines(takes))


def _lines(takes: Takes) -> str:
    return "\n".join(
        f"{take.title}: {take.metrics.in_words if take.metrics else take.caption}"
        for take in takes.takes
    )
