"""Digests of code of one's own: equal for what does the same, different for what does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.healing.remedies import REMEDIES
from workbench.healing.strategies.named import NAMED
from workbench.healing.strategies.own_parts import parts_of
from workbench.memory.faults.fault_registry import fault_model, fault_names
from workbench.memory.watches.areas import KINDS
from workbench.own_code import own_digest

# As cells of a notebook: one text, compiled as its main module.
CELL = """
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

import numpy as np
from workbench.memory.codes.signatures import Code
from workbench.memory.watches.pages import Pages

TABLE = np.arange(4)
ROWS = {"a": [1, 2], "b": {"x", "y", "z"}}

class Rows(dict):
    def twice(self):
        return 2 * len(self)

MORE = Rows(a=1)

def helper(value, by=3):
    return inner(value) in {"p", "q", value} or by

def inner(value):
    return lambda: value + TABLE[0]

@lru_cache
def often(value):
    return ROWS[value], MORE

class Mine(Code):
    name = "mine"
    limit = 7

    def check_bytes(self, unit_bytes):
        return helper(self.limit) and often("a") and 4

    @property
    def half(self):
        return self.limit / 2

    @cached_property
    def twice(self):
        return 2 * self.limit

    @staticmethod
    def still():
        return partial(inner, 5)
"""
# Each changes what the class does, wherever it is said.
CHANGES = [
    ("limit = 7", "limit = 8"),
    ("by=3", "by=4"),
    ("value + TABLE", "value - TABLE"),
    ("np.arange(4)", "np.arange(1, 5)"),
    ("[1, 2]", "[1, 3]"),
    ('"y", "z"', '"y"'),
    ('{"p", "q"', '{"p", "r"'),
    ("self.limit / 2", "self.limit / 3"),
    ("return 2 * self", "return 3 * self"),
    ("partial(inner, 5)", "partial(inner, 6)"),
    ("@lru_cache\n", ""),
    ('name = "mine"', 'name = "other"'),
    ("    @staticmethod\n", "    @classmethod\n"),
    ("class Mine(Code)", "class Mine(Pages)"),
    ("return 2 * len(self)", "return 3 * len(self)"),
    ("Rows(a=", "Rows(b="),
]


def of_cell(cell: str) -> str:
    """The digest of `Mine` of a cell that runs now."""
    scope: dict[str, object] = {"__name__": "__main__"}
    exec(compile(cell, "<cell>", "exec"), scope)
    return own_digest([scope["Mine"]])


@pytest.mark.parametrize("change", CHANGES, ids=[before for before, _ in CHANGES])
def test_what_does_something_else_has_another_digest(change: tuple[str, str]) -> None:
    assert change[0] in CELL
    assert of_cell(CELL.replace(*change)) != of_cell(CELL)


def test_where_it_stands_and_what_it_does_not_use_is_nothing_to_it() -> None:
    """Comments, blank lines and other names of the notebook."""
    moved = "\n\nunused = [object()]\n# a comment\n" + CELL.replace("\n\n", "\n\n\n")
    assert of_cell(moved) == of_cell(CELL) != ""


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_it_is_the_same_in_every_process(seed: int) -> None:
    """Sets come in another order in each, and objects lie elsewhere."""
    script = f"{CELL}\nfrom workbench.own_code import own_digest\nprint(own_digest([Mine, Mine()]))"
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": str(each)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for each in (seed, 1)
    }
    assert len(digests) == 1 and len(digests.pop()) == 65


def test_an_object_counts_by_what_it_holds_but_for_what_it_computed() -> None:
    scope: dict[str, object] = {"__name__": "__main__"}
    exec(compile(CELL, "<cell>", "exec"), scope)
    mine = scope["Mine"]
    assert isinstance(mine, type)
    one, other, used = mine(), mine(), mine()
    other.limit = 9
    assert used.twice == 14
    assert own_digest([one]) == own_digest([used]) != own_digest([other])


class _Answers:
    """Has an attribute for every name, each another object."""

    __slots__ = ("held",)

    def __init__(self, held: object) -> None:
        self.held = held

    def __getattr__(self, name: str) -> object:
        return _Answers(name)


def test_objects_that_answer_to_every_name_are_read_by_what_they_hold() -> None:
    assert own_digest([_Answers(1)]) == own_digest([_Answers(1)]) != own_digest([_Answers(2)])
    assert own_digest([(_Answers(1), np.add)]) != own_digest([(_Answers(1), np.subtract)])


def test_nothing_that_ships_is_ones_own() -> None:
    shipped = [parts_of(make()) for make in NAMED.values()]
    shipped += [[fault_model(name)] for name in fault_names()]
    for parts in [list(KINDS.values()), list(REMEDIES.values()), *shipped]:
        assert own_digest(parts) == ""


def test_packages_count_where_they_extend_the_workbench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another installed package counts by the name of what it has."""
    from workbench import own_code

    site = tmp_path / "site-packages"
    information = site / "own_extension-1.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: own-extension\nVersion: 1\n"
    )
    (information / "entry_points.txt").write_text("[workbench.guards]\nmine = own_extension\n")
    for name in ("own_extension", "own_tool"):
        (site / f"{name}.py").write_text("def work():\n    return 1\n")
    monkeypatch.syspath_prepend(site)
    own_code._extensions.cache_clear()
    import own_extension  # type: ignore[import-not-found]
    import own_tool  # type: ignore[import-not-found]

    assert own_digest([own_extension.work]) and not own_digest([own_tool.work])
    own_code._extensions.cache_clear()


SENT = f"""
import sys
from pathlib import Path
from joblib.externals.loky.backend.reduction import dumps
from workbench.own_code import own_digest
{CELL.replace("@cached_property", "@property").replace("@lru_cache", "")}
if sys.argv[1] == "send":  # what is cached cannot be sent
    Path(sys.argv[2]).write_bytes(bytes(dumps((Mine, own_digest([Mine])))))
"""
RECEIVED = """
import pickle, sys
from pathlib import Path
from workbench.own_code import own_digest

mine, digest = pickle.loads(Path(sys.argv[1]).read_bytes())
print(own_digest([mine]) == digest)
"""


def test_a_worker_says_the_same_of_what_it_was_sent(tmp_path: Path) -> None:
    """What a training is continued by is said by whoever trains."""
    file = str(tmp_path / "sent")
    subprocess.run([sys.executable, "-c", SENT, "send", file], check=True)
    done = subprocess.run(
        [sys.executable, "-c", RECEIVED, file], stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout == "True\n"
