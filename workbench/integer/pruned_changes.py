"""Changes of pruned convolutions as changes of the weights that they compute with, for engines that know only `Conv`.

Masks, modes and reserves have no place of their own there: what they do is which weights count. Layout: changes as in
`workbench.integer.changes`, by (operator, field).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workbench.integer.changes import Change, Changes
from workbench.integer.operators import PrunedConv
from workbench.integer.program import Program

_KEPT = "kept"
STRUCTURE = ("mask", "mode", "reserve")  # fields that decide which weights count, or may count


def dense_changes(program: Program, changes: Changes) -> Changes:
    """Changes of a program as changes of its `pruning.dense_program`."""
    pruned = {o.name: o for o in program.operators if isinstance(o, PrunedConv)}
    if not pruned:
        return changes
    made = {name: change for name, change in changes.items() if not _weighs(pruned, name)}
    for name, conv in pruned.items():
        own = {
            field: changes[name, field] for field in (_KEPT, *STRUCTURE) if (name, field) in changes
        }
        if own:
            made[name, "weight"] = _of_weights(conv, own)
    return made


def _weighs(pruned: dict[str, PrunedConv], name: tuple[str, str]) -> bool:
    return name[0] in pruned and name[1] in (_KEPT, *STRUCTURE)


def _of_weights(conv: PrunedConv, fields: dict[str, Change]) -> Change:
    """How the weights of a convolution differ, in every trial in which something of it does."""
    none = np.zeros(0, np.int64)
    structural = np.unique(
        np.concatenate([none, *(fields[name].trial for name in STRUCTURE if name in fields)])
    )
    parts = [Change(none, none, none)]
    if _KEPT in fields:
        trial, element, value = fields[_KEPT]
        places = conv.places[:, : conv.kept.shape[1]].reshape(-1)[element]
        plain = (places >= 0) & ~np.isin(trial, structural)
        parts.append(Change(trial[plain], places[plain], value[plain]))
    clean = conv.dense.weight.reshape(-1)
    for number in structural:
        weights = _variant(conv, fields, int(number)).dense.weight.reshape(-1)
        where = np.flatnonzero(weights != clean)
        parts.append(Change(np.full_like(where, number), where, weights[where].astype(np.int64)))
    return Change(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _variant(conv: PrunedConv, fields: dict[str, Change], number: int) -> PrunedConv:
    """The convolution of one trial."""
    arrays = {}
    for field, change in fields.items():
        mine = change.trial == number
        arrays[field] = getattr(conv, field).copy()
        arrays[field].reshape(-1)[change.element[mine]] = change.value[mine]
    return replace(conv, **arrays)
