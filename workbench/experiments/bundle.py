"""Results as one archive for a repository of data: everything in a folder, its checksums, and what it is.

Layout: a ZIP file with the members NAME/..., sorted, without compression of what is compressed already;
NAME/SHA256SUMS, which `sha256sum --check` reads; NAME/bundle.json: commit, versions and kernels of the code that packed
it. The same folder gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from workbench.errors import WorkbenchError
from workbench.experiments.provenance import provenance
from workbench.files import is_folder, replacing

SUMS, ABOUT = "SHA256SUMS", "bundle.json"
_COMPRESSED = {".parquet", ".zip", ".flac", ".png", ".pdf", ".safetensors"}
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP file can hold
_READ = 1 << 20


def results_in(folder: Path) -> list[Path]:
    """Files of a folder of results, sorted; without what is hidden, which only a running command needs.

    Raises WorkbenchError where there are none, and for a link, whose target may be anything.
    """
    if not is_folder(folder):
        raise WorkbenchError(f"there is no folder {folder}; name one that a command has written")
    found = []
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if any(part.startswith(".") for part in inside.parts):
            continue
        if path.is_symlink():
            raise WorkbenchError(f"{path} is a link; put the file there that it leads to")
        if path.is_file() and inside.as_posix() not in (SUMS, ABOUT):
            found.append(path)
    if not found:
        raise WorkbenchError(f"{folder} holds no results; name a folder that a command has written")
    return found


def pack(folder: Path, out: Path, *, progress: Callable[[int], object] = lambda size: None) -> int:
    """Write all results of a folder into one archive; returns the number of files.

    Args:
        folder: That a command has written.
        out: The archive; what is there stays until the new one is whole.
        progress: Gets the size of each file that is packed, in bytes.

    Raises:
        WorkbenchError: As `results_in`, and where the file cannot be written.
    """
    files = results_in(folder)
    name, sums = folder.resolve().name, []
    with replacing(out) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for path in files:
            inside = path.relative_to(folder).as_posix()
            sums.append(f"{_packed(archive, path, f'{name}/{inside}')}  {inside}\n")
            progress(path.stat().st_size)
        about = json.dumps({"folder": name, "files": len(files), **provenance()}, indent=1) + "\n"
        sums.append(f"{hashlib.sha256(about.encode()).hexdigest()}  {ABOUT}\n")
        archive.writestr(_member(f"{name}/{ABOUT}"), about)
        archive.writestr(_member(f"{name}/{SUMS}"), "".join(sums))
    return len(files)


def check(path: Path, *, progress: Callable[[int], object] = lambda size: None) -> int:
    """Compare every file of an archive with its checksum; returns their number.

    Raises WorkbenchError for what is no bundle, a file that differs, one that is missing, and one that is not listed.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _checked(archive, path, progress)
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError, ValueError) as error:
        raise WorkbenchError(
            f"{path} is no bundle ({error}); make it with `workbench bundle`"
        ) from error


def _checked(archive: zipfile.ZipFile, path: Path, progress: Callable[[int], object]) -> int:
    names = archive.namelist()
    lists = [name for name in names if PurePosixPath(name).name == SUMS and name.count("/") == 1]
    if len(lists) != 1 or len(names) != len({*names}):
        raise WorkbenchError(f"{path} has no single {SUMS}; make it with `workbench bundle`")
    root = PurePosixPath(lists[0]).parent
    wanted = {}
    for line in archive.read(lists[0]).decode().removesuffix("\n").split("\n"):
        digest, _, inside = line.partition("  ")
        wanted[f"{root}/{inside}"] = digest
    present = {name for name in names if name != lists[0]}
    for name in sorted(present ^ {*wanted}):
        what = "lacks" if name in wanted else "holds, beside what it lists,"
        raise WorkbenchError(f"{path} {what} {name}; get the archive again")
    for name, digest in wanted.items():
        with archive.open(name) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:  # type: ignore[arg-type]
                raise WorkbenchError(
                    f"{name} in {path} was changed (SHA-256); get the archive again"
                )
        progress(archive.getinfo(name).file_size)
    return len(wanted)


def _packed(archive: zipfile.ZipFile, path: Path, name: str) -> str:
    """Put a file into the archive; returns its SHA-256."""
    digest = hashlib.sha256()
    with path.open("rb") as source, archive.open(_member(name), "w", force_zip64=True) as target:
        while part := source.read(_READ):
            digest.update(part)
            target.write(part)
    return digest.hexdigest()


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _EPOCH)
    kept = PurePosixPath(name).suffix in _COMPRESSED
    member.compress_type = zipfile.ZIP_STORED if kept else zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member
