"""Layers that are un-pruned while there is room: C and Python agree whatever upsets do, and modes do not swing."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import WorkbenchError
from workbench.firmware.toolchain import WARNINGS, build_folder, compile_shared
from workbench.healing.room import Room, RoomRules

_SOURCE = """#include "runtime/wb_room.h"

wb_room state;
uint32_t next_count(const uint32_t *extra, uint32_t layers, uint32_t margin, uint32_t patience, uint32_t left);
void begin(void);

uint32_t next_count(const uint32_t *extra, uint32_t layers, uint32_t margin, uint32_t patience, uint32_t left)
{
    const wb_room_rules rules = {extra, layers, margin, patience};
    return wb_room_next(&state, &rules, left);
}

void begin(void)
{
    wb_room_begin(&state);
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    target: Path = tmp_path_factory.mktemp("room") / "room.so"
    with build_folder({"room.c": _SOURCE}) as folder:
        compile_shared(folder, target, options=WARNINGS)
    return ctypes.CDLL(str(target))


_AMOUNTS = st.one_of(st.integers(0, 40), st.sampled_from([2**31, 2**32 - 1]))


@settings(max_examples=150, deadline=None)
@given(
    extra=st.lists(_AMOUNTS, min_size=1, max_size=4),
    margin=_AMOUNTS,
    patience=st.integers(1, 4),
    frames=st.lists(
        st.tuples(_AMOUNTS, st.lists(st.tuples(st.integers(0, 2), st.integers(0, 31)), max_size=2)),
        max_size=60,
    ),
)
def test_both_switch_alike_under_upsets(
    library: ctypes.CDLL, extra: list[int], margin: int, patience: int, frames: list
) -> None:
    copies = (ctypes.c_uint32 * 3).in_dll(library, "state")
    table = (ctypes.c_uint32 * len(extra))(*extra)
    room = Room(RoomRules(extra, margin, patience))
    library.begin()
    for left, upsets in frames:
        for copy, bit in upsets:
            copies[copy] ^= 1 << bit
            room.copies[copy] ^= np.uint32(1 << bit)
        count = room.next(left)
        arguments = (ctypes.c_uint32(value) for value in (len(extra), margin, patience, left))
        assert library.next_count(table, *arguments) == count <= len(extra)
        assert list(copies) == room.copies.tolist()


@given(
    extra=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    margin=st.integers(0, 40),
    patience=st.integers(1, 4),
    room=st.integers(0, 200),
)
def test_what_is_un_pruned_fits_and_stays(
    extra: list[int], margin: int, patience: int, room: int
) -> None:
    """Of a device that takes what the table says: as many as fit, and no mode changes after that."""
    policy, count, counts = Room(RoomRules(extra, margin, patience)), 0, []
    for _ in range(patience * len(extra) + 10):
        count = policy.next(max(0, room - sum(extra[:count])))
        counts.append(count)
    fit = 0
    while fit < len(extra) and room - sum(extra[: fit + 1]) >= margin:
        fit += 1
    assert counts == sorted(counts) and counts[patience * len(extra) :] == [fit] * 10


def test_it_waits_and_gives_back_at_once() -> None:
    room = Room(RoomRules([10, 20], margin=5, patience=3))
    assert [room.next(40) for _ in range(3)] == [0, 0, 1]
    assert [room.next(30) for _ in range(3)] == [1, 1, 2]
    assert room.next(4) == 1  # the last alone makes up for it
    assert [room.next(30), room.next(24), room.next(30), room.next(30)] == [1, 1, 1, 1]
    assert [room.next(30), room.next(0)] == [2, 1]
    assert Room(RoomRules([1, 1], margin=9)).next(0) == 0


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (([], 0), "0 layers"),
        (([-1], 0), "what a layer takes is -1"),
        (([1], 2**32), "the margin is 4294967296"),
        (([1], 0, 0), "the patience is 0"),
    ],
)
def test_rules_that_cannot_be_are_refused(rules: tuple, said: str) -> None:
    with pytest.raises(WorkbenchError, match=said):
        RoomRules(*rules)
