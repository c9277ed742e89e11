"""Programs on disk: structure as JSON, arrays as bytes, checked from the first key to the last byte.

Layout: a container of kind "program" whose header is `program_header` and whose payload holds every
array in the order of `Program.parameters`, little endian, C order, without padding.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from workbench.container import read_container, write_container
from workbench.errors import WorkbenchError, expect
from workbench.integer.operators import OPERATORS, Operator
from workbench.integer.program import Program, structure
from workbench.integer.signals import Signal

KIND = "program"
_DTYPES = {name: np.dtype(name).newbyteorder("<") for name in ("int8", "int16", "int32")}
_MOST_AXES = 4  # of an array: the weights of a convolution
_MOST_ELEMENTS = 2**31
_PROGRAM_KEYS: dict[str, type] = {
    "name": str,
    "inputs": list,
    "output": str,
    "frame_rate_hz": float,
    "signals": list,
    "operators": list,
    "content_hash": str,
}


def save_program(program: Program, path: Path | str) -> None:
    """Write a program to a file, all or nothing.

    Args:
        program: Any.
        path: Of the file, which is replaced.

    Raises:
        WorkbenchError: The file cannot be written.
    """
    expect(program, Program, "what is to be saved", "a Program, as `program` of a voice")
    write_container(
        path, kind=KIND, header=program_header(program), payload=program_payload(program)
    )


def load_program(path: Path | str) -> Program:
    """Read a program that `save_program` or `workbench lower` wrote.

    Args:
        path: Of the file.

    Raises:
        WorkbenchError: The file is missing, or anything about it is off; the message says what and where.
    """
    header, payload = read_container(path, kind=KIND)
    return program_from(header, payload, str(path))


def program_header(program: Program) -> dict[str, Any]:
    """Everything about a program but the bytes of its arrays, as JSON-ready data."""
    header: dict[str, Any] = structure(program)
    for plain, operator in zip(header["operators"], program.operators, strict=True):
        for field in operator.PARAMETERS:
            array = getattr(operator, field)
            plain[field] = {"dtype": array.dtype.name, "shape": list(array.shape)}
    return {**header, "content_hash": program.content_hash}


def program_payload(program: Program) -> bytes:
    """The bytes of all arrays, in the order of `Program.parameters`."""
    return b"".join(
        np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        for _, _, array in program.parameters()
    )


def program_from(header: Mapping[str, Any], payload: bytes, where: str) -> Program:
    """The program of a header and a payload; where: the file they came from, for messages.

    Raises WorkbenchError when a key is missing, unknown or of the wrong type, when the arrays do not
    fill the payload, when the parts do not fit together or when the content hash differs.
    """
    plain = _checked(header, _PROGRAM_KEYS, where)
    signals = tuple(
        _signal(entry, f"{where}, signal {number}") for number, entry in enumerate(plain["signals"])
    )
    arrays = _Arrays(payload)
    operators = tuple(
        _operator(entry, arrays, f"{where}, operator {number}")
        for number, entry in enumerate(plain["operators"])
    )
    arrays.check_end(where)
    try:
        program = Program(
            name=plain["name"],
            inputs=_names(plain["inputs"], f"{where}, inputs"),
            output=plain["output"],
            frame_rate_hz=plain["frame_rate_hz"],
            signals=signals,
            operators=operators,
        )
    except WorkbenchError as error:
        raise WorkbenchError(f"{where}: {error}") from error
    if program.content_hash != plain["content_hash"]:
        raise WorkbenchError(f"{where} holds another program than its content hash says; remake it")
    return program


class _Arrays:
    """Takes arrays off the payload, one behind the other."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self.taken = 0

    def take(self, entry: object, where: str) -> np.ndarray:
        plain = _checked(entry, {"dtype": str, "shape": list}, where)
        shape = plain["shape"]
        if plain["dtype"] not in _DTYPES:
            raise WorkbenchError(
                f"{where} is of type {plain['dtype'][:20]!r}; known are {', '.join(_DTYPES)}"
            )
        if len(shape) > _MOST_AXES or any(type(n) is not int or n < 0 for n in shape):
            raise WorkbenchError(f"{where} has a shape that is not at most {_MOST_AXES} sizes")
        if (
            math.prod(max(n, 1) for n in shape) > _MOST_ELEMENTS
        ):  # NumPy refuses some, even if empty
            raise WorkbenchError(f"{where} has a shape of more than {_MOST_ELEMENTS:,} elements")
        dtype = _DTYPES[plain["dtype"]]
        size = math.prod(shape) * dtype.itemsize
        if size > len(self.payload) - self.taken:
            raise WorkbenchError(f"{where} is larger than what is left of the file's payload")
        array = np.frombuffer(self.payload, dtype, math.prod(shape), self.taken)
        self.taken += size
        return array.reshape(shape).astype(dtype.newbyteorder("="))

    def check_end(self, where: str) -> None:
        left = len(self.payload) - self.taken
        if left:
            raise WorkbenchError(f"{where} has {left} bytes of payload that belong to no array")


def _signal(entry: object, where: str) -> Signal:
    keys: dict[str, type] = {field.name: int for field in fields(Signal)}
    if isinstance(entry, dict) and entry.get("exponent") is None:
        keys["exponent"] = type(None)
    return Signal(**_checked(entry, {**keys, "name": str}, where))


def _operator(entry: object, arrays: _Arrays, where: str) -> Operator:
    kind = entry.get("kind") if isinstance(entry, dict) else None
    if not isinstance(kind, str) or kind not in OPERATORS:
        raise WorkbenchError(f"{where} is of no known kind; known are {', '.join(OPERATORS)}")
    made = OPERATORS[kind]
    keys: dict[str, type] = {field.name: int for field in fields(made)}
    keys |= {"kind": str, "name": str, "sources": list, "target": str}
    keys |= dict.fromkeys(made.PARAMETERS, dict)
    plain = _checked(entry, keys, where)
    del plain["kind"]
    plain["sources"] = _names(plain["sources"], f"{where}, sources")
    for field in made.PARAMETERS:
        plain[field] = arrays.take(plain[field], f"{where}, {field}")
    return made(**plain)


def _checked(entry: object, keys: Mapping[str, type], where: str) -> dict[str, Any]:
    """A copy of the JSON object `entry`, which must have exactly these keys of these types."""
    if not isinstance(entry, Mapping):
        raise WorkbenchError(f"{where} is not a JSON object; remake the file")
    for key in sorted(keys.keys() ^ entry.keys()):
        what = "lacks" if key in keys else "has the unknown key"
        raise WorkbenchError(f"{where} {what} {key[:40]!r}; remake the file")
    for key, kind in keys.items():
        if type(entry[key]) is not kind:  # bool is no int here
            raise WorkbenchError(
                f"{where}: {key} is of type {type(entry[key]).__name__}, not {kind.__name__}"
            )
    return dict(entry)


def _names(entry: list[object], where: str) -> tuple[str, ...]:
    names = tuple(name for name in entry if isinstance(name, str))
    if len(names) != len(entry):
        raise WorkbenchError(f"{where} are not all names; remake the file")
    return names
