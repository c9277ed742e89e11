"""Compiling exported C for this machine and for Cortex-M; builds leave nothing behind."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from workbench.compilers import gcc_compiler, host_compiler, zig_compiler
from workbench.errors import WorkbenchError
from workbench.firmware.boards import Core

WARNINGS = (
    "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wcast-align", "-Wshadow", "-Werror",
)  # fmt: skip
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")
RUNTIME = "runtime"
ZIG, GCC = "zig", "gcc"
_DEVICE = ("-ffreestanding", "-ffunction-sections")
_LONGEST_MESSAGE = 300


@contextmanager
def build_folder(sources: Mapping[str, str]) -> Iterator[Path]:
    """A temporary folder with these files and the runtime headers; gone when the block ends."""
    try:
        with tempfile.TemporaryDirectory(prefix="workbench-") as name:
            folder = Path(name)
            for path, text in {**sources, **runtime_headers()}.items():
                target = folder / path
                target.parent.mkdir(exist_ok=True)
                target.write_text(text, encoding="utf-8")
            yield folder
    except OSError as error:
        raise WorkbenchError(
            f"cannot build in a temporary folder ({error}); free some space or set TMPDIR"
        ) from error


def runtime_headers() -> dict[str, str]:
    """The C runtime: path below an exported folder -> text."""
    return package_texts(RUNTIME)


def package_texts(name: str) -> dict[str, str]:
    """The files of a folder of this package and of those in it: "folder/file" -> text."""
    texts: dict[str, str] = {}
    folder = files("workbench.firmware").joinpath(name)
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        within = f"{name}/{path.name}"
        if path.is_dir():
            texts |= package_texts(within)
        else:
            texts[within] = path.read_text(encoding="utf-8")
    return texts


def compile_shared(folder: Path, output: Path, *, options: Sequence[str] = ()) -> None:
    """Build every C file of `folder` into a shared library for this machine.

    Raises WorkbenchError with the compiler's first complaint.
    """
    run_compiler([*host_compiler(), "-shared", "-fPIC", "-O2", *options], folder, output)


def compile_device(
    folder: Path,
    output: Path,
    *,
    core: Core,
    linker_script: Path,
    compiler: str = ZIG,
    defines: Sequence[str] = (),
) -> None:
    """Build every C file of `folder` into an ELF file for `core`; WorkbenchError as above.

    Args:
        folder: With the sources.
        output: The file.
        core: One of `CORES`.
        linker_script: Of the device.
        compiler: "zig" or "gcc".
        defines: Macros.
    """
    if compiler == GCC:
        command = [gcc_compiler(), f"-mcpu={core.gcc_cpu}", "-mthumb", "-nostartfiles", "-nolibc"]
    else:
        command = [*zig_compiler(), *zig_target(core), "-fno-sanitize=all"]
    macros = [f"-D{macro}" for macro in defines]
    link = ["-Wl,--gc-sections", "-T", str(linker_script)]
    run_compiler([*command, *core.options, *_DEVICE, *WARNINGS, *macros, *link], folder, output)


def zig_target(core: Core) -> tuple[str, ...]:
    """Options of zig for the instructions of `core`."""
    target = "riscv32-freestanding-none" if core.risc_v else "thumb-freestanding-eabi"
    return "-target", target, f"-mcpu={core.zig_cpu}"


def run_compiler(command: Sequence[str], folder: Path, output: Path) -> None:
    """Run `command` over the C files of `folder`; WorkbenchError with its first complaint."""
    sources = [str(path) for path in sorted(folder.glob("*.c"))]
    caches = {"ZIG_LOCAL_CACHE_DIR": str(folder / "zig-cache")}
    try:
        done = subprocess.run(
            [*command, f"-I{folder}", *sources, "-o", str(output)],
            capture_output=True,
            text=True,
            env={**os.environ, **caches},
            cwd=folder,
        )
    except OSError as error:
        raise WorkbenchError(
            f"cannot start the compiler {command[0]} ({error.strerror}); check its installation"
        ) from error
    if done.returncode:
        complaints = [line for line in done.stderr.splitlines() if "error" in line] or [
            done.stderr or f"exit status {done.returncode}"
        ]
        raise WorkbenchError(
            f"the compiler {' '.join(command[:4])} refuses the exported C: "
            f"{complaints[0].strip()[:_LONGEST_MESSAGE]}; please report it with the program"
        )
