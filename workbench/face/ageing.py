"""The memory of a device after years of service, to speak from."""

from __future__ import annotations

from workbench.errors import WorkbenchError, expect, whole_number
from workbench.experiments.applications.exposure import exposed, exposures
from workbench.experiments.voices.voice import Voice
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.image import Image

RATE = "low-earth-orbit"


def aged(
    voice: Voice,
    healer: str | Strategy = "none",
    *,
    years: float = 1.0,
    rate: str = RATE,
    seed: int = 0,
) -> Image:
    """The memory of one device that has run for years while single bits flipped and its healer worked.

        voice.speak("seven", wb.aged(voice, "pq-scrub", years=2))

    Args:
        voice: Of the device.
        healer: A strategy that checks memory alone, its name or its file.
        years: Of service, more than 0, at most 100.
        rate: Of upsets, as `workbench lifetime --rate` takes it.
        seed: Another one draws other faults.

    Raises:
        WorkbenchError: Something is unknown or cannot be, or what the healer does depends on what is said.
    """
    expect(voice, Voice, "the voice of a device", 'a Voice, as wb.load("challenge")')
    expect(rate, str, "the rate of upsets", f"text, as {RATE!r}")
    if isinstance(years, bool) or not isinstance(years, int | float):
        raise WorkbenchError(f"the years of a device are {years!r:.40}; give a number, as 1.5")
    number = whole_number(seed, "the seed of a device")
    (image,) = exposed(voice, healer, exposures([], [years], rate)[-1], devices=1, seed=number)
    return image
