"""Golden inputs beside monitors: which flips a self-test shows, and the frame in which its schedule comes to that."""

from __future__ import annotations

from workbench.experiments.voices.voice import Voice
from workbench.healing.devices.scrub_schedule import Looks
from workbench.healing.strategies.named import named
from workbench.healing.strategies.strategy import Strategy

SELF_TEST = "self-test"


class GoldenInputs:
    """The self-test of a device that speaks clean utterances until a fault happens."""

    def __init__(self, voice: Voice, strategy: Strategy | None = None) -> None:
        """strategy: Whose only guard is a self-test; None for the one that is named so."""
        strategy = strategy or named(SELF_TEST, voice.program)
        (guard,) = strategy.guards
        self._image = strategy.image(voice.program)
        (self._watch,) = self._image.layout.watches
        on, units = {"frame": 0, "rest": 0, "cursor": [0]}, self._watch.units
        self._looks = [
            Looks.of(guard, 0, on, strategy.policy, units=units, unit=unit) for unit in range(units)
        ]

    def shown(self, bits: list[int]) -> list[bool]:
        """For each moment, whether its outcome is wrong with these bits of the working copy inverted."""
        data = self._image.flip(bits).data
        return [self._watch.wrong(data, unit) for unit in range(self._watch.units)]

    def first_alarm(self, bits: list[int], start: int, frames: int) -> int | None:
        """The frame of an utterance in which a test is wrong first, None where none is.

        Args:
            bits: Positions that are inverted before the utterance.
            start: Frames before it, since the device was switched on.
            frames: Of the utterance.
        """
        shown = zip(self._looks, self.shown(bits), strict=True)
        tests = [looks.frame(looks.before(start)) - start for looks, wrong in shown if wrong]
        return min((test for test in tests if test < frames), default=None)
