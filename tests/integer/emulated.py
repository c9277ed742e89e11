"""The native engine on an emulated 64-bit ARM: a driver in C takes models as bytes and gives sounds back."""

from __future__ import annotations

import ctypes
import struct
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from workbench.compilers import zig_compiler
from workbench.integer import reference
from workbench.integer.native import build as native_build
from workbench.integer.native.instructions import compiler_options
from workbench.integer.native.model import Layout, NativeModel
from workbench.integer.native.trials import FAULT, OUTCOME
from workbench.integer.program import Program

QEMU = "qemu-aarch64"
# A processor of each kind; the first does not know the dot products of the second.
PROCESSORS = {"neon": "cortex-a57", "dotprod": "neoverse-n1"}
_DRIVER = Path(__file__).with_name("native_driver.c")
_POINTER = ctypes.c_void_p


def compile_driver(folder: Path, kernels: str) -> None:
    """Compile the engine and the driver, `driver` in `folder`, for kernels of PROCESSORS."""
    for name, text in native_build._sources().items():
        (folder / name).write_text(text)
    (folder / _DRIVER.name).write_text(_DRIVER.read_text())
    options = ["-std=gnu11", "-O2", *compiler_options(kernels, zig=True, machine="aarch64")]
    target = ["-target", "aarch64-linux-musl", "-static"]
    sources = sorted(path.name for path in folder.glob("*.c"))
    command = [*zig_compiler(), *target, *options, *sources, "-o", "driver"]
    subprocess.run(command, cwd=folder, check=True)


class EmulatedEngine:
    """Trials of programs on an emulated processor."""

    def __init__(self, driver: Path, kernels: str) -> None:
        self._command = [QEMU, "-cpu", PROCESSORS[kernels], str(driver)]
        told = subprocess.run(
            [*self._command, "layout"], capture_output=True, text=True, check=True
        )
        self._layout = Layout(*map(int, told.stdout.split()))

    def trials(
        self,
        program: Program,
        inputs: Mapping[str, np.ndarray],
        faults: np.ndarray,
        offsets: np.ndarray,
    ) -> tuple[int, np.ndarray, np.ndarray]:
        """What `wb_prepare` returns, OUTCOME [trials] and sounds [trials, rows, channels].

        Args:
            program: Supported by the native engine.
            inputs: Of one utterance, by name; a laboratory's are.
            faults: FAULT [n].
            offsets: int64 [trials + 1].
        """
        values = reference.run(program, inputs)
        clean = values[program.output][0]
        model = NativeModel(program, values, self._layout)
        arrays, at, pointers = _dumped(model)
        trials = len(offsets) - 1
        head = struct.pack("<5q", len(arrays), at, len(pointers) // 2, trials, clean.size)
        tail = np.asarray(pointers, np.int64).tobytes() + np.asarray(offsets, np.int64).tobytes()
        data = head + arrays + tail + np.ascontiguousarray(faults, FAULT).tobytes()
        done = subprocess.run(self._command, input=data, capture_output=True, check=True).stdout
        outcomes = np.frombuffer(done, OUTCOME, trials, 4)
        sounds = np.frombuffer(done, np.int16, trials * clean.size, 4 + outcomes.nbytes)
        return (
            int.from_bytes(done[:4], "little", signed=True),
            outcomes,
            sounds.reshape(trials, *clean.shape),
        )


def _dumped(model: NativeModel) -> tuple[bytes, int, list[int]]:
    """All arrays of a model end to end, where the model itself lies, and pairs (pointer, what it points to)."""
    structs = [*model._signals, *model._operators, model.struct]
    pieces: list[tuple[int, bytes]] = []  # address here, bytes
    for room in model._buffers:
        pieces.append((room.ctypes.data, room.tobytes()))
    for array in (model._signals, model._operators, model.struct):
        pieces.append((ctypes.addressof(array), bytes(array)))
    # Alignment to a cache line stays.
    starts, size = [], 0
    for address, data in pieces:
        start = size + (address - size) % 64
        starts.append(start)
        size = start + len(data)
    whole = bytearray(size)
    for start, (_, data) in zip(starts, pieces, strict=True):
        whole[start : start + len(data)] = data

    def moved(address: int) -> int:
        for start, (first, data) in zip(starts, pieces, strict=True):
            if first <= address < first + len(data):
                return start + address - first
        raise LookupError("a pointer to nowhere")

    pointers = [
        place
        for each in structs
        for field, value in _pointers(each)
        for place in (moved(field), moved(value))
    ]
    return bytes(whole), moved(ctypes.addressof(model.struct)), pointers


def _pointers(each: ctypes.Structure) -> Iterator[tuple[int, int]]:
    """Address and value of the pointers of a structure, those that are NULL left out."""
    size = ctypes.sizeof(_POINTER)
    for name, kind, *_ in each._fields_:
        if kind not in (_POINTER, _POINTER * 2):
            continue
        first = ctypes.addressof(each) + getattr(type(each), name).offset
        for field in range(first, first + ctypes.sizeof(kind), size):
            value = ctypes.c_void_p.from_address(field).value
            if value:
                yield field, value
