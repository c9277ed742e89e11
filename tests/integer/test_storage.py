"""Programs on disk: the same again, or one sentence about what is off."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds

from workbench.container import write_container
from workbench.errors import WorkbenchError
from workbench.integer.program import structure
from workbench.integer.reference import run
from workbench.integer.storage import (
    KIND,
    load_program,
    program_from,
    program_header,
    program_payload,
    save_program,
)

fast = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@fast
@given(seed=seeds)
def test_a_program_comes_back_as_it_was(tmp_path: Path, seed: int) -> None:
    program = random_program(seed)
    save_program(program, tmp_path / "p")
    again = load_program(tmp_path / "p")
    assert again.content_hash == program.content_hash
    assert structure(again) == structure(program)
    for (_, _, a), (_, _, b) in zip(program.parameters(), again.parameters(), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    inputs = random_inputs(program, seed, 3)
    for name, codes in run(program, inputs).items():
        np.testing.assert_array_equal(run(again, inputs)[name], codes)


@fast
@given(seed=seeds, data=st.data())
def test_damaged_files_are_refused(tmp_path: Path, seed: int, data: st.DataObject) -> None:
    path = tmp_path / "p"
    save_program(random_program(seed % 50), path)
    whole = path.read_bytes()
    damaged = bytearray(whole)
    if data.draw(st.booleans()):
        del damaged[data.draw(st.integers(0, len(whole) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(whole) - 1))
            damaged[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(damaged))
    if bytes(damaged) != whole:
        with pytest.raises(WorkbenchError, match=str(path)):
            load_program(path)


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just("conv"),
    st.builds(list), st.builds(dict), st.sampled_from([-1, 0, 1, 2**31, 2**63, 10**30]), st.builds(lambda: [1] * 4),
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(seed=seeds, data=st.data())
def test_altered_headers_behind_a_valid_checksum_are_refused(
    seed: int, data: st.DataObject
) -> None:
    """The checksum guards against accidents; whoever seals a wrong header meets these checks."""
    program = random_program(seed % 50)
    header = program_header(program)
    altered = copy.deepcopy(header)
    for _ in range(data.draw(st.integers(1, 3))):
        _alter(altered, data)
    payload = program_payload(program)
    if data.draw(st.booleans()):
        payload = payload[: data.draw(st.integers(0, len(payload)))] + data.draw(
            st.binary(max_size=3)
        )
    try:
        read = program_from(altered, payload, "file")
    except WorkbenchError as error:
        assert "\n" not in str(error)
        assert str(error).startswith("file")
    else:
        assert read.content_hash == program.content_hash


def _alter(node: Any, data: st.DataObject) -> None:
    """Replace, remove or add one thing somewhere inside nested JSON data."""
    keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    if not keys:
        return
    key = data.draw(st.sampled_from(keys))
    if isinstance(node[key], dict | list) and data.draw(st.integers(0, 3)):
        _alter(node[key], data)
    elif data.draw(st.booleans()):
        node[key] = copy.deepcopy(data.draw(LEAVES))  # or the next example would alter it further
    elif data.draw(st.booleans()):
        del node[key]
    elif isinstance(node, dict):
        node["extra"] = copy.deepcopy(data.draw(LEAVES))
    else:
        node.append(copy.deepcopy(node[key]))


def _change(path: Path, change: Any) -> None:
    program = random_program(3)
    header = json.loads(json.dumps(program_header(program)))
    payload = change(header, program_payload(program))
    write_container(path, kind=KIND, header=header, payload=payload)


def _set(path: str, value: Any) -> Any:
    def change(header: Any, payload: bytes) -> bytes:
        *way, last = path.split(".")
        for key in way:
            header = header[int(key) if isinstance(header, list) else key]
        header[last] = value
        return payload

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_set("color", 1), "has the unknown key 'color'"),
        (_set("signals.1.color", 1), "signal 1 has the unknown key 'color'"),
        (_set("signals.0.bits", True), "signal 0: bits is of type bool, not int"),
        (_set("signals.0.exponent", 1.5), "exponent is of type float, not int"),
        (_set("operators.0.kind", "lstm"), "operator 0 is of no known kind"),
        (_set("operators.0.sources", [1]), "operator 0, sources are not all names"),
        (_set("frame_rate_hz", float("nan")), "frame rate must be positive"),
        (_set("frame_rate_hz", 101.0), "another program than its content hash says"),
        (_set("name", "a b"), "program name 'a b'"),
        (lambda header, payload: payload + b"!", "1 bytes of payload that belong to no array"),
        (lambda header, payload: payload[:-1], "larger than what is left"),
        (lambda header, payload: bytes([payload[0] ^ 1]) + payload[1:], "content hash|outside of"),
    ],
)
def test_what_is_off_is_named(tmp_path: Path, change: Any, words: str) -> None:
    _change(tmp_path / "p", change)
    with pytest.raises(WorkbenchError, match=words) as refusal:
        load_program(tmp_path / "p")
    assert str(tmp_path / "p") in str(refusal.value)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ([10**9], "larger than what is left"),
        ([10**9, 10**9, 10**9, 10**9], "more than 2,147,483,648 elements"),
        ([0, 2**62, 2**62], "more than 2,147,483,648 elements"),
        ([0, 2**70], "more than 2,147,483,648 elements"),
        ([2**31 - 1, 2**31 - 1, 0], "more than 2,147,483,648 elements"),
        ([-1, -1], "not at most 4 sizes"),
        ([1] * 9, "not at most 4 sizes"),
        ([True], "not at most 4 sizes"),
    ],
)
def test_shapes_are_checked_before_anything_is_made(shape: list[int], words: str) -> None:
    program = random_program(3)
    header = program_header(program)
    operator = next(plain for plain in header["operators"] if plain["kind"] == "conv")
    operator["weight"]["shape"] = shape
    with pytest.raises(WorkbenchError, match=words):
        program_from(header, program_payload(program), "file")
