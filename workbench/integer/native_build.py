"""The C of `native/`, compiled for this machine at first use and kept in the user's cache.

The library's name is a hash of its sources, its compiler and the processor's features, so that one
cache serves machines that differ; $WORKBENCH_CACHE or $XDG_CACHE_HOME says where it lies.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from functools import cache
from importlib.resources import files
from pathlib import Path

from workbench.compilers import host_compiler
from workbench.errors import WorkbenchError
from workbench.files import output_folder, replacing

_OPTIONS = ("-std=gnu11", "-O3", "-fno-sanitize=all", "-shared", "-fPIC")
_LONGEST_MESSAGE = 300
_NAME = "self-healing-audio-workbench"


@cache
def native_library(plain: bool = False) -> ctypes.CDLL:
    """The loaded library; `plain` leaves out instructions that not every processor has.

    Raises WorkbenchError without a C compiler, when it refuses, when nothing can be kept in the
    cache, and when what lies there cannot be loaded although it was just compiled.
    """
    if sys.byteorder != "little":
        raise WorkbenchError(
            "the native engine needs a little-endian processor; choose the engine torch"
        )
    sources = _sources()
    # -DWB_PLAIN also serves compilers that do not know this processor.
    options = [*_OPTIONS, *(["-DWB_PLAIN"] if plain else ["-march=native"])]
    command = [*host_compiler(), *options]
    name = hashlib.sha256(repr((command, sources, _processor())).encode()).hexdigest()[:20]
    library = _cache_folder() / f"native-{name}.so"
    if not library.exists() or library.stat().st_uid != os.getuid():
        _compile(command, sources, library)
    try:
        return ctypes.CDLL(str(library))
    except OSError:  # damaged, or of a disk that runs no programs
        _compile(command, sources, library)
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise WorkbenchError(
            f"cannot load {library} ({error}); name a folder on a disk that runs programs with "
            "$WORKBENCH_CACHE"
        ) from error


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
    told = [line for line in lines if line.startswith(("model name", "flags", "Features"))]
    return platform.machine() + "".join(sorted(set(told)))


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


def _compile(command: list[str], sources: dict[str, str], library: Path) -> None:
    with replacing(library) as output, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in sources.items():
            (folder / path).write_text(text, encoding="utf-8")
        caches = {"ZIG_LOCAL_CACHE_DIR": str(folder / "zig-cache")}
        done = subprocess.run(
            [*command, *(path for path in sources if path.endswith(".c")), "-o", str(output)],
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, **caches},
            cwd=folder,
        )
        if done.returncode:
            complaint = done.stderr.strip() or f"exit status {done.returncode}"
            raise WorkbenchError(
                f"the compiler {command[0]} refuses the native engine "
                f"({complaint[:_LONGEST_MESSAGE]}); choose the engine torch, or another compiler"
            )
