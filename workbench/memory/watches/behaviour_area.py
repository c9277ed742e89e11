"""What a monitor of behaviour watches and what it learned, as data; see `behaviour`."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.errors import WorkbenchError, expect
from workbench.memory.watches.areas import Area, whole

MOST_LEVEL = 2**15 - 1
MOST_SCORE = 1023  # of a frame; a limit leaves room for one


@dataclass(frozen=True)
class BehaviourArea(Area):
    """What a monitor of behaviour watches, and what it learned.

    Args:
        program: First digits of the content hash of the program whose frames it learned from.
        signals: Names of those that it watches, targets of operators; inputs, where its kind judges these.
        baseline: What its kind makes of clean frames.
        drift: Taken off the sum in every frame, 0 to 32767.
        limit: Of the sum, 1 to 31744.
        again: Frames for which a second alarm counts as a repetition, 0 to 32767.
    """

    program: str = ""
    signals: tuple[str, ...] = ()
    baseline: tuple[int, ...] = ()
    drift: int = 1
    limit: int = 1
    again: int = 1000

    def __post_init__(self) -> None:
        for name in ("signals", "baseline"):
            value = getattr(self, name)
            expect(value, (tuple, list), f"{name} of a monitor", "a list")
            object.__setattr__(self, name, tuple(value))
        expect(self.program, str, "the program of a monitor", "digits of its hash, as text")
        for name in self.signals:
            expect(name, str, "a signal of a monitor", "its name as text")
        whole(self, "drift", "limit", "again")
        if any(type(value) is not int for value in self.baseline):
            raise WorkbenchError(
                "the baseline of a monitor holds what are no whole numbers; calibrate it again"
            )
        for name, least, most in (
            ("drift", 0, MOST_LEVEL), ("limit", 1, MOST_LEVEL - MOST_SCORE), ("again", 0, MOST_LEVEL),
        ):  # fmt: skip
            if not least <= getattr(self, name) <= most:
                raise WorkbenchError(
                    f"a monitor's {name} cannot be {getattr(self, name)}; choose {least} to {most}"
                )
        super().__post_init__()
