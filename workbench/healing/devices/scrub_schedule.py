"""Which unit a guard looks at when: the arithmetic of frames in which nothing is found.

Layout: a cursor is as in `variables`; a guard looks after the frames that `every_frames` divides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workbench.healing.devices.variables import State, cursor_parts, cursor_word
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.policy import Policy
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.watches.watch import Watch


def looks_of(guard: Guard, units: int) -> int:
    """Units that a guard of `units` looks at in a frame, each once."""
    return min(guard.per_frame, units)


def frames_before(
    guard: Guard, number: int, state: State, policy: Policy, *, units: int, suspects: Iterable[int]
) -> int:
    """Frames in which guard `number` looks at none of its units `suspects`, from now on."""
    now, _ = cursor_parts(state["cursor"][number], policy, units=units)
    back = pow(guard.stride, -1, units)
    ahead = min((unit - now) * back % units for unit in suspects)
    first = -(-(state["frame"] + state["rest"]) // guard.every_frames)
    return (first + ahead // looks_of(guard, units)) * guard.every_frames - state["frame"]


def pass_quietly(
    state: State, strategy: Strategy, guards: Sequence[tuple[Guard, Watch]], frames: int
) -> None:
    """The variables after as many frames, in all of which nothing is found."""
    while frames:
        part = min(frames, strategy.frame_modulus - state["frame"])
        _until_the_wrap(state, strategy.policy, guards, part)
        if state["frame"] == strategy.frame_modulus:
            state["frame"], state["epoch"] = 0, state["epoch"] + 1
        frames -= part


def _until_the_wrap(
    state: State, policy: Policy, guards: Sequence[tuple[Guard, Watch]], frames: int
) -> None:
    first = state["frame"]
    rested = min(frames, state["rest"])
    state["rest"] -= rested
    for number, (guard, watch) in enumerate(guards):
        if guard.scans and watch.units:
            start, stop = first + rested, first + frames
            look_on(guard, number, state, policy, units=watch.units, start=start, stop=stop)
    granted = (first + frames) // policy.refill_frames - first // policy.refill_frames
    state["spent"] = max(0, state["spent"] - granted)
    state["frame"] = first + frames


def look_on(
    guard: Guard, number: int, state: State, policy: Policy, *, units: int, start: int, stop: int
) -> None:
    """Move the cursor as in frames `start` to `stop` - 1, in all of which nothing is found."""
    looks = -(-stop // guard.every_frames) - -(-start // guard.every_frames)
    if looks:
        unit, _ = cursor_parts(state["cursor"][number], policy, units=units)
        unit += looks * looks_of(guard, units) * guard.stride
        state["cursor"][number] = cursor_word(unit % units)
