"""The C of `native/`, compiled for this machine at first use and stored in the user's cache.

The library's name is a hash of its sources, its compiler with all options and the kind of machine, so
that one cache serves machines that differ, and the first digits of its own SHA-256, so that what was cut short
or altered is compiled again: the loader maps a truncated library, and the process dies of SIGBUS.
$WORKBENCH_CACHE or $XDG_CACHE_HOME says where it lies.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path

from workbench.compilers import host_compiler
from workbench.errors import WorkbenchError
from workbench.files import output_folder, write_bytes
from workbench.integer.native.instructions import (
    AUTO,
    candidates,
    compiler_options,
    kernels_asked_for,
)

_OPTIONS = (
    "-std=gnu11", "-O3", "-fno-sanitize=all", "-shared", "-fPIC",
    "-ffp-contract=off", "-fno-math-errno",  # floating point is the same with all kernels
)  # fmt: skip
_LONGEST_MESSAGE = 300
_HASH_DIGITS = 16
_NAME = "self-healing-audio-workbench"


class CompilerError(WorkbenchError):
    """The compiler does not compile the engine."""


def kernels_of(library: ctypes.CDLL) -> str:
    """What a library was compiled to, one of `INSTRUCTIONS`."""
    library.wb_kernels.restype = ctypes.c_char_p
    return str(library.wb_kernels().decode())


def kernels_here() -> str:
    """What trials of this process run on: as `kernels_of`, "torch" where there is no native library."""
    asked = kernels_asked_for()
    try:
        return kernels_of(native_library(asked))
    except WorkbenchError:
        return "torch"


@cache
def native_library(kernels: str = AUTO) -> ctypes.CDLL:
    """The loaded library.

    Args:
        kernels: One of `instructions.KERNELS`.

    Raises:
        WorkbenchError: For kernels that this processor has not, without a C compiler, when it refuses, when nothing
            can be kept in the cache, and when what lies there cannot be loaded although it was just compiled.
    """
    if sys.byteorder != "little":
        raise WorkbenchError(
            "the native engine needs a little-endian processor; choose the engine torch"
        )
    *faster, last = candidates(kernels)
    for name in faster:
        with suppress(CompilerError):  # an old compiler does not know all instructions
            return _library(name)
    return _library(last)


def _library(kernels: str) -> ctypes.CDLL:
    sources = _sources()
    compiler = host_compiler()
    command = [*compiler, *_OPTIONS, *compiler_options(kernels, zig="ziglang" in compiler)]
    machine = f"{platform.system()} {platform.machine()}"
    name = hashlib.sha256(repr((command, sources, machine)).encode()).hexdigest()[:20]
    folder = _cache_folder()
    library = _cached(folder, name)
    if library is not None:
        with suppress(OSError):  # of another system, or of a disk that runs no programs
            return ctypes.CDLL(str(library))
    library = _compile(command, sources, folder, name)
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise WorkbenchError(
            f"cannot load {library} ({error}); name a folder on a disk that runs programs with "
            "$WORKBENCH_CACHE"
        ) from error


def _cached(folder: Path, name: str) -> Path | None:
    """An intact library of this name that belongs to this user; damaged ones are removed."""
    for library in sorted(folder.glob(f"native-{name}-*.so")):
        try:
            data, owner = library.read_bytes(), library.stat().st_uid
        except OSError:  # removed by another process, or not to be read
            continue
        if owner != os.getuid():
            continue
        if library.name == _library_name(name, data):
            return library
        with suppress(OSError):
            library.unlink()
    return None


def _library_name(name: str, data: bytes) -> str:
    return f"native-{name}-{hashlib.sha256(data).hexdigest()[:_HASH_DIGITS]}.so"


def _sources() -> dict[str, str]:
    folder = files("workbench.integer") / "native"
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(folder.iterdir(), key=lambda path: path.name)
        if path.name.endswith((".c", ".h"))
    }


def _cache_folder() -> Path:
    """The first folder that can be written: the one that the user named, the usual one, a common one."""
    named, caches = (os.environ.get(name) for name in ("WORKBENCH_CACHE", "XDG_CACHE_HOME"))
    try:
        usual = Path(caches) if caches else Path.home() / ".cache"
        return output_folder(Path(named) if named else usual / _NAME).absolute()
    except (WorkbenchError, RuntimeError):  # a user without a home
        return _common_folder()


def _common_folder() -> Path:
    folder = Path(tempfile.gettempdir()).absolute() / f"workbench-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        why = "" if folder.lstat().st_uid == os.getuid() else "it belongs to somebody else"
    except OSError as error:
        why = error.strerror or str(error)
    if why:
        raise WorkbenchError(
            f"the native engine cannot be kept in {folder} ({why}); name a folder of your own with "
            "$WORKBENCH_CACHE"
        )
    return folder


def _compile(command: list[str], sources: dict[str, str], folder: Path, name: str) -> Path:
    """Compile and keep the library; processes that do so at once write files of equal bytes or names."""
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        output = scratch / "native.so"
        for path, text in sources.items():
            (scratch / path).write_text(text, encoding="utf-8")
        caches = {"ZIG_LOCAL_CACHE_DIR": str(scratch / "zig-cache")}
        done = subprocess.run(
            [*command, *(path for path in sources if path.endswith(".c")), "-o", str(output)],
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, **caches},
            cwd=scratch,
        )
        if done.returncode or not output.is_file():
            complaint = done.stderr.strip() or f"exit status {done.returncode}"
            raise CompilerError(
                f"the compiler {command[0]} refuses the native engine "
                f"({complaint[:_LONGEST_MESSAGE]}); choose the engine torch, or another compiler"
            )
        data = output.read_bytes()
    library = folder / _library_name(name, data)
    write_bytes(library, data)
    return library
