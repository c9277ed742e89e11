"""Records of comparisons on disk: found again, and measured again where anything in them differs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from programs import random_program

from workbench.experiments.fleets import comparison
from workbench.experiments.fleets.comparison import ENVIRONMENTS, Case, _key
from workbench.experiments.fleets.workload import Workload
from workbench.experiments.provenance import inputs_digest
from workbench.experiments.records import RecordFile
from workbench.healing.strategies.named import nothing

RECORD = {"strategy": "own", "harm": 0.25, "harm_of_devices": [0.5, 0.0], "device": None}


@pytest.fixture
def file(tmp_path: Path) -> RecordFile:
    made = RecordFile(tmp_path, "own/../x y-single", "all of it")
    made.write(RECORD)
    return made


def test_a_record_comes_back(file: RecordFile, tmp_path: Path) -> None:
    assert file.read() == RECORD
    assert file.path.parent == tmp_path / "records"
    assert RecordFile(tmp_path, "own/../x y-single", "all of it").read() == RECORD
    contents = json.loads(file.path.read_text())
    assert contents["versions"]["numpy"] == np.__version__ and "commit" in contents


@pytest.mark.parametrize(
    ("old", "new"),
    [('"harm": 0.25', '"harm": 0.2'), ("own", "crc"), ('"python": "', '"python": "4'), ("}", ""),
     ("null", "[" * 100_000), ('"sha256"', '"sha265"')],
)  # fmt: skip
def test_an_edited_record_is_none(file: RecordFile, old: str, new: str) -> None:
    text = file.path.read_text()
    assert old in text
    file.path.write_text(text.replace(old, new, 1))
    assert file.read() is None


def test_a_record_of_something_else_is_none(file: RecordFile, tmp_path: Path) -> None:
    other = RecordFile(tmp_path, "own/../x y-single", "something else")
    assert other.read() is None
    other.path.write_bytes(file.path.read_bytes())
    assert other.read() is None


def test_the_same_words_in_another_order_are_other_inputs() -> None:
    one, two = ({"index": np.array([[n]])} for n in (1, 2))
    digests = {
        inputs_digest(each)
        for each in ({"a": one, "b": two}, {"b": two, "a": one}, {"a": two, "b": one}, {"a": one})
    }
    assert len(digests) == 4


def test_a_record_is_of_the_sources_of_the_workbench(monkeypatch: pytest.MonkeyPatch) -> None:
    program = random_program(4)
    case = Case(program, nothing(), ENVIRONMENTS["ber"], Workload(2, 3, ("fluence=1e-4",), seed=5))
    key = _key(case, {})
    there = comparison.code_here()
    monkeypatch.setattr(comparison, "code_here", lambda: there._replace(digest="other"))
    assert _key(case, {}) != key
