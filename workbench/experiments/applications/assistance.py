"""Remote assistance: a device reads out values of sensors, and a listener writes down the numbers.

The listener is a recogniser with a grammar of each sensor's plausible sentences. A number counts as heard where most
presentations, with different noise and padding, agree on it; where they do not, nothing was understood. A wrong
number that is heard clearly is worse than noise: nobody asks again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np

from workbench.audio.recogniser import VARIANTS, Recogniser
from workbench.errors import WorkbenchError
from workbench.experiments.applications.emulated_voice import EmulatedVoice
from workbench.experiments.applications.readings import Reading, Sensor, page
from workbench.experiments.voices.voice import Voice
from workbench.memory.image import Image
from workbench.memory.places import WORKING_SECTIONS, Place

_NEAR_DB = (
    1.0  # log-mel distance to the clean sound below which a listener hears what was heard there
)
_PAGES = 4  # from which readings are taken, for single flips


class Heard(StrEnum):
    """What a listener makes of a number."""

    RIGHT = "right"
    NOTHING = "not understood"
    OTHER = "another number"


@cache
def _recogniser(sensor: Sensor) -> Recogniser:
    return Recogniser(tuple(sensor.phrases.values()))


def hear(sound: np.ndarray, reading: Reading) -> tuple[Heard, int | None]:
    """What is written down, and the value in the steps of its sensor, None for none.

    Args:
        sound: float [samples] at 16 kHz.
        reading: That was to be said.

    Raises:
        WorkbenchError: The recogniser is missing.
    """
    recogniser, phrases = _recogniser(reading.sensor), reading.sensor.phrases
    given = Counter(recogniser.recognise(sound, variant) for variant in VARIANTS)
    phrase, count = given.most_common(1)[0]
    values = [value for value, words in phrases.items() if words == phrase]
    if not values or 2 * count <= len(VARIANTS):
        return Heard.NOTHING, None
    return (Heard.RIGHT if values[0] == reading.value else Heard.OTHER), values[0]


def refuse_fixed_words(voice: Voice) -> None:
    """Raise WorkbenchError for a voice that does not say any text."""
    if any(voice.generator.meant(voice.config, each.words) is None for each in page(0)):
        raise WorkbenchError(
            f"the generator {voice.generator.name} cannot say values of sensors; use `speech`"
        )


def heard_on_page(voice: Voice | EmulatedVoice, number: int, image: Image) -> dict[str, float]:
    """Share of the numbers of a page, read out by a device with this memory, by what is heard of them."""
    heard = [hear(voice.speak(each.words, image), each)[0] for each in page(number)]
    return {what: heard.count(what) / len(heard) for what in Heard}


@dataclass(frozen=True)
class Suspect:
    """What single flips in the parameters of one operator do to numbers.

    Args:
        operator: Its name.
        section: Of its parameters.
        trials: How many bits were flipped, each by itself.
        changed: Of these, how many changed a sample.
        heard: What was written down, and how often; where no sample changed, the right number.
        examples: Said, heard and the trial's identifier, of wrong numbers.
    """

    operator: str
    section: str
    trials: int
    changed: int
    heard: dict[str, int]
    examples: tuple[tuple[str, str, str], ...]


def suspects(image: Image) -> list[Place]:
    """A tensor for each operator and section of the working copy; plans choose bits by these."""
    places = [place for place in image.layout.places if place.section in WORKING_SECTIONS]
    return list({(place.section, place.operator): place for place in places}.values())


def suspected(
    voice: Voice,
    place: Place,
    said: Sequence[tuple[Reading, np.ndarray]],
    *,
    trials: int,
    seed: int,
) -> Suspect:
    """Flip the highest bit of an element, a random one each time, and listen to a reading.

    Args:
        voice: Whose memory is hit.
        place: One of `suspects`.
        said: As of `understood_readings`, one after the other.
        trials: How often.
        seed: Another one draws other elements.
    """
    image = voice.image()
    heard, examples, changed = Counter[str](), [], 0
    for trial in range(trials):
        reading, clean = said[trial % len(said)]
        faulty = image.flip(
            operator=place.operator, section=place.section, bits=place.bits - 1, count=1,
            seed=seed, trial=trial,
        )  # fmt: skip
        sound = voice.speak(reading.words, faulty)
        if np.array_equal(sound, clean):
            heard[Heard.RIGHT] += 1
            continue
        changed += 1
        what, value = hear(sound, reading)
        heard[what] += 1
        if value is not None and what is Heard.OTHER:
            trial_id = str(voice.trial(reading.words, faulty))
            examples.append((reading.words, reading.sensor.phrases[value], trial_id))
    return Suspect(place.operator, place.section, trials, changed, dict(heard), tuple(examples))


def understood_readings(voice: Voice) -> list[tuple[Reading, np.ndarray]]:
    """Readings whose number is understood from the clean voice, with their sounds.

    Raises:
        WorkbenchError: There is none.
    """
    found = []
    for reading in (each for number in range(_PAGES) for each in page(number)):
        sound = voice.speak(reading.words)
        if hear(sound, reading)[0] is Heard.RIGHT:
            found.append((reading, np.asarray(sound)))
    if not found:
        raise WorkbenchError("no number that this voice says is understood; train it longer")
    return found
