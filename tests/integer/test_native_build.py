"""The native library's cache: whatever lies in it, the library loads or one sentence says why not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.errors import WorkbenchError
from workbench.integer.native import build as native_build
from workbench.integer.native.build import native_library

TINY = {"trial.c": "int wb_prepare(void) { return 7; }\n"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of its own and a library that compiles in no time."""
    monkeypatch.setattr(native_build, "_sources", lambda: TINY)
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    native_library.cache_clear()
    yield tmp_path / "cache"
    native_library.cache_clear()


def test_a_damaged_library_is_compiled_again(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    native_library()
    (library,) = cache.glob("*.so")
    whole = library.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for number, wrong in enumerate((b"", b"garbage", whole[:64], bytes(flipped), whole + b"!")):
        # Elsewhere, for what is loaded already would be found again by its path.
        elsewhere = tmp_path / str(number)
        elsewhere.mkdir()
        (elsewhere / library.name).write_bytes(wrong)
        monkeypatch.setenv("WORKBENCH_CACHE", str(elsewhere))
        native_library.cache_clear()
        assert native_library().wb_prepare() == 7
        assert [path.read_bytes() for path in elsewhere.glob("*.so")] == [whole]


def test_a_process_survives_a_library_of_any_length(cache: Path) -> None:
    """The loader maps the segments that a header announces, and touching what is not there kills."""
    native_library()
    (library,) = cache.glob("*.so")
    whole = library.read_bytes()
    script = (
        "from workbench.integer.native import build\n"
        f"build._sources = lambda: {TINY!r}\n"
        "print(build.native_library().wb_prepare())\n"
    )
    for length in (len(whole) // 2, len(whole) // 4):
        library.unlink()  # this process has loaded it, and would die of a file cut short at its end
        library.write_bytes(whole[:length])
        command = [sys.executable, "-c", script]
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        for process in both:  # which mend it at the same time
            assert (process.communicate()[0], process.returncode) == ("7\n", 0)
        assert library.read_bytes() == whole


def test_a_library_of_somebody_else_is_left_alone(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir()
    native_library()
    (library,) = cache.glob("*.so")
    name = library.name.split("-")[1]
    assert native_build._cached(cache, name) == library
    monkeypatch.setattr(native_build.os, "getuid", lambda: library.stat().st_uid + 1)
    assert native_build._cached(cache, name) is None
    assert library.exists()


def test_what_cannot_be_loaded_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_programs(name: str) -> None:
        raise OSError(f"{name}: failed to map segment from shared object")

    monkeypatch.setattr(native_build.ctypes, "CDLL", no_programs)
    with pytest.raises(WorkbenchError, match=rf"cannot load {cache}/native-.*\$WORKBENCH_CACHE"):
        native_library()


def test_a_relative_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_CACHE", ".")
    monkeypatch.chdir(tmp_path)
    assert native_library().wb_prepare() == 7
    assert list(tmp_path.glob("native-*.so"))


def test_a_user_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("WORKBENCH_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setattr(native_build.tempfile, "tempdir", str(tmp_path))
    native_library()
    common = tmp_path / f"workbench-{os.getuid()}"
    assert list(common.glob("native-*.so")) and common.stat().st_mode & 0o077 == 0


def test_a_common_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = os.getuid() + 1
    (tmp_path / "file").touch()
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(native_build.tempfile, "tempdir", str(tmp_path))
    (tmp_path / f"workbench-{stranger}").mkdir()
    monkeypatch.setattr(native_build.os, "getuid", lambda: stranger)
    with pytest.raises(
        WorkbenchError, match=rf"workbench-{stranger} \(it belongs to somebody else"
    ):
        native_library()


def test_a_compiler_may_complain_in_any_encoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = tmp_path / "compiler"
    compiler.write_text("#!/bin/sh\nprintf 'caf\\351\\n' >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setattr(native_build, "host_compiler", lambda: [str(compiler)])
    with pytest.raises(WorkbenchError, match=r"refuses the native engine .caf\ufffd"):
        native_library()
