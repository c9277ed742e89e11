"""Changes in the data that devices are given, by name: nothing is broken, and nothing is as it was learned.

What a device should have said stays that of the data as they were; see `workbench.experiments.fleets.workload`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from workbench.integer.program import Program
from workbench.integer.reference import Codes

_QUIETER = 4
_STALLED_FRAMES = 32


def _other(program: Program, inputs: Codes) -> Codes:
    """Rows of tables in reverse, as another language has them; sound at a quarter of its loudness."""
    tables = ((each.sources[0], each.index_rows()) for each in program.operators)
    rows = {name: count for name, count in tables if count}
    return {
        name: rows[name] - 1 - codes if name in rows else np.trunc(codes / _QUIETER).astype(codes.dtype)
        for name, codes in inputs.items()
    }  # fmt: skip


def _stalled(program: Program, inputs: Codes) -> Codes:
    """Of so many frames only the first arrives, and is taken again for the others."""
    made = {}
    for name, codes in inputs.items():
        rate = program.signal(name).rate
        frame = np.arange(codes.shape[1] // rate) // _STALLED_FRAMES * _STALLED_FRAMES
        taken = (frame[:, None] * rate + np.arange(rate)).reshape(-1)  # row that each row becomes
        made[name] = codes[:, taken]
    return made


DRIFTS: Mapping[str, Callable[[Program, Codes], Codes]] = {"other": _other, "stalled": _stalled}


def given_inputs(program: Program, inputs: Codes, drift: str) -> Codes:
    """What a device is given in place of `inputs`, [1, frames * rate, channels] by name; drift: "" for none."""
    return DRIFTS[drift](program, inputs) if drift else inputs
