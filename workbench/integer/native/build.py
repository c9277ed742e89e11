"""The C of `native/`, compiled for this machine at first use and stored in the user's cache.

The library's name is a hash of its sources, its compiler and the processor's features, so that one
cache serves machines that differ, and the first digits of its own SHA-256, so that what was cut short
or altered is compiled again: the loader maps a truncated library, and the process dies of SIGBUS.
$WORKBENCH_CACHE or $XDG_CACHE_HOME says where it lies.

$WORKBENCH_KERNELS chooses the instructions, so that one machine can try what others run; results are
the same with all of them. "auto": whatever this processor has. "vnni": 8-bit dot products of
AVX-512. "avx2": plain C that the compiler may turn into AVX2 (x86-64-v3). "plain": plain C for any
processor of this kind. `kernels_of` returns what "auto" has chosen; it also knows "avx512": plain C that
the compiler may turn into AVX-512.
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

_OPTIONS = ("-std=gnu11", "-O3", "-fno-sanitize=all", "-shared", "-fPIC")
_LONGEST_MESSAGE = 300
_HASH_DIGITS = 16
_NAME = "self-healing-audio-workbench"
KERNELS = ("auto", "vnni", "avx2", "plain")
_VARIABLE = "WORKBENCH_KERNELS"
# x86-64-v3, as /proc/cpuinfo names it.
_AVX2 = {"avx2", "fma", "bmi1", "bmi2", "abm", "movbe", "f16c"}


def kernels_asked_for() -> str:
    """One of KERNELS: what $WORKBENCH_KERNELS says, "auto" when it says nothing; else WorkbenchError."""
    asked = os.environ.get(_VARIABLE) or KERNELS[0]
    if asked not in KERNELS:
        raise WorkbenchError(
            f"there are no kernels {asked!r}, which ${_VARIABLE} asks for; set it to one of "
            f"{', '.join(KERNELS)}"
        )
    return asked


def kernels_of(library: ctypes.CDLL) -> str:
    """What a library was compiled to: "vnni", "avx512", "avx2" or "plain"."""
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
def native_library(kernels: str = KERNELS[0]) -> ctypes.CDLL:
    """The loaded library. kernels: one of KERNELS.

    Raises WorkbenchError for kernels that this processor has not, without a C compiler, when it
    refuses, when nothing can be kept in the cache, and when what lies there cannot be loaded
    although it was just compiled.
    """
    library = _library(kernels)
    if kernels == "vnni" and kernels_of(library) != kernels:
        raise _missing(kernels)
    return library


def _missing(kernels: str) -> WorkbenchError:
    return WorkbenchError(
        f"this processor does not have what the kernels {kernels!r} need; set ${_VARIABLE} to auto "
        "or plain"
    )


def _options(kernels: str, compiler: list[str]) -> list[str]:
    """The compiler's options for KERNELS; zig's names differ, and it takes all it finds by itself."""
    zig = "ziglang" in compiler
    if kernels == "avx2":
        if not set(_processor().split()) >= _AVX2:
            raise _missing(kernels)
        return ["-march=x86_64_v3" if zig else "-march=x86-64-v3"]
    if kernels == "plain":  # also serves compilers that do not know this processor
        return ["-DWB_PLAIN", *(["-mcpu=baseline"] if zig else [])]
    return ["-march=native"]


def _library(kernels: str) -> ctypes.CDLL:
    if sys.byteorder != "little":
        raise WorkbenchError(
            "the native engine needs a little-endian processor; choose the engine torch"
        )
    sources = _sources()
    compiler = host_compiler()
    command = [*compiler, *_OPTIONS, *_options(kernels, compiler)]
    name = hashlib.sha256(repr((command, sources, _processor())).encode()).hexdigest()[:20]
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


def _processor() -> str:
    """What -march=native depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine() + platform.processor()
    properties = [line for line in lines if line.startswith(("model name", "flags", "Features"))]
    return platform.machine() + "".join(sorted(set(properties)))


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
            raise WorkbenchError(
                f"the compiler {command[0]} refuses the native engine "
                f"({complaint[:_LONGEST_MESSAGE]}); choose the engine torch, or another compiler"
            )
        data = output.read_bytes()
    library = folder / _library_name(name, data)
    write_bytes(library, data)
    return library
