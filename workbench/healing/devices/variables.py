"""The healer's own variables: three copies of each, of which the majority counts, bit by bit.

Reference: triple modular redundancy. Layout: uint32 [variables, 3] in the order of the `healer` section:
HEALER_VARIABLES, a cursor for each area, an entry for each spare page, and, where there are several versions, which
one runs. Frames are counted modulo
`frame_modulus`, and how often that wrapped in `epoch`. The low 24 bits of a cursor are
the unit that is looked at next, the rest how often in a row it was found damaged.
"""

from __future__ import annotations

import numpy as np

from workbench.healing.majority import majority
from workbench.healing.remedies import State
from workbench.healing.strategies.policy import Policy
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.layout import HEALER_VARIABLES

_UNIT_BITS = 24
_EPOCHS = 2**16  # the log has so many


def vote(copies: np.ndarray, strategy: Strategy, *, areas: int) -> State:
    """The variables, each brought into the range that strategy and policy give it."""
    policy = strategy.policy
    words = [majority(each) for each in copies.tolist()]
    first = len(HEALER_VARIABLES)
    state: State = dict(zip(HEALER_VARIABLES, words, strict=False))
    maps = first + areas
    state["cursor"] = words[first:maps]
    state["map"] = words[maps : maps + strategy.spare_pages]
    state["version"] = words[maps + strategy.spare_pages :]
    state["frame"] %= strategy.frame_modulus
    for name, most in (
        ("rest", policy.cool_down_frames),
        ("spent", policy.heals),
    ):
        state[name] = min(state[name], most)
    return state


def time_of(state: State, strategy: Strategy) -> int:
    """Frames since start-up, as entries of the log have them."""
    return int(state["epoch"] % _EPOCHS * strategy.frame_modulus + state["frame"])


def cursor_parts(word: int, policy: Policy, *, units: int) -> tuple[int, int]:
    """(unit, times in a row that it was found damaged) of a cursor."""
    unit = word % (1 << _UNIT_BITS) % units
    return unit, min(word >> _UNIT_BITS, policy.persistence - 1)


def cursor_word(unit: int, strikes: int = 0) -> int:
    """The cursor that says so."""
    return unit | strikes << _UNIT_BITS


def keep(copies: np.ndarray, state: State) -> None:
    """Write all three copies."""
    words = [*(state[name] for name in HEALER_VARIABLES), *state["cursor"], *state["map"]]
    words += state["version"]
    copies[:] = np.array(words, np.int64).astype(np.uint32)[:, None]
