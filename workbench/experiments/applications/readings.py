"""A page of the life of a wearable: values of sensors, and the sentences in which a voice reads them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from workbench.generators.speech.pronunciation import pronounced
from workbench.generators.speech.tokens import Manner
from workbench.memory.sampling import counter_stream


@dataclass(frozen=True)
class Sensor:
    """A quantity and the sentence that tells it.

    Args:
        name: In tables.
        sentence: With {} for the value.
        first: The smallest value in `step`s.
        last: The largest.
        step: What 1 means.
        written: How a value is written.
    """

    name: str
    sentence: str
    first: int
    last: int
    step: float = 1
    written: Callable[[float], str] = "{:g}".format

    @cached_property
    def phrases(self) -> Mapping[int, str]:
        """Value, in steps, -> its sentence in words alone: everything plausible that could be heard."""
        return {value: self._words(value) for value in range(self.first, self.last + 1)}

    def reading(self, value: int) -> Reading:
        """A value, in steps, that it has now."""
        return Reading(self, value)

    def _words(self, value: int) -> str:
        said = pronounced(self.sentence.format(self.written(value * self.step)))
        return " ".join(word.text for word in said if word.manner is not Manner.PAUSE)


@dataclass(frozen=True)
class Reading:
    """A value of a sensor, in its steps."""

    sensor: Sensor
    value: int

    @property
    def words(self) -> str:
        """What a voice says, in words."""
        return self.sensor.phrases[self.value]


SENSORS = (
    Sensor("heart rate", "your heart rate is {}", 40, 180),
    Sensor("systolic pressure", "upper blood pressure {}", 80, 200),
    Sensor("diastolic pressure", "lower blood pressure {}", 40, 120),
    Sensor("oxygen", "blood oxygen {} percent", 80, 99),
    Sensor("temperature", "body temperature {}", 350, 410, 0.1, "{:.1f}".format),
    Sensor("steps", "you walked {} steps", 2, 99, 100),
    Sensor("battery", "battery at {} percent", 2, 99),
    Sensor("tablets", "now take {} tablets", 2, 9),
)


def page(number: int) -> tuple[Reading, ...]:
    """One reading of each sensor: page `number` of the life of a wearable."""
    words = counter_stream("wearable", number).random_raw(len(SENSORS))
    return tuple(
        sensor.reading(sensor.first + int(word) % (sensor.last - sensor.first + 1))
        for sensor, word in zip(SENSORS, words.tolist(), strict=True)
    )
