"""A strategy as JSON, for what is exported and for reports, and as one line of text.

Layout: the fields of `Strategy`, `Guard`, `Area` and `Policy` by name, remedies by theirs.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from workbench.errors import WorkbenchError
from workbench.healing.log import Remedy
from workbench.healing.strategy import Guard, Policy, Strategy
from workbench.memory.areas import ABFT, SELF_TEST, TRIPLE, WORKING_SECTIONS, Area


def described(strategy: Strategy) -> dict[str, Any]:
    """JSON-ready."""
    told = dataclasses.asdict(strategy)
    for guard, made in zip(strategy.guards, told["guards"], strict=True):
        made["ladder"] = [rung.name for rung in guard.ladder]
    return told


def strategy_described(told: Any, source: str) -> Strategy:
    """The inverse of `described`; WorkbenchError for what describes no strategy. source: for messages."""
    try:
        guards = tuple(
            Guard(**{
                **guard,
                "area": Area(**guard["area"]),
                "ladder": tuple(Remedy[name] for name in guard["ladder"]),
            })
            for guard in told["guards"]
        )  # fmt: skip
        return Strategy(**{**told, "guards": guards, "policy": Policy(**told["policy"])})
    except (TypeError, KeyError) as error:
        raise WorkbenchError(
            f"{source} describes no strategy ({error}); export the firmware again"
        ) from error


def summary(strategy: Strategy) -> str:
    """What it does in one line, for instance "pq of 1024 bytes, 1 a frame: CORRECT, RESTORE"."""
    parts = [_guard(guard) for guard in strategy.guards]
    changed = [
        f"{field.name}={getattr(strategy.policy, field.name)}"
        for field in dataclasses.fields(Policy)
        if getattr(strategy.policy, field.name) != field.default
    ]
    spares = [f"{strategy.spare_pages} spare pages"] if strategy.spare_pages else []
    return "; ".join([*parts, *spares, *changed]) or "nothing"


def _guard(guard: Guard) -> str:
    area = guard.area
    what = area.code
    if area.code == SELF_TEST:
        what += f" of {area.moments} frames"
    elif area.code not in (ABFT, TRIPLE):
        what += f" of {area.unit_bytes} bytes"
    if area.second:
        what += f" with {area.second}"
    if area.sections != WORKING_SECTIONS and area.code != ABFT:
        what += f" over {' '.join(area.sections)}"
    if area.code != ABFT:
        every = "a frame" if guard.every_frames == 1 else f"every {guard.every_frames} frames"
        what += f", {guard.per_frame} {every}"
    return f"{what}: {', '.join(rung.name for rung in guard.ladder) or 'only told'}"
