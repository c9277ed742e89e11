"""JSON under a digest: reformatted it is the same, edited it is refused, and nothing else is raised."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_container import json_values

from workbench.container import _PREFIX, read_container
from workbench.errors import WorkbenchError
from workbench.sealed import digest_of, json_object, read_sealed, sealed, unsealed, write_sealed

contents_of_files = st.dictionaries(st.text(), json_values | st.floats(), max_size=4)
one_folder = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


@one_folder
@given(contents=contents_of_files, data=st.data())
def test_round_trip_in_any_format(tmp_path: Path, contents: dict, data: st.DataObject) -> None:
    path = tmp_path / "x.json"
    write_sealed(path, contents)
    expected = repr({key: value for key, value in contents.items() if key != "sha256"})  # NaN
    assert repr(read_sealed(path, "copy it")) == expected
    indent, ascii_only = data.draw(st.sampled_from([None, 0, 3])), data.draw(st.booleans())
    stored = json.loads(path.read_text())
    shuffled = dict(data.draw(st.permutations(list(stored.items()))))
    text = json.dumps(shuffled, indent=indent, ensure_ascii=ascii_only)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert digest_of(read_sealed(path, "copy it")) == digest_of(contents)


@given(contents=contents_of_files, key=st.text(), value=json_values)
def test_any_other_value_is_refused(contents: dict, key: str, value: Any) -> None:
    good = sealed(contents)
    edited = {**good, key: value}
    if json.dumps(edited, sort_keys=True) != json.dumps(good, sort_keys=True):
        with pytest.raises(WorkbenchError, match=r"x\.json was edited since it was written"):
            unsealed(edited, "x.json", "copy it")


def test_a_missing_digest_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"a": 1}')
    with pytest.raises(WorkbenchError, match=r"x\.json has no sha256 .*; copy it"):
        read_sealed(tmp_path / "x.json", "copy it")
    with pytest.raises(FileNotFoundError):
        read_sealed(tmp_path / "y.json", "copy it")


NO_OBJECTS = {
    b"": "not valid JSON", b"[" * 100_000: "not valid JSON", b'{"a":' * 100_000: "not valid JSON",
    b'{"a": ' + b"9" * 5000 + b"}": "not valid JSON", b'{"a": "\xff"}': "not valid JSON",
    b"[]": "not a JSON object", b"3": "not a JSON object",
    b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}": "nested more than 32 deep",
    b'{"a": ' * 900 + b"1" + b"}" * 900: "nested more than 32 deep",
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), NO_OBJECTS.items(), ids=range(len(NO_OBJECTS)))
def test_what_is_no_object_is_refused(text: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match=rf"^x\.json is {words}.*; copy it$"):
        json_object(text, "x.json", "copy it")


@pytest.mark.parametrize("text", NO_OBJECTS, ids=range(len(NO_OBJECTS)))
def test_headers_of_containers_too(text: bytes, tmp_path: Path) -> None:
    """Behind a digest that is right, as a container of another program may have it."""
    body = _PREFIX.pack(b"TEST\0\0\0\0", 1, len(text), 0) + text
    (tmp_path / "x.wb").write_bytes(body + hashlib.sha256(body).digest())
    with pytest.raises(WorkbenchError, match=r"^the header of .*x\.wb is n.*; make it again$"):
        read_container(tmp_path / "x.wb", kind="TEST")
