"""Which unit a guard looks at when: the arithmetic of frames in which nothing is found.

Layout: a cursor is as in `variables`; a guard looks after the frames that `every_frames` divides.
"""

from __future__ import annotations

from collections.abc import Iterable

from workbench.healing.strategy import Guard, Policy
from workbench.healing.variables import State, cursor_parts, cursor_word


def frames_before(
    guard: Guard, number: int, state: State, policy: Policy, *, units: int, suspects: Iterable[int]
) -> int:
    """Frames in which guard `number` looks at none of its units `suspects`, from now on."""
    now, _ = cursor_parts(state["cursor"][number], policy, units=units)
    back = pow(guard.stride, -1, units)
    ahead = min((unit - now) * back % units for unit in suspects)
    first = -(-(state["frame"] + state["rest"]) // guard.every_frames)
    return (first + ahead // guard.per_frame) * guard.every_frames - state["frame"]


def look_on(
    guard: Guard, number: int, state: State, policy: Policy, *, units: int, start: int, stop: int
) -> None:
    """Move the cursor as in frames `start` to `stop` - 1, in all of which nothing is found."""
    looks = -(-stop // guard.every_frames) - -(-start // guard.every_frames)
    if looks:
        unit, _ = cursor_parts(state["cursor"][number], policy, units=units)
        unit += looks * guard.per_frame * guard.stride
        state["cursor"][number] = cursor_word(unit % units)
