"""Files that are either whole or absent: written beside the target, checked, then moved.

A killed run or a full disk leaves the earlier file untouched.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from workbench.errors import WorkbenchError, expect

_STREAMS = ("/dev", "/dev/fd", "/proc/self/fd")  # where links lead to the files that are open


def path_of(path: Path | str, what: str = "a file") -> Path:
    """`path` as a Path; WorkbenchError, calling it `what`, for what no file can be called."""
    expect(path, (str, PathLike), what, "its path")
    try:
        possible = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:  # half of a surrogate pair
        possible = False
    if not possible:
        raise WorkbenchError(
            f"{what} cannot be called {os.fspath(path)!r:.200}; leave out the characters that no file "
            "name can have"
        )
    return Path(path)


def as_argument(path: Path | str) -> str:
    """`path` as an argument, still to be quoted, of a command in a hint.

    A relative path that begins with "-" would be read as an option, one with ":" as an address.
    """
    text = str(path)
    return f"./{text}" if text.startswith("-") or ":" in text.partition("/")[0] else text


def exists(path: Path) -> bool:
    """Whether there is something at `path`; False where the file system refuses to look, too.

    Path.exists raises for names that are too long and folders that may not be searched.
    """
    return os.path.exists(path)


def is_file(path: Path) -> bool:
    """Whether there is a file at `path`, as `exists`."""
    return os.path.isfile(path)


def is_folder(path: Path) -> bool:
    """Whether there is a folder at `path`, as `exists`."""
    return os.path.isdir(path)


def open_regular(path: Path | str) -> BinaryIO:
    """Open a file for reading; OSError, as of any file that cannot be read, for a pipe or a device.

    These may wait or go on for ever, and name nothing that was written by the workbench.
    """

    def at_once(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    file = open(path, "rb", opener=at_once)  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no regular file")
    return file


def read_bytes(path: Path | str, *, most: int | None = None) -> bytes:
    """The bytes of a regular file.

    Args:
        path: Of the file.
        most: Bytes that it may have; None for any number.

    Raises:
        OSError: It cannot be read, is no regular file, or is larger.
    """
    with open_regular(path) as file:
        data = file.read(-1 if most is None else most + 1)
    if most is not None and len(data) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes")
    return data


def output_folder(path: Path | str) -> Path:
    """Make the folder `path` if it is missing and prove that files can be written there.

    Raises WorkbenchError when it cannot be made or written.
    """
    folder = path_of(path, "a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise WorkbenchError(
            f"cannot write to the folder {folder} ({error.strerror or error}); "
            "choose another with --out"
        ) from error
    return folder


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it over `path` when the block ends well.

    A device or a pipe, such as /dev/stdout, stays what it is, and is written to. Raises WorkbenchError
    when the file system refuses, with the earlier `path` left as it was.
    """
    target = path_of(path)
    if _is_stream(target):
        with _copied_into(target) as temporary:
            yield temporary
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name}.", suffix=target.suffix
        )
        os.close(handle)
    except OSError as error:
        raise _refused(target, error) from error
    temporary = Path(name)
    try:
        yield temporary
        _sync(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        raise _refused(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def refuse_unwritable(path: Path | str) -> None:
    """Raise WorkbenchError where `replacing` would, before the work whose figures are to lie there."""
    target = path_of(path)
    if _is_stream(target):
        return
    try:
        if is_folder(target):
            raise IsADirectoryError(0, "it is a folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise _refused(target, error) from error


def write_bytes(path: Path | str, data: bytes) -> None:
    """Replace the file `path` by `data`, all or nothing; WorkbenchError as `replacing`."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path | str, text: str) -> None:
    """Replace the file `path` by UTF-8 `text`, all or nothing; WorkbenchError as `replacing`."""
    write_bytes(path, text.encode())


def _is_stream(target: Path) -> bool:
    """Whether `target` is a device or a pipe, or a name in /dev of whatever file output goes to."""
    try:
        mode = target.stat().st_mode
    except OSError:
        return False
    if stat.S_ISREG(mode):
        return target.is_symlink() and str(target.parent) in _STREAMS
    return not stat.S_ISDIR(mode)


@contextmanager
def _copied_into(target: Path) -> Iterator[Path]:
    """A temporary path whose bytes are appended to `target` when the block ends well."""
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / f"file{target.suffix}"
        temporary.touch()
        yield temporary
        try:
            with open(target, "ab") as stream:
                stream.write(temporary.read_bytes())
        except OSError as error:
            raise _refused(target, error) from error


def _sync(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _refused(target: Path, error: OSError) -> WorkbenchError:
    return WorkbenchError(
        f"cannot write {target} ({error.strerror or error}); free some space or choose another place"
    )
