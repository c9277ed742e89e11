"""The checked file format: what was written comes back, and nothing else does."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.container import read_container, write_container
from workbench.errors import WorkbenchError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
one_folder = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@one_folder
@given(header=st.dictionaries(st.text(), json_values, max_size=4), payload=st.binary(max_size=99))
def test_round_trip(tmp_path: Path, header: dict, payload: bytes) -> None:
    path = tmp_path / "x.wb"
    write_container(path, kind="TEST", header=header, payload=payload)
    assert read_container(path, kind="TEST") == (header, payload)


@one_folder
@given(payload=st.binary(max_size=99), data=st.data())
def test_any_damage_is_noticed(tmp_path: Path, payload: bytes, data: st.DataObject) -> None:
    path = tmp_path / "x.wb"
    write_container(path, kind="TEST", header={"a": 1}, payload=payload)
    whole = path.read_bytes()
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(whole) - 1))
        bit = data.draw(st.integers(0, 7))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
    else:
        cut = data.draw(st.integers(0, len(whole) - 1))
        path.write_bytes(whole[:cut] + data.draw(st.sampled_from([b"", whole, b"\0"])))
    if path.read_bytes() != whole:
        with pytest.raises(WorkbenchError, match=r"x\.wb"):
            read_container(path, kind="TEST")


def test_other_files_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.wb"
    with pytest.raises(WorkbenchError, match="cannot read"):
        read_container(path, kind="TEST")
    write_container(path, kind="OTHER", header={}, payload=b"")
    with pytest.raises(WorkbenchError, match="not of the kind TEST"):
        read_container(path, kind="TEST")
    changed = bytearray(path.read_bytes())
    changed[8] = 9
    path.write_bytes(changed)
    with pytest.raises(WorkbenchError, match="format version 9"):
        read_container(path, kind="OTHER")
