"""The healer's own variables: three copies of each, of which the majority counts, bit by bit.

Reference: triple modular redundancy. Layout: uint32 [variables, 3] in the order of the `healer` section:
HEALER_VARIABLES, a cursor for each area, an entry for each spare page.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.healing.strategy import Policy
from workbench.memory.layout import HEALER_VARIABLES

# By name; "cursor" and "map" are lists.
State = dict[str, Any]


def vote(copies: np.ndarray, policy: Policy, *, areas: int) -> State:
    """The variables, each brought into the range that the policy gives it."""
    a, b, c = copies.T.astype(np.int64)
    words = (a & b | a & c | b & c).tolist()
    first = len(HEALER_VARIABLES)
    state: State = dict(zip(HEALER_VARIABLES, words, strict=False))
    state["cursor"], state["map"] = words[first : first + areas], words[first + areas :]
    for name, most in (
        ("rest", policy.cool_down_frames),
        ("spent", policy.heals),
        ("strikes", policy.persistence - 1),
    ):
        state[name] = min(state[name], most)
    return state


def keep(copies: np.ndarray, state: State) -> None:
    """Write all three copies."""
    words = [*(state[name] for name in HEALER_VARIABLES), *state["cursor"], *state["map"]]
    copies[:] = np.array(words, np.int64).astype(np.uint32)[:, None]
