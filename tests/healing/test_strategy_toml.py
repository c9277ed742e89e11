"""Strategies as TOML: every one comes back, and what was mistyped by hand is named with what was meant."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import random_program, seeds
from random_strategies import random_strategy

from workbench.errors import WorkbenchError
from workbench.healing.log import Remedy
from workbench.healing.strategies.composing import guard
from workbench.healing.strategies.named import NAMED, named, two_speeds
from workbench.healing.strategies.strategy import Guard, Policy, Strategy
from workbench.healing.strategies.strategy_file import load_strategy, save_strategy
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.watches.areas import Area

MINE = """name = "mine"

[[guard]]
code = "pq"
sections = ["weights"]
repair = ["correct", "restore"]
unit_bytes = 1024

[[guard]]
code = "self-test"
repair = []
moments = 2

[policy]
persistence = 2
"""


def _load(folder: Path, text: str) -> Strategy:
    (folder / "s.toml").write_text(text, encoding="utf-8")
    return load_strategy(folder / "s.toml")


def test_it_reads_as_one_would_write_it(tmp_path: Path) -> None:
    mine = _load(tmp_path, MINE)
    weights = Guard(Area("pq", ("weights",), 1024), 1, (Remedy.CORRECT, Remedy.RESTORE))
    test = Guard(Area("self-test", moments=2), ladder=())
    assert mine == Strategy("mine", (weights, test), Policy(persistence=2))
    save_strategy(mine, tmp_path / "again.toml")
    assert (tmp_path / "again.toml").read_text() == MINE


def test_every_named_strategy_comes_back(tmp_path: Path) -> None:
    for name in NAMED:
        save_strategy(named(name), tmp_path / "s.toml")
        assert load_strategy(tmp_path / "s.toml") == named(name)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=seeds)
def test_any_strategy_comes_back(tmp_path: Path, seed: int) -> None:
    strategy = random_strategy(seed, random_program(seed))
    save_strategy(strategy, tmp_path / "s.toml")
    assert load_strategy(tmp_path / "s.toml") == strategy


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(min_size=1).filter(lambda text: text.isprintable() and text.strip()))
def test_any_name_comes_back(tmp_path: Path, name: str) -> None:
    save_strategy(Strategy(name), tmp_path / "s.toml")
    assert tomllib.loads((tmp_path / "s.toml").read_text("utf-8")) == {"name": name}
    assert load_strategy(tmp_path / "s.toml") == Strategy(name)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name =", "nam =", "the strategy has no key 'nam'; did you mean name"),
        ('name = "mine"', "", r'the strategy has no name; write name = "\.\.\."'),
        ('name = "mine"', "name = 3", "the name of a strategy is 3"),
        ("[policy]", "[polcy]", "the strategy has no key 'polcy'; did you mean policy"),
        ("persistence", "persistance", "the policy has no key 'persistance'; did you mean persistence"),
        ("persistence = 2", "persistence = 2.0", r"persistence is 2\.0; write a whole number"),
        ("unit_bytes", "unitbytes", "guard 1 has no key 'unitbytes'; did you mean unit_bytes"),
        ("moments", "momentos", "guard 2 has no key 'momentos'; did you mean moments"),
        ('code = "pq"', "", r'guard 1 has no code; write for example code = "crc32"'),
        ('"pq"', '"crc31"', "guard 1: there is no code 'crc31'; did you mean crc32"),
        ('"pq"', "3", "guard 1: the code of a guard is 3"),
        ('"restore"', '"restor"', "guard 1: there is no remedy 'restor'; did you mean restore"),
        ('"restore"', "1", r"guard 1: a remedy is 1 \(int\); give its name"),
        ('["weights"]', '["wights"]', "guard 1: there is no section 'wights'; did you mean weights"),
        ('["weights"]', "3", "guard 1: a section of a guard is 3"),
        ("1024", "true", "guard 1: unit_bytes is True; write a whole number"),
        ("1024", "1979-05-27", "guard 1: unit_bytes is .*; write a whole number"),
        ("1024", "12", "guard 1: a unit of 12 bytes"),
        ("[[guard]]", "[guard.a]", "guard is .*; give tables, each below"),
        ("1024", "[", "is not valid TOML"),
        ("1024", "[" * 5000, "is not valid TOML"),
        ("1024", "9" * 5000, "is not valid TOML"),
    ],
)  # fmt: skip
def test_what_is_mistyped_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in MINE
    count = 2 if old == "[[guard]]" else 1
    text = (
        MINE.replace(old, new, 1)
        if count == 1
        else MINE.replace(old, new, 1).replace(old, "[guard.b]")
    )
    with pytest.raises(WorkbenchError, match=words) as refusal:
        _load(tmp_path, text)
    assert str(tmp_path / "s.toml") in str(refusal.value) and "\n" not in str(refusal.value)


def test_no_utf_8_is_no_toml(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(WorkbenchError, match=r"s\.toml is not valid TOML"):
        load_strategy(tmp_path / "s.toml")


@pytest.mark.parametrize(
    "repair", ["restore", "RESTORE", Remedy.RESTORE, ["Restore"], (Remedy.RESTORE,)]
)
def test_a_remedy_has_many_spellings(repair: Any) -> None:
    assert guard("CRC32", repair=repair) == Guard(Area("crc32"))


def test_guards_are_composed_as_by_hand() -> None:
    weights, rest = two_speeds().guards
    ladder = ["correct", "restore"]
    assert guard("pq", "weights", repair=ladder, unit_bytes=1024) == weights
    others = reversed(WORKING_SECTIONS[1:])
    assert guard("pq", *others, repair=ladder) == rest
    every = guard("golden", per_frame=2, every_frames=3, stride=5)
    assert every == Guard(Area("golden"), 2, every_frames=3, stride=5)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: guard("crc32", repair="restor"), "no remedy 'restor'; did you mean restore"),
        (lambda: guard("crc32", repair="none"), "no remedy 'none'"),
        (lambda: guard("crc32", repair=None), "a remedy is None"),
        (lambda: guard("crc32", repair=3), r"a remedy is 3 \(int\)"),
        (lambda: guard(3), r"the code of a guard is 3 \(int\)"),
        (lambda: guard("crc32", ["weights"]), "a section of a guard is .*; give names one after"),
        (lambda: guard("crc32", "weights", "table"), "do not follow each other"),
        (lambda: guard("crc32", unit_byte=8), "no setting 'unit_byte'; did you mean unit_bytes"),
        (lambda: guard("crc32", repair="zero"), "crc32 cannot ZERO"),
    ],
)  # fmt: skip
def test_wrong_calls_get_one_sentence(wrong: Any, words: str) -> None:
    with pytest.raises(WorkbenchError, match=words):
        wrong()
