"""Golden inputs beside monitors: which flips a self-test shows, and the frame in which its schedule comes to that."""

from __future__ import annotations

from workbench.experiments.voices.voice import Voice
from workbench.healing.devices.scrub_schedule import looks_of
from workbench.healing.strategies.named import named
from workbench.healing.strategies.strategy import Strategy

SELF_TEST = "self-test"


class GoldenInputs:
    """The self-test of a device that speaks clean utterances until a fault happens."""

    def __init__(self, voice: Voice, strategy: Strategy | None = None) -> None:
        """strategy: Whose only guard is a self-test; None for the one that is named so."""
        strategy = strategy or named(SELF_TEST, voice.program)
        (self._guard,) = strategy.guards
        self._image = strategy.image(voice.program)
        (self._watch,) = self._image.layout.watches

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
        shown, guard = self.shown(bits), self._guard
        each = looks_of(guard, len(shown))
        for look in range(-(-start // guard.every_frames), -(-(start + frames) // guard.every_frames)):  # fmt: skip
            units = [(look * each + n) * guard.stride % len(shown) for n in range(each)]
            if any(shown[unit] for unit in units):
                return look * guard.every_frames - start
        return None
