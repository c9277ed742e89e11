"""Strategies on disk: the same again, edited ones refused, those written by hand checked in all values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from programs import random_program, seeds
from random_strategies import random_strategy

from workbench.errors import WorkbenchError
from workbench.healing.log import Remedy
from workbench.healing.strategies.named import NAMED, named
from workbench.healing.strategies.strategy import Guard, Policy, Strategy
from workbench.healing.strategies.strategy_file import load_strategy, save_strategy
from workbench.memory.watches.areas import Area

MINE = Strategy(
    "mine",
    (Guard(Area("pq", ("weights",), 64, keep="ram"), 3), Guard(Area("self-test", moments=2))),
    Policy(persistence=2, validate=True),
)


def test_every_named_strategy_comes_back(tmp_path: Path) -> None:
    for name in NAMED:
        save_strategy(named(name), tmp_path / "s.json")
        assert load_strategy(tmp_path / "s.json") == named(name)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=seeds)
def test_any_strategy_comes_back(tmp_path: Path, seed: int) -> None:
    strategy = random_strategy(seed, random_program(seed))
    save_strategy(strategy, tmp_path / "s.json")
    assert load_strategy(tmp_path / "s.json") == strategy


def test_an_edited_file_is_refused_until_it_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    save_strategy(MINE, path)
    path.write_text(path.read_text().replace('"persistence": 2', '"persistence": 3'))
    with pytest.raises(WorkbenchError, match=r'was edited .* delete its line "sha256"'):
        load_strategy(path)
    contents = json.loads(path.read_text())
    del contents["sha256"]
    path.write_text(json.dumps(contents))
    assert load_strategy(path).policy.persistence == 3


def test_what_is_written_by_hand_may_leave_out_the_usual(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text('{"name": "by hand", "guards": [{"area": {"code": "crc32"}, "per_frame": 2}]}')
    assert load_strategy(path) == Strategy("by hand", (Guard(Area("crc32"), 2),))


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        ("name", 7, "the name of a strategy is 7"),
        ("name", "two\nlines", "plain text"),
        ("name", "", "plain text"),
        ("source", None, "the source of a strategy is None"),
        ("spare_pages", 1.5, "write a whole number"),
        ("color", 1, "the strategy has no field 'color'"),
        ("polcy", {}, "no field 'polcy'; did you mean policy"),
        ("guards.0.perframe", 2, "guard 0 .* no field 'perframe'; did you mean per_frame"),
        ("guards.0.area.cod", "pq", "area of guard 0 .* no field 'cod'; did you mean code"),
        ("policy.persistance", 2, "policy has no field 'persistance'; did you mean persistence"),
        ("guards", 3, "guards of the strategy is 3 .* list"),
        ("guards", "abc", "guards of the strategy is 'abc'"),
        ("guards", [3], "guard 0 of the strategy is 3"),
        ("guards", [{}], "guard 0 of the strategy lacks the field 'area'"),
        ("guards.0.per_frame", "3", "write a whole number"),
        ("guards.0.per_frame", 10**30, "cannot check 1"),
        ("guards.0.ladder", "RESTORE", "ladder of a guard is 'RESTORE'"),
        ("guards.0.ladder", [["RESTORE"]], "guard 0 .* no remedy"),
        ("guards.0.ladder", ["CORECT"], "guard 0 .* no remedy 'CORECT'; did you mean CORRECT"),
        ("guards.0.area", "crc32", "area of guard 0 of the strategy is 'crc32'"),
        ("guards.0.area", {}, "lacks the field 'code'"),
        ("guards.0.area.code", ["crc32"], "is \\['crc32'\\]"),
        ("guards.0.area.second", ["crc16"], "no signature"),
        ("guards.0.area.keep", {}, "give its name as text"),
        ("guards.0.area.sections", "weights", "sections is the text"),
        ("guards.0.area.sections", [["weights"]], "give its name as text"),
        ("guards.0.area.addresses", "12", "write a list of whole numbers"),
        ("guards.0.area.addresses", [1.5], "write a list of whole numbers"),
        ("guards.0.area.unit_bytes", True, "write a whole number"),
        ("policy", [], "the policy is"),
        ("policy.validate", "no", "validate of a policy is 'no'"),
        ("policy.heals", -1, "heals cannot be -1"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, where: str, value: Any, words: str) -> None:
    path = tmp_path / "s.json"
    save_strategy(MINE, path)
    contents = json.loads(path.read_text())
    del contents["sha256"]
    *way, last = where.split(".")
    node = contents
    for key in way:
        node = node[int(key) if key.isdecimal() else key]
    node[last] = value
    path.write_text(json.dumps(contents))
    with pytest.raises(WorkbenchError, match=words) as refusal:
        load_strategy(path)
    assert str(path) in str(refusal.value)


def test_objects_of_other_types_are_refused_in_python_too() -> None:
    for wrong in (
        lambda: Guard("crc32"),
        lambda: Guard(Area("crc32"), ladder="RESTORE"),
        lambda: Guard(Area("crc32"), ladder=([],)),
        lambda: Strategy("x", (Area("crc32"),)),
        lambda: Strategy("x", "abc"),
        lambda: Strategy("x", policy={}),
        lambda: Area(3),
        lambda: Area("crc32", sections=5),
        lambda: Area("triple", addresses=7),
    ):
        with pytest.raises(WorkbenchError):
            wrong()
    assert Guard(Area("crc32"), ladder=[Remedy.RESTORE]).ladder == (Remedy.RESTORE,)


def test_a_file_without_guards_says_so(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text('{"name": "x"}')
    with pytest.raises(WorkbenchError, match="the strategy lacks the field 'guards'"):
        load_strategy(path)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(WorkbenchError, match=r"cannot read the strategy .*; name a file"):
            load_strategy(path)


def test_what_has_no_end_is_no_strategy(tmp_path: Path) -> None:
    for path, words in ((Path("/dev/zero"), "no regular file"), (tmp_path / "long.json", "larger")):
        if path.parent == tmp_path:
            with path.open("wb") as file:
                file.truncate(2**40)
        with pytest.raises(WorkbenchError, match=f"cannot read the strategy .*{words}"):
            load_strategy(path)
