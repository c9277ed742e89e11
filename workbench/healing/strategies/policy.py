"""How eagerly a healer acts, as data."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.errors import WorkbenchError, expect
from workbench.memory.watches.areas import whole

MOST_FRAMES = 2**20


@dataclass(frozen=True)
class Policy:
    """How eagerly the healer acts, the same for all guards that check after a frame.

    Monitors act within the frame and know no policy; what they have repaired proves itself in the stream.

    Args:
        persistence: Checks in a row that must show a unit damaged before anything is done, 1 to 255; until then the
            guard stays at that unit.
        cool_down_frames: Frames without remedies after each one.
        heals: Of the budget: at most so many remedies are saved up; 0 for no limit.
        refill_frames: Of the budget: a new remedy is granted every so many frames.
        reset_histories: Silence the histories after a remedy on memory, since they remember what the damage did.
        validate: A remedy counts only if the golden input of the self-test, which there must be, gives the right
            outcome; else the next rung is tried.
    """

    persistence: int = 1
    cool_down_frames: int = 0
    heals: int = 0
    refill_frames: int = 125
    reset_histories: bool = False
    validate: bool = False

    def __post_init__(self) -> None:
        whole(self, "persistence", "cool_down_frames", "heals", "refill_frames")
        for name in ("reset_histories", "validate"):
            expect(getattr(self, name), bool, f"{name} of a policy", "True or False")
        for name, least, most in (
            ("persistence", 1, 255),
            ("cool_down_frames", 0, MOST_FRAMES),
            ("heals", 0, 255),
            ("refill_frames", 1, MOST_FRAMES),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise WorkbenchError(
                    f"a policy's {name} cannot be {value}; choose {least} to {most}"
                )
