"""Operators that the batched engine has no kernel for: their own steps, over all trials that share parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from workbench.integer.changes import Change
from workbench.integer.operators import Operator


def step_trials(
    operator: Operator,
    sources: Sequence[np.ndarray],
    states: Mapping[str, np.ndarray],
    fields: Mapping[str, Change],
    trials: int,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Run whole frames of some trials by `Operator.step`.

    Args:
        operator: With its clean parameters.
        sources: int64 codes [1 or trials, rows, channels] of each source.
        states: int64 [1 or trials, *shape] by name; they stay as they are.
        fields: How the trials' parameters differ, by parameter.
        trials: How many; one row stands for all while they agree.

    Returns:
        int64 codes [1 or trials, rows, channels] and the new states, as many rows of each.
    """
    alike = not fields and all(len(each) == 1 for each in (*sources, *states.values()))
    count = 1 if alike else trials
    codes: np.ndarray | None = None
    after: dict[str, np.ndarray] = {}
    for variant, rows in _variants(operator, fields, count):
        past = {name: _rows(state, rows) for name, state in states.items()}
        made = variant.step([_rows(x, rows) for x in sources], past, _ignore)
        if codes is None:
            codes = np.empty((count, *made.shape[1:]), np.int64)
            after = {name: np.empty((count, *x.shape[1:]), np.int64) for name, x in past.items()}
        codes[rows] = made
        for name, state in past.items():
            after[name][rows] = state
    assert codes is not None
    return codes, after


def _variants(
    operator: Operator, fields: Mapping[str, Change], trials: int
) -> Iterator[tuple[Operator, np.ndarray]]:
    """Operators with the parameters of some trials, and the numbers of these trials."""
    changed = np.unique(
        np.concatenate([np.zeros(0, np.int64), *(c.trial for c in fields.values())])
    )
    clean = np.setdiff1d(np.arange(trials), changed)
    if clean.size:
        yield operator, clean
    for trial in changed:
        arrays = {}
        for field, change in fields.items():
            mine = change.trial == trial
            arrays[field] = getattr(operator, field).copy()
            arrays[field].reshape(-1)[change.element[mine]] = change.value[mine]
        yield replace(operator, **arrays), np.array([trial])


def _rows(each: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """A copy of the rows of these trials."""
    return each[trials] if len(each) > 1 else np.repeat(each, len(trials), axis=0)


def _ignore(sums: np.ndarray) -> None:
    """No fault of this engine hits sums."""
